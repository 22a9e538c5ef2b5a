"""What may happen to an opportunity."""

from typing import Any

import pytest

from eventlog.decider import NotThere
from facts.sales import LeadLinked, OpportunityMoved, OpportunityUpdated, OpportunityWon
from services.sales.domain.opportunity import (
    OPPORTUNITY,
    change,
    link_lead,
    lose,
    move,
    open_opportunity,
    reopen,
    update,
    win,
)
from services.sales.domain.pipeline import PIPELINES
from services.sales.reactions import take_over
from tests.support.deciding import given
from tests.support.examples import (
    ACCEPTED_AT,
    CLOSED_AT,
    HANDOFF,
    LEAD_LINKED,
    OPPORTUNITY_LOST,
    OPPORTUNITY_MOVED,
    OPPORTUNITY_OPENED,
    OPPORTUNITY_REOPENED,
    OPPORTUNITY_UPDATED,
    OPPORTUNITY_WON,
)
from tests.support.examples import OPPORTUNITY as ID

OPEN = (OPPORTUNITY_OPENED,)
WON = (OPPORTUNITY_OPENED, OPPORTUNITY_WON)
LOST = (OPPORTUNITY_OPENED, OPPORTUNITY_LOST)


def test_an_opportunity_starts_in_the_first_stage_of_the_default_pipeline() -> None:
    told = OPPORTUNITY_OPENED.model_dump(exclude={"opportunity_id", "opened_at", "row", "pipeline", "stage"})
    given(OPPORTUNITY).when(lambda state: open_opportunity(state, ID, told, ACCEPTED_AT)).then(OPPORTUNITY_OPENED)


@pytest.mark.parametrize(
    ("told", "words"),
    [({"pipeline": "spring"}, "no pipeline spring"), ({"stage": "haggling"}, "has no stage haggling")],
)
def test_pipeline_and_stage_must_exist(told: dict[str, Any], words: str) -> None:
    told = {"branch": "leeds", **told}
    given(OPPORTUNITY).when(lambda state: open_opportunity(state, ID, told, ACCEPTED_AT)).refuses(words)


def test_an_update_names_what_differs_and_clears_what_is_none() -> None:
    told = {"title": "350 mugs with a logo", "expected_close": None, "owner": "oliver.hughes"}
    given(OPPORTUNITY, *OPEN).when(lambda state: update(state, told)).then(OPPORTUNITY_UPDATED)


def test_an_update_may_move_and_link() -> None:
    told = {"stage": "proposal", "lead_ids": [*OPPORTUNITY_OPENED.lead_ids, "another", "another", ""]}
    given(OPPORTUNITY, *OPEN).when(lambda state: update(state, told)).then(
        OPPORTUNITY_MOVED, LeadLinked(opportunity_id=ID, lead_id="another")
    )


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"lead_ids": []}, "is never undone"),
        ({"pipeline": "spring"}, "no pipeline spring"),
        ({"stage": "x"}, "no stage"),
    ],
)
def test_an_update_is_refused(told: dict[str, Any], words: str) -> None:
    given(OPPORTUNITY, *OPEN).when(lambda state: update(state, told)).refuses(words)


def test_sending_back_what_was_read_changes_nothing_even_when_it_is_closed() -> None:
    told = OPPORTUNITY_OPENED.model_dump(exclude={"opportunity_id", "opened_at", "row", "handoff_id", "amount"})
    given(OPPORTUNITY, *WON).when(lambda state: update(state, told)).then()


def test_it_moves_between_stages() -> None:
    given(OPPORTUNITY, *OPEN).when(lambda state: move(state, "proposal")).then(OPPORTUNITY_MOVED)
    given(OPPORTUNITY, *OPEN, OPPORTUNITY_MOVED).when(lambda state: move(state, "proposal")).then()
    given(OPPORTUNITY, *OPEN, OPPORTUNITY_MOVED).when(lambda state: move(state, "new")).then(
        OpportunityMoved(opportunity_id=ID, stage="new")
    )
    given(OPPORTUNITY, *OPEN).when(lambda state: move(state, "won")).refuses("has no stage won")


