"""What is decided about kinds of handoffs."""

import pytest

from eventlog.decider import Invalid
from facts.contacts import HandoffKindDefined
from services.contacts.domain import handoff_kind
from services.contacts.domain.handoff_kind import HANDOFF_KIND
from services.contacts.domain.handoff_required import missing
from tests.support.deciding import Decided, given


def test_a_department_does_not_hand_on_to_itself() -> None:
    asked = {"from_department": "sales", "to_department": "sales"}
    given(HANDOFF_KIND).when(lambda state: handoff_kind.define(state, "k", asked)).refuses("to another one")
    given(HANDOFF_KIND).when(
        lambda state: handoff_kind.redefine(state, "lead-to-sales", {"to_department": "marketing"})
    ).refuses("to another one")


def requiring(*paths: str) -> Decided:
    return given(HANDOFF_KIND).when(lambda state: handoff_kind.redefine(state, "lead-to-sales", {"required": paths}))


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("nope", "expected a path that begins with one of amount, assignee, birthday, branch, brief, "),
        ("brief.nope", "expected brief alone, or with one of agreed, cautions, nextStep, wants behind a dot"),
        ("note.first", "expected note alone: nothing stands in it by name"),
    ],
)
def test_what_can_never_be_filled_in_is_not_required(path: str, allowed: str) -> None:
    decided = requiring("note", path)

    decided.refuses(allowed, Invalid)
    assert decided.refusal is not None
    assert decided.refusal.field == "handoff_kind.required[1]"


def test_fields_of_the_handoff_and_of_its_subject_are_required() -> None:
    paths = ("note", "brief.nextStep", "personId", "person.email", "custom.budget", "amount.currency", "legalName")
    (defined,) = requiring(*paths).facts
    assert defined.required == paths


def test_what_was_required_by_an_earlier_release_stands_in_the_way_of_no_change() -> None:
    before = HandoffKindDefined(
        kind="k", from_department="marketing", to_department="sales", deadline_working_minutes=480, required=("nope",)
    )
    decided = given(HANDOFF_KIND, before).when(
        lambda state: handoff_kind.redefine(state, "k", {"deadline_working_minutes": 60})
    )
    decided.then(before.model_copy(update={"deadline_working_minutes": 60}))


def test_a_company_has_a_name() -> None:
    assert missing(["name", "legalName"], {"company_name": "Mugs Ltd"}) == ("legalName",)
