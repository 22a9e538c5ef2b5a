"""Read models of marketing come out equal, however the facts of marketing and contacts are shuffled."""

from typing import Any

import pytest
from hypothesis import given, settings

from eventlog.projections import Projection
from facts.common import ManifestEntry, Subject
from facts.contacts import (
    Asking,
    HandoffAsked,
    HandoffOffered,
    HandoffReassigned,
    HandoffReturned,
    HandoffSupplemented,
    LeadPersonFound,
    LeadPersonUndecided,
)
from services.marketing.projections import LEADS, OFFERS
from tests.support.examples import (
    COMPANY,
    HANDOFF,
    LEAD,
    LEAD_CAPTURED,
    LEAD_PERSON_LINKED,
    LEAD_QUALIFIED,
    LEAD_RETURNED,
    LEAD_TOUCHED,
    LEAD_UPDATED,
    PERSON,
    QUALIFIED_AT,
)
from tests.support.projecting import Heard, interleavings, recorded, rows

BY_HAND = "00000000-0000-5000-8000-000000000003"
SUBJECT = Subject(kind="lead", id=LEAD)
OTHER = "c2b0c1d4-51a1-5d0e-8f0e-3f4f5b6a7c8d"


def entry(lead_id: str) -> ManifestEntry:
    return ManifestEntry(stream=f"marketing.lead-{lead_id}", version=1, digest="0a" * 32)


def offered(handoff_id: str, company_id: str, **more: Any) -> HandoffOffered:
    told: dict[str, Any] = {
        "kind": "lead-to-sales",
        "from_department": "marketing",
        "to_department": "sales",
        "subject": SUBJECT,
        "company_id": company_id,
        "from_branch": "london",
        "to_branch": "leeds",
        "asking": Asking(department="marketing", stream=f"marketing.lead-{LEAD}", version=2, event_id="x"),
        "asked_at": QUALIFIED_AT,
        "basis": {"marketing": "1.3"},
        "manifest": (entry(LEAD), ManifestEntry(stream=f"contacts.lead-{LEAD}", version=1, digest="0b" * 32)),
        "deadline": QUALIFIED_AT,
    }
    return HandoffOffered(handoff_id=handoff_id, **{**told, **more})


STREAMS = [
    recorded(
        f"marketing.lead-{LEAD}",
        LEAD_CAPTURED,
        LEAD_UPDATED,
        LEAD_TOUCHED,
        LEAD_QUALIFIED,
        LEAD_RETURNED,
        LEAD_PERSON_LINKED,
    ),
    recorded(
        f"contacts.lead-{LEAD}",
        LeadPersonUndecided(lead_id=LEAD, candidates=(PERSON, "another")),
        LeadPersonFound(lead_id=LEAD, person_id=PERSON, found_by="employee"),
        position=20,
    ),
    recorded(
        f"contacts.handoff-{HANDOFF}",
        offered(HANDOFF, "of-before"),
        HandoffReassigned(handoff_id=HANDOFF, to_branch="derby", assignee="", deadline=QUALIFIED_AT),
        HandoffReturned(
            handoff_id=HANDOFF, subject=SUBJECT, from_department="marketing", reason="Late", returned_by="oliver"
        ),
        position=30,
    ),
    recorded(
        f"contacts.handoff-{BY_HAND}",
        HandoffAsked(
            handoff_id=BY_HAND,
            kind="by-hand",
            from_department="marketing",
            to_department="sales",
            subject=SUBJECT,
            from_branch="london",
            to_branch="leeds",
            asked_at=QUALIFIED_AT,
        ),
        offered(BY_HAND, COMPANY, asked_at=QUALIFIED_AT.replace(hour=18)),
        HandoffSupplemented(
            handoff_id=BY_HAND, part="supplement-1", to_department="sales", basis={}, manifest=(entry(OTHER),)
        ),
        position=40,
    ),
]
IN_ORDER = [heard for stream in STREAMS for heard in stream]


@pytest.mark.parametrize("projection", [LEADS, OFFERS], ids=lambda each: each.name)
def test_every_interleaving_gives_equal_rows(projection: Projection) -> None:
    expected = rows(projection, IN_ORDER)

    @settings(max_examples=80)
    @given(interleavings(STREAMS))
    def shuffled(heard: list[Heard]) -> None:
        assert rows(projection, heard) == expected

    shuffled()


def test_a_lead_is_shown_as_last_told() -> None:
    lead = rows(LEADS, IN_ORDER)["leads"]["demo", LEAD]
    assert (lead["source"], lead["company"], lead["state"]) == ("fair", {"name": "Petrova Ceramics"}, "RETURNED")
    assert [touch["channel"] for touch in lead["touches"]] == ["search", "EMAIL"]
    assert (lead["found_person_id"], lead["found_candidates"], lead["decided_person_id"]) == (PERSON, [], PERSON)
    assert lead["offered_company"].endswith(f"|{COMPANY}")
    assert lead["etag"] == "6"


def test_a_branch_holds_a_handoff_until_it_ends() -> None:
    offers = rows(OFFERS, IN_ORDER)["offers"]
    returned = {"subject": f"lead:{LEAD}", "branch": "derby", "held": False, "settled": True}
    held = {"subject": f"lead:{LEAD}", "branch": "leeds", "held": True}
    assert offers == {("demo", HANDOFF): returned, ("demo", BY_HAND): held}
    assert set(rows(OFFERS, IN_ORDER)["offered_records"]) == {
        ("demo", LEAD, HANDOFF),
        ("demo", LEAD, BY_HAND),
        ("demo", OTHER, BY_HAND),
    }
