"""One example of every fact of a handoff: Mia in London hands a lead on to York, Oliver takes it over."""

from datetime import UTC, datetime, timedelta

from facts.common import Brief, HandoffAsk, ManifestEntry, Subject
from facts.contacts import (
    Asking,
    ContactsHandoffReceived,
    HandoffAccepted,
    HandoffAnswered,
    HandoffAsked,
    HandoffClaimed,
    HandoffDelivered,
    HandoffDiscrepant,
    HandoffKindDefined,
    HandoffOffered,
    HandoffOverdue,
    HandoffQuestioned,
    HandoffReassigned,
    HandoffReturned,
    HandoffSupplemented,
    HandoffUpdated,
    HandoffWithdrawn,
)
from facts.marketing import LeadQualified
from facts.operations import FactDiscarded
from tests.support.examples import HANDOFF, LEAD, PERSON

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EVENING = NOON + timedelta(hours=8)
QUESTION = "3f333df6-90a4-4fda-8dd3-9485d27cee36"
OPPORTUNITY = "bd0f8c8b-9d2c-5df1-9c62-6f3e0a0a0a0a"
SUBJECT = Subject(kind="lead", id=LEAD)
BRIEF = Brief(wants="Forty chairs before May", next_step="Call on Monday")

LEAD_STREAM = f"marketing.lead-{LEAD}"
CALL_STREAM = "contacts.interaction-16fd2706-8baf-533b-82eb-8c7fada847da"
QUALIFIED_AT_2 = ManifestEntry(stream=LEAD_STREAM, version=2, digest="0a" * 32)
CALL_AT_1 = ManifestEntry(stream=CALL_STREAM, version=1, digest="0b" * 32)
BASIS = {"marketing": "1.12", "sales": "1.9", "contacts": "1.40"}

LEAD_QUALIFIED = LeadQualified(
    lead_id=LEAD,
    qualified_at=NOON,
    note="In a hurry",
    brief=BRIEF,
    ask=HandoffAsk(
        handoff_id=HANDOFF,
        kind="lead-to-sales",
        to_department="sales",
        from_branch="london",
        to_branch="york",
        asked_at=NOON,
    ),
)
HANDOFF_ASKED = HandoffAsked(
    handoff_id=HANDOFF,
    kind="lead-to-sales",
    from_department="marketing",
    to_department="sales",
    subject=SUBJECT,
    from_branch="london",
    to_branch="york",
    note="In a hurry",
    brief=BRIEF,
    asked_at=NOON,
)
HANDOFF_CLAIMED = HandoffClaimed(handoff_id=HANDOFF)
HANDOFF_OFFERED = HandoffOffered(
    handoff_id=HANDOFF,
    kind="lead-to-sales",
    from_department="marketing",
    to_department="sales",
    subject=SUBJECT,
    person_id=PERSON,
    from_branch="london",
    to_branch="york",
    note="In a hurry",
    brief=BRIEF,
    missing=("brief.cautions",),
    asking=Asking(department="marketing", stream=LEAD_STREAM, version=2, event_id="x"),
    asked_at=NOON,
    asked_by="emma.clarke",
    basis=BASIS,
    manifest=(QUALIFIED_AT_2,),
    deadline=EVENING,
)
HANDOFF_DELIVERED = HandoffDelivered(handoff_id=HANDOFF, part="offer", receipt=(QUALIFIED_AT_2,))
SPOILED = QUALIFIED_AT_2.model_copy(update={"digest": "ff" * 32})
HANDOFF_DISCREPANT = HandoffDiscrepant(
    handoff_id=HANDOFF,
    part="offer",
    to_department="sales",
    manifest=(QUALIFIED_AT_2,),
    receipt=(SPOILED,),
    differences=(f"{LEAD_STREAM} version 2: another digest",),
)
HANDOFF_SUPPLEMENTED = HandoffSupplemented(
    handoff_id=HANDOFF, part="supplement-1", to_department="sales", basis=BASIS, manifest=(CALL_AT_1,)
)
SUPPLEMENT_DELIVERED = HandoffDelivered(handoff_id=HANDOFF, part="supplement-1", receipt=(CALL_AT_1,))
HANDOFF_QUESTIONED = HandoffQuestioned(
    handoff_id=HANDOFF, question_id=QUESTION, question="Which colour?", asked_by="oliver.hughes"
)
HANDOFF_ANSWERED = HandoffAnswered(handoff_id=HANDOFF, question_id=QUESTION, answer="Green", answered_by="emma.clarke")
HANDOFF_ACCEPTED = HandoffAccepted(
    handoff_id=HANDOFF,
    kind="lead-to-sales",
    to_department="sales",
    subject=SUBJECT,
    person_id=PERSON,
    to_branch="york",
    owner="oliver.hughes",
    opportunity_id="c3c7a3c6-6f0e-5d7f-a6a9-3bd1e8b8a111",
    opens=True,
    accepted_by="oliver.hughes",
    accepted_at=EVENING,
    basis=BASIS,
    closing=(CALL_AT_1,),
)
HANDOFF_RETURNED = HandoffReturned(
    handoff_id=HANDOFF,
    subject=SUBJECT,
    from_department="marketing",
    reason="No budget",
    returned_by="oliver.hughes",
)
HANDOFF_REASSIGNED = HandoffReassigned(
    handoff_id=HANDOFF, to_branch="leeds", assignee="ruth.adams", deadline=EVENING + timedelta(days=1)
)
HANDOFF_WITHDRAWN = HandoffWithdrawn(
    handoff_id=HANDOFF, subject=SUBJECT, reason="By mistake", withdrawn_by="emma.clarke"
)
HANDOFF_OVERDUE = HandoffOverdue(handoff_id=HANDOFF, deadline=EVENING)
HANDOFF_UPDATED = HandoffUpdated(handoff_id=HANDOFF, fields=("custom",), custom={"route": "north"})
HANDOFF_KIND_DEFINED = HandoffKindDefined(
    kind="lead-to-sales",
    from_department="marketing",
    to_department="sales",
    deadline_working_minutes=60,
    required=("note",),
)
CONTACTS_HANDOFF_RECEIVED = ContactsHandoffReceived(
    handoff_id=HANDOFF, part="offer", basis=BASIS, entries=(QUALIFIED_AT_2,)
)
FACT_DISCARDED = FactDiscarded(
    source="marketing",
    stream=LEAD_STREAM,
    version=3,
    digest="1b" * 32,
    type="marketing.lead-touched",
    reason="written by a program that never was released",
)

#: One of each, in an order in which they may happen.
HANDOFFS = (
    HANDOFF_KIND_DEFINED,
    HANDOFF_ASKED,
    HANDOFF_CLAIMED,
    HANDOFF_OFFERED,
    HANDOFF_DISCREPANT,
    HANDOFF_DELIVERED,
    HANDOFF_SUPPLEMENTED,
    HANDOFF_UPDATED,
    HANDOFF_QUESTIONED,
    HANDOFF_ANSWERED,
    HANDOFF_REASSIGNED,
    HANDOFF_OVERDUE,
    HANDOFF_ACCEPTED,
    HANDOFF_RETURNED,
    HANDOFF_WITHDRAWN,
    CONTACTS_HANDOFF_RECEIVED,
    FACT_DISCARDED,
)
