"""ONE example of every fact of a handoff: emma.clarke in London hands the lead of the ceramics trade to Bristol."""

from datetime import UTC, datetime, timedelta

from facts.common import Brief, ManifestEntry, Subject
from facts.contacts import (
    Asking,
    ContactsHandoffReceived,
    HandoffAccepted,
    HandoffAnswered,
    HandoffAsked,
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
from facts.operations import FactDiscarded
from tests.support.examples import COMPANY, ENTRY, HANDOFF, LEAD, OPPORTUNITY, PERSON, PROMISE

BY_HAND = "3f333df6-90a4-4fda-8dd3-9485d27cee36"
QUESTION = "c9bf9e57-1685-4c89-bafb-ff5af830be8a"
ASKED_AT = datetime(2026, 3, 3, 11, 0, tzinfo=UTC)
DEADLINE = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
BASIS = {"marketing": "1.2", "sales": "1.0", "contacts": "1.5"}
LATER = ManifestEntry(stream=f"marketing.lead-{LEAD}", version=3, digest="1b" * 32)
SUBJECT = Subject(kind="lead", id=LEAD)

HANDOFF_KIND_DEFINED = HandoffKindDefined(
    kind="lead-to-sales",
    from_department="marketing",
    to_department="sales",
    deadline_working_minutes=240,
    required=("note", "brief.wants"),
)
HANDOFF_OFFERED = HandoffOffered(
    handoff_id=HANDOFF,
    kind="lead-to-sales",
    from_department="marketing",
    to_department="sales",
    subject=SUBJECT,
    person_id=PERSON,
    company_id=COMPANY,
    from_branch="london",
    to_branch="bristol",
    assignee="oliver.reed",
    note="wants the spring range before Easter",
    brief=Brief(wants="40 vases", agreed="samples on Monday", next_step="call", cautions="allergic to spam"),
    missing=("companyId",),
    asking=Asking(
        department="marketing",
        stream=f"marketing.lead-{LEAD}",
        version=2,
        event_id="e5c1f2f0-6a3e-5f0f-8f5e-3f1b2c3d4e5f",
    ),
    asked_at=ASKED_AT,
    asked_by="emma.clarke",
    basis=BASIS,
    manifest=(ENTRY,),
    deadline=DEADLINE,
)
HANDOFF_DISCREPANT = HandoffDiscrepant(
    handoff_id=HANDOFF,
    part="offer",
    to_department="sales",
    manifest=(ENTRY,),
    receipt=(ENTRY.model_copy(update={"digest": "ff" * 32}),),
    differences=(f"{ENTRY.stream}: another digest",),
)
HANDOFF_DELIVERED = HandoffDelivered(handoff_id=HANDOFF, part="offer", receipt=(ENTRY,))
HANDOFF_SUPPLEMENTED = HandoffSupplemented(
    handoff_id=HANDOFF,
    part="supplement-1",
    basis=BASIS | {"marketing": "1.3"},
    manifest=(LATER,),
    to_department="sales",
)
HANDOFF_UPDATED = HandoffUpdated(handoff_id=HANDOFF, fields=("custom",), custom={"priority": "high"})
HANDOFF_QUESTIONED = HandoffQuestioned(
    handoff_id=HANDOFF, question_id=QUESTION, question="Which glaze did she mean?", asked_by="oliver.reed"
)
HANDOFF_ANSWERED = HandoffAnswered(
    handoff_id=HANDOFF, question_id=QUESTION, answer="The blue one", answered_by="emma.clarke"
)
HANDOFF_REASSIGNED = HandoffReassigned(
    handoff_id=HANDOFF, to_branch="bristol", assignee="grace.hall", deadline=DEADLINE + timedelta(days=1)
)
HANDOFF_OVERDUE = HandoffOverdue(handoff_id=HANDOFF, deadline=DEADLINE + timedelta(days=1))
HANDOFF_ACCEPTED = HandoffAccepted(
    handoff_id=HANDOFF,
    kind="lead-to-sales",
    to_department="sales",
    subject=SUBJECT,
    person_id=PERSON,
    company_id=COMPANY,
    to_branch="bristol",
    owner="grace.hall",
    opportunity_id=OPPORTUNITY,
    opens=True,
    accepted_by="grace.hall",
    accepted_at=DEADLINE + timedelta(days=2),
    keep_promises=(PROMISE,),
    basis=BASIS | {"marketing": "1.3"},
    closing=(LATER,),
)
HANDOFF_RETURNED = HandoffReturned(
    handoff_id=HANDOFF,
    subject=SUBJECT,
    from_department="marketing",
    reason="not before autumn",
    returned_by="grace.hall",
    handed_back=True,
)
HANDOFF_ASKED = HandoffAsked(
    handoff_id=BY_HAND,
    kind="person-to-contacts",
    from_department="sales",
    to_department="contacts",
    subject=Subject(kind="person", id=PERSON),
    from_branch="bristol",
    to_branch="london",
    to_employee="emma.clarke",
    note="moves to London",
    asked_at=ASKED_AT,
)
HANDOFF_WITHDRAWN = HandoffWithdrawn(
    handoff_id=BY_HAND,
    subject=Subject(kind="person", id=PERSON),
    reason="stays in Bristol after all",
    withdrawn_by="grace.hall",
)
CONTACTS_HANDOFF_RECEIVED = ContactsHandoffReceived(handoff_id=BY_HAND, part="offer", basis=BASIS, entries=(ENTRY,))
FACT_DISCARDED = FactDiscarded(
    source="marketing",
    stream=f"marketing.lead-{LEAD}",
    version=3,
    digest="1b" * 32,
    type="marketing.lead-touched",
    reason="written by a program that never was released",
)

#: In the order in which they may happen to the two handoffs.
HANDOFFS = (
    HANDOFF_KIND_DEFINED,
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
    HANDOFF_ASKED,
    HANDOFF_WITHDRAWN,
    CONTACTS_HANDOFF_RECEIVED,
    FACT_DISCARDED,
)