def test_it_is_won_with_an_amount_or_with_the_one_expected() -> None:
    given(OPPORTUNITY, *OPEN).when(lambda state: win(state, OPPORTUNITY_WON.amount, CLOSED_AT)).then(OPPORTUNITY_WON)
    given(OPPORTUNITY, *OPEN).when(lambda state: win(state, None, CLOSED_AT)).then(
        OpportunityWon(opportunity_id=ID, amount=OPPORTUNITY_OPENED.amount, closed_at=CLOSED_AT)
    )


def test_it_is_lost_for_a_reason() -> None:
    given(OPPORTUNITY, *OPEN).when(lambda state: lose(state, "Too expensive", CLOSED_AT)).then(OPPORTUNITY_LOST)


@pytest.mark.parametrize("closed", [WON, LOST], ids=["won", "lost"])
def test_a_closed_one_is_closed(closed: tuple[Any, ...]) -> None:
    known = given(OPPORTUNITY, *closed)
    word = f"this opportunity is {known.state.state}"
    known.when(lambda state: move(state, "new")).refuses(word)
    known.when(lambda state: win(state, None, CLOSED_AT)).refuses(word)
    known.when(lambda state: lose(state, "Again", CLOSED_AT)).refuses(word)


@pytest.mark.parametrize("closed", [WON, LOST], ids=["won", "lost"])
def test_a_closed_one_is_reopened_in_its_stage(closed: tuple[Any, ...]) -> None:
    known = given(OPPORTUNITY, *closed)
    known.when(lambda state: reopen(state, OPPORTUNITY_REOPENED.note)).then(OPPORTUNITY_REOPENED)
    again = OPPORTUNITY.evolve(known.state, OPPORTUNITY_REOPENED)
    assert (again.state, again.stage, again.lost_reason, again.closed_at) == ("OPEN", "new", "", None)


def test_an_open_one_is_not_reopened() -> None:
    given(OPPORTUNITY, *OPEN).when(lambda state: reopen(state, "")).refuses("is open")


def test_several_leads_belong_to_one() -> None:
    linked = given(OPPORTUNITY, *OPEN).when(lambda state: link_lead(state, LEAD_LINKED.lead_id, HANDOFF))
    linked.then(LEAD_LINKED)
    given(OPPORTUNITY, *OPEN, LEAD_LINKED).when(lambda state: link_lead(state, LEAD_LINKED.lead_id)).then()


def test_nothing_happens_to_one_that_nobody_opened() -> None:
    given(OPPORTUNITY).when(lambda state: move(state, "new")).refuses("no such opportunity", NotThere)


def accepted(**changes: Any) -> dict[str, Any]:
    names = ("opportunity_id", "handoff_id", "person_id", "company_id", "branch", "owner")
    told = {name: getattr(OPPORTUNITY_OPENED, name) for name in names}
    lead_ids = list(OPPORTUNITY_OPENED.lead_ids)
    return {**told, "lead_ids": lead_ids, "accepted_at": ACCEPTED_AT.isoformat(), "opens": True, **changes}


def test_an_accepted_handoff_opens_one() -> None:
    unsaid: dict[str, Any] = {"external_id": "", "title": "", "amount": None, "expected_close": None, "custom": {}}
    given(OPPORTUNITY).when(lambda state: take_over(state, accepted())).then(
        OPPORTUNITY_OPENED.model_copy(update=unsaid)
    )


def test_an_accepted_handoff_links_its_lead_to_one_that_is_there() -> None:
    told = accepted(opens=False, lead_ids=[LEAD_LINKED.lead_id])
    given(OPPORTUNITY, *OPEN).when(lambda state: take_over(state, told)).then(LEAD_LINKED)
    given(OPPORTUNITY).when(lambda state: take_over(state, told)).refuses("no such opportunity", NotThere)


def test_an_imported_row_is_remembered_even_when_it_says_nothing_new() -> None:
    given(OPPORTUNITY, *OPEN).when(lambda state: change(state, {}, row="aa" * 32)).then(
        OpportunityUpdated(opportunity_id=ID, fields=(), row="aa" * 32)
    )


def test_stages_come_nearer_to_a_sale() -> None:
    shares = [stage.probability for stage in PIPELINES["default"].stages]
    assert shares == sorted(shares)
    assert all(0 < share < 1 for share in shares)
