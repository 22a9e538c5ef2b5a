"""The read model of handoffs: equal for every interleaving, and the same as what the handoff's own stream says."""

from datetime import timedelta

import pytest
from baton.contacts.v1 import handoffs_pb2 as pb
from hypothesis import given, settings

from facts.sales import OpportunityOpened
from services.contacts.api.handoff_views import folded, is_overdue, message
from services.contacts.domain.handoff_required import missing
from services.contacts.projections.handoffs import HANDOFFS
from tests.support import examples_contacts
from tests.support import examples_handoffs as example
from tests.support.examples import HANDOFF, LEAD
from tests.support.projecting import interleavings, recorded, rows

OWN = recorded(
    f"contacts.handoff-{HANDOFF}",
    example.HANDOFF_OFFERED,
    example.HANDOFF_DISCREPANT,
    example.HANDOFF_DELIVERED,
    example.HANDOFF_QUESTIONED,
    example.HANDOFF_ANSWERED,
    example.HANDOFF_SUPPLEMENTED,
    example.HANDOFF_REASSIGNED,
    example.HANDOFF_OVERDUE,
    example.HANDOFF_UPDATED,
    example.HANDOFF_ACCEPTED,
    example.SUPPLEMENT_DELIVERED,
    example.HANDOFF_RETURNED,
    position=20,
)
OPENED = OpportunityOpened(
    opportunity_id=example.HANDOFF_ACCEPTED.opportunity_id,
    handoff_id=HANDOFF,
    branch="york",
    pipeline="p",
    stage="s",
    opened_at=example.NOON,
)
STREAMS = [
    recorded(f"marketing.lead-{LEAD}", example.LEAD_QUALIFIED),
    OWN,
    recorded(f"sales.opportunity-{OPENED.opportunity_id}", OPENED, position=40),
    recorded(
        f"contacts.lead-{LEAD}",
        examples_contacts.LEAD_PERSON_UNDECIDED,
        examples_contacts.LEAD_PERSON_FOUND,
        position=50,
    ),
    recorded("contacts.handoffkind-lead-to-sales", example.HANDOFF_KIND_DEFINED, position=60),
]
IN_ORDER = [heard for stream in STREAMS for heard in stream]


@settings(max_examples=100)
@given(interleavings(STREAMS))
def test_handoffs_come_out_equal_for_every_interleaving(order: list) -> None:  # type: ignore[type-arg]
    assert rows(HANDOFFS, order) == rows(HANDOFFS, IN_ORDER)


def test_a_handoff_tells_its_whole_history() -> None:
    shown = message(folded(None, OWN), None, example.NOON)  # type: ignore[arg-type]

    assert [step.what for step in shown.history] == [
        "asked", "offered", "discrepant", "delivered", "questioned", "answered", "supplemented", "reassigned",
        "overdue", "accepted", "delivered", "returned",
    ]  # fmt: skip
    assert shown.state == pb.Handoff.RETURNED
    assert [question.answer for question in shown.questions] == ["Green"]
    assert [entry.stream for entry in shown.supplements[0].receipt] == [example.CALL_STREAM]
    assert (shown.supplements[0].delivered, shown.closing.delivered) == (True, False)
    assert (shown.to_branch, shown.assignee, dict(shown.custom)) == ("leeds", "ruth.adams", {"route": "north"})


def test_an_accepted_handoff_names_its_opportunity_once_and_at_once() -> None:
    (heard,) = rows(HANDOFFS, IN_ORDER)["handoffs"].values()

    assert folded(None, OWN)["opportunity_ids"] == [OPENED.opportunity_id] == heard["opportunity_ids"]  # type: ignore[arg-type]


def test_what_is_asked_and_not_offered_yet_is_shown_as_asked() -> None:
    (row,) = rows(HANDOFFS, STREAMS[0])["handoffs"].values()

    shown = message(folded({"id": HANDOFF, **row}, []), None, example.NOON)

    assert (shown.state, shown.to_branch, shown.note) == (pb.Handoff.ASKED, "york", "In a hurry")
    assert [step.what for step in shown.history] == ["asked"]


def test_a_handoff_that_waits_is_overdue_by_the_clock_too() -> None:
    waiting = {"state": "DELIVERED", "deadline": example.EVENING, "overdue": False}

    assert is_overdue(waiting, example.EVENING)
    assert not is_overdue(waiting, example.EVENING - timedelta(seconds=1))
    assert not is_overdue({**waiting, "state": "ACCEPTED"}, example.EVENING)


def test_what_others_tell_of_a_handoff_and_what_the_clock_does_has_an_entity_tag_of_its_own() -> None:
    row = {"id": HANDOFF, "etag": "3", "state": "DELIVERED", "deadline": example.EVENING}
    alone = {"person_id": "", "related": []}

    tags = [
        message(row, alone, example.NOON).etag,
        message(row, {**alone, "person_id": "p"}, example.NOON).etag,
        message(row, {**alone, "related": ["h"]}, example.NOON).etag,
        message(row, alone, example.EVENING).etag,
    ]

    assert tags[0] == "3"
    assert len({*tags}) == 4
    assert {tag.partition("-")[0] for tag in tags} == {"3"}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("note", True),
        ("brief.wants", True),
        ("brief.nextStep", True),
        ("brief.cautions", False),
        ("person.email", False),
        ("personId", True),
        ("custom.budget", False),
    ],
)
def test_what_is_required_is_looked_for_under_its_outside_name(path: str, found: bool) -> None:
    known = {
        "note": "x",
        "brief": example.BRIEF.model_dump(),
        "person": {"name": "Anna"},
        "person_id": "p",
        "custom": {},
    }

    assert missing([path], known) == (() if found else (path,))
