"""Read models of contacts come out equal, however the facts of several streams and departments are shuffled."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings

from eventlog.projections import Projection
from facts.common import Subject
from facts.contacts import Asking, HandoffOffered, HandoffReassigned, HandoffReturned, InteractionUpdated
from facts.marketing import LeadCaptured, LeadTouched, LeadUpdated, Touch
from facts.sales import OpportunityMoved, OpportunityOpened
from services.contacts.projections.interactions import INTERACTIONS
from services.contacts.projections.records import RECORDS
from services.contacts.projections.timeline import ACCESS, OFFERS, TIMELINE
from tests.support import examples_contacts as example
from tests.support.projecting import interleavings, recorded, rows

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HANDOFF = "1b4e28ba-2fa1-51d2-883f-0016d3cca427"
CALL_STREAM = f"contacts.interaction-{example.CALL}"
SUBJECT = Subject(kind="lead", id=example.LEAD)

OFFERED = HandoffOffered(
    handoff_id=HANDOFF,
    kind="lead-to-sales",
    from_department="marketing",
    to_department="sales",
    subject=SUBJECT,
    person_id=example.ANNA,
    from_branch="london",
    to_branch="moscow",
    asking=Asking(department="marketing", stream=f"marketing.lead-{example.LEAD}", version=1, event_id="x"),
    asked_at=NOON,
    basis={"marketing": "1.3"},
    manifest=(),
    deadline=NOON,
)
REASSIGNED = HandoffReassigned(handoff_id=HANDOFF, to_branch="kazan", assignee="", deadline=NOON)
RETURNED = HandoffReturned(
    handoff_id=HANDOFF, subject=SUBJECT, from_department="marketing", reason="Not ready", returned_by="oleg"
)

STREAMS = [
    recorded(f"contacts.person-{example.ANNA}", example.PERSON_REGISTERED, example.PERSON_UPDATED),
    recorded(f"contacts.company-{example.NORTHWIND}", example.COMPANY_REGISTERED, example.COMPANY_UPDATED, position=10),
    recorded("contacts.branch-london", example.BRANCH_OPENED, example.BRANCH_UPDATED, position=20),
    recorded(
        f"contacts.interaction-{example.CALL}",
        example.INTERACTION_RECORDED,
        example.INTERACTION_UPDATED,
        example.PROMISE_PASSED_ON,
        example.PROMISE_KEPT,
        example.PROMISE_RELEASED,
        position=30,
    ),
    recorded(f"contacts.lead-{example.LEAD}", example.LEAD_PERSON_UNDECIDED, example.LEAD_PERSON_FOUND, position=40),
    recorded(f"contacts.handoff-{HANDOFF}", OFFERED, REASSIGNED, RETURNED, position=50),
    recorded(
        f"marketing.lead-{example.LEAD}",
        LeadCaptured(lead_id=example.LEAD, branch="london", captured_at=NOON),
        LeadTouched(lead_id=example.LEAD, touch=Touch(at=NOON)),
        LeadUpdated(lead_id=example.LEAD, fields=("branch",), branch="moscow"),
    ),
    recorded(
        f"sales.opportunity-{example.OPPORTUNITY}",
        OpportunityOpened(
            opportunity_id=example.OPPORTUNITY,
            handoff_id=HANDOFF,
            lead_ids=(example.LEAD,),
            person_id=example.ANNA,
            branch="moscow",
            pipeline="default",
            stage="NEW",
            opened_at=NOON,
        ),
        OpportunityMoved(opportunity_id=example.OPPORTUNITY, stage="OFFER"),
    ),
]
IN_ORDER = [heard for stream in STREAMS for heard in stream]


@pytest.mark.parametrize("projection", [RECORDS, INTERACTIONS, TIMELINE, ACCESS, OFFERS], ids=lambda each: each.name)
def test_every_interleaving_gives_equal_rows(projection: Projection) -> None:
    expected = rows(projection, IN_ORDER)

    @settings(max_examples=60)
    @given(interleavings(STREAMS))
    def shuffled(heard: list[Any]) -> None:
        assert rows(projection, heard) == expected

    shuffled()


def test_a_person_is_shown_as_last_told() -> None:
    person = rows(RECORDS, IN_ORDER)["people"]["demo", example.ANNA]

    assert (person["given_name"], person["family_name"], person["birthday"]) == ("Anna", "Ivanova", None)
    assert person["emails"] == [{"address": "anna.petrova@example.com", "kind": "work"}]
    assert person["etag"] == "2"
    assert person["update_time"] > person["create_time"]


def test_promises_follow_their_interaction() -> None:
    promises = rows(INTERACTIONS, IN_ORDER)["promises"]
    price_list = promises["demo", example.CALL, example.PRICE_LIST]
    samples = promises["demo", example.CALL, example.SAMPLES]

    assert (price_list["what"], price_list["by"], price_list["state"]) == (
        "Send both price lists",
        "oleg.smirnov",
        "KEPT",
    )
    assert (samples["state"], samples["released_reason"]) == ("RELEASED", "She came by herself")
    assert price_list["etag"] == samples["etag"] == "5"
    assert price_list["create_time"] == samples["create_time"]


def test_a_promise_that_passed_on_is_the_branchs_that_took_over_whatever_becomes_of_the_interaction() -> None:
    passed_on = recorded(CALL_STREAM, example.INTERACTION_RECORDED, example.PROMISE_PASSED_ON)
    moved = InteractionUpdated(interaction_id=example.CALL, fields=("branch",), branch="leeds")
    history = [
        passed_on[0],
        replace(passed_on[1], at=passed_on[1].at._replace(branch="moscow")),
        recorded(CALL_STREAM, *[moved] * 3)[-1],
    ]

    shown = rows(INTERACTIONS, history)
    price_list = shown["promises"]["demo", example.CALL, example.PRICE_LIST]
    samples = shown["promises"]["demo", example.CALL, example.SAMPLES]

    assert (price_list["passed_to_branch"], price_list["made_in_branch"]) == ("moscow", "leeds")
    assert (samples.get("passed_to_branch"), samples["made_in_branch"]) == (None, "leeds")
    assert shown["interactions"]["demo", example.CALL]["branch"] == "leeds"


def test_every_stream_that_names_a_subject_concerns_it() -> None:
    concerns = rows(TIMELINE, IN_ORDER)["concerns"]

    assert {stream for _, subject, stream in concerns if subject == f"lead:{example.LEAD}"} == {
        f"marketing.lead-{example.LEAD}",
        f"contacts.lead-{example.LEAD}",
        f"contacts.interaction-{example.CALL}",
        f"contacts.handoff-{HANDOFF}",
        f"sales.opportunity-{example.OPPORTUNITY}",
    }


def test_subjects_that_are_named_together_are_linked_both_ways() -> None:
    links = {(subject, other) for _, subject, other in rows(TIMELINE, IN_ORDER)["links"]}

    assert (f"lead:{example.LEAD}", f"person:{example.ANNA}") in links
    assert (f"person:{example.ANNA}", f"lead:{example.LEAD}") in links
    assert all((other, subject) in links for subject, other in links)


def test_a_branch_reads_what_it_was_offered_until_it_is_returned() -> None:
    held = rows(ACCESS, [heard for heard in IN_ORDER if heard.fact is not RETURNED])["grants"]
    ended = rows(ACCESS, IN_ORDER)["grants"]

    assert {(row["branch"], row["held"]) for row in held.values()} == {("kazan", True)}
    assert {row["held"] for row in ended.values()} == {False}
