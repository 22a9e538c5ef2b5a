"""What is decided about interactions and the promises made in them."""

from typing import Any

from eventlog.decider import NotThere
from facts.contacts import InteractionRecorded, InteractionUpdated, PromiseMade
from services.contacts.domain import interaction
from services.contacts.domain.interaction import INTERACTION
from tests.support.deciding import given
from tests.support.examples_contacts import (
    CALL,
    INTERACTION_RECORDED,
    LEAD,
    NOON,
    PRICE_LIST,
    PROMISE_KEPT,
    PROMISE_PASSED_ON,
    PROMISE_RELEASED,
    SAMPLES,
    TOMORROW,
)

PROMISES: list[dict[str, Any]] = [
    {"id": PRICE_LIST, "what": "Send the new price list", "by": "emma.clarke", "due": TOMORROW},
    {"id": SAMPLES, "what": "Choose two samples", "by": "CUSTOMER"},
]


def nth(n: int) -> str:
    return f"promise-{n}"


def recorded(*more: Any) -> Any:
    return given(INTERACTION, INTERACTION_RECORDED, *more)


def test_an_interaction_says_whom_it_was_with_or_what_was_said() -> None:
    for said in ({"summary": "Asked the way"}, {"lead_id": LEAD}, {"promises": [{"what": "Call back", "by": "emma"}]}):
        asked = {"occurred_at": NOON, **said}
        assert interaction.record(INTERACTION.initial, CALL, asked, nth)
    given(INTERACTION).when(
        lambda state: interaction.record(state, CALL, {"occurred_at": NOON, "summary": " "}, nth)
    ).refuses("whom it was with, or what was said")


def test_who_promises_is_the_employee_unless_said_otherwise() -> None:
    asked = {"occurred_at": NOON, "employee": "emma", "promises": [{"what": "Call back"}]}
    given(INTERACTION).when(lambda state: interaction.record(state, CALL, asked, nth)).then(
        InteractionRecorded(
            interaction_id=CALL,
            channel="NOTE",
            direction="IN",
            employee="emma",
            occurred_at=NOON,
            promises=(PromiseMade(id="promise-0", what="Call back", by="emma"),),
        )
    )


def test_an_interaction_is_recorded_once() -> None:
    recorded().when(lambda state: interaction.record(state, CALL, {}, nth)).refuses("already")


def test_a_promise_is_added_and_the_others_stay() -> None:
    more = [*PROMISES, {"what": "Call back", "by": "emma"}]
    recorded().when(lambda state: interaction.update(state, {"promises": more}, nth)).then(
        InteractionUpdated(
            interaction_id=CALL,
            fields=("promises",),
            promises=(PromiseMade(id="promise-2", what="Call back", by="emma"),),
        )
    )


def test_the_same_promises_again_are_no_fact() -> None:
    recorded().when(lambda state: interaction.update(state, {"promises": PROMISES}, nth)).then()


def test_an_open_promise_is_not_dropped() -> None:
    recorded().when(lambda state: interaction.update(state, {"promises": []}, nth)).refuses("kept or released")


def test_a_closed_promise_does_not_change() -> None:
    changed = [{**PROMISES[0], "what": "Send nothing"}, PROMISES[1]]
    recorded(PROMISE_KEPT).when(lambda state: interaction.update(state, {"promises": changed}, nth)).refuses(
        "does not change"
    )


def test_a_promise_is_kept_or_released_once() -> None:
    recorded().when(lambda state: interaction.keep(state, PRICE_LIST)).then(PROMISE_KEPT)
    recorded().when(lambda state: interaction.release(state, SAMPLES, "She came by herself")).then(PROMISE_RELEASED)
    recorded(PROMISE_KEPT).when(lambda state: interaction.keep(state, PRICE_LIST)).refuses("only an open promise")
    recorded(PROMISE_RELEASED).when(lambda state: interaction.keep(state, SAMPLES)).refuses("RELEASED")


def test_an_unknown_promise_is_not_there() -> None:
    recorded().when(lambda state: interaction.keep(state, "none")).refuses("no such promise", NotThere)


def test_open_promises_of_employees_are_passed_on() -> None:
    recorded().when(lambda state: interaction.pass_on(state, [PRICE_LIST, SAMPLES], "oleg.smirnov", LEAD)).then(
        PROMISE_PASSED_ON
    )
    recorded(PROMISE_KEPT).when(lambda state: interaction.pass_on(state, [PRICE_LIST], "oleg", LEAD)).then()


def test_an_interaction_keeps_its_time() -> None:
    recorded().when(lambda state: interaction.update(state, {"occurred_at": None}, nth)).refuses("has a time")
