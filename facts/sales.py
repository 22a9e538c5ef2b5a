"""What sales tells. Streams: `sales.opportunity-<id>`, `sales.receipt-<handoff id>`."""

from datetime import date, datetime

from facts.common import NOTHING, HandoffReceipt, Money, PersonalJson, PersonalText
from facts.registry import Fact, fact


@fact("sales.opportunity-opened", dated_by="opened_at")
class OpportunityOpened(Fact):
    """Opened by an accepted handoff (`handoff_id`) or by hand (empty)."""

    opportunity_id: str
    handoff_id: str = ""
    external_id: str = ""
    title: PersonalText = ""
    lead_ids: tuple[str, ...] = ()
    person_id: str = ""
    company_id: str = ""
    branch: str
    owner: str = ""
    pipeline: str
    stage: str
    amount: Money | None = None
    expected_close: date | None = None
    custom: PersonalJson = NOTHING
    opened_at: datetime
    row: str = ""


@fact("sales.opportunity-updated")
class OpportunityUpdated(Fact):
    """`fields` names what changed; a field named there that is empty was cleared."""

    opportunity_id: str
    fields: tuple[str, ...]
    external_id: str = ""
    title: PersonalText = ""
    person_id: str = ""
    company_id: str = ""
    branch: str = ""
    owner: str = ""
    amount: Money | None = None
    expected_close: date | None = None
    custom: PersonalJson = NOTHING
    row: str = ""


@fact("sales.opportunity-moved")
class OpportunityMoved(Fact):
    opportunity_id: str
    stage: str


@fact("sales.opportunity-won", dated_by="closed_at")
class OpportunityWon(Fact):
    opportunity_id: str
    amount: Money | None = None
    closed_at: datetime


@fact("sales.opportunity-lost", dated_by="closed_at")
class OpportunityLost(Fact):
    opportunity_id: str
    reason: PersonalText
    closed_at: datetime


@fact("sales.opportunity-reopened")
class OpportunityReopened(Fact):
    opportunity_id: str
    note: PersonalText = ""


@fact("sales.lead-linked")
class LeadLinked(Fact):
    """One more lead belongs to the opportunity; `handoff_id` where an accepted handoff brought it."""

    opportunity_id: str
    lead_id: str
    handoff_id: str = ""


@fact("sales.handoff-received")
class SalesHandoffReceived(Fact, HandoffReceipt):
    """Sales has every fact of the manifest."""
