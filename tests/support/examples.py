"""ONE example of every fact of marketing and sales, shared by all tests: a small ceramics trade with two branches.

Variations are made of them: `LEAD_CAPTURED.model_copy(update={"source": "fair"})`.
"""

from datetime import UTC, date, datetime
from decimal import Decimal

from facts.common import Brief, HandoffAsk, ManifestEntry, Money
from facts.marketing import (
    Consent,
    Enquiry,
    LeadCaptured,
    LeadCompany,
    LeadDisqualified,
    LeadPerson,
    LeadPersonLinked,
    LeadPromise,
    LeadQualified,
    LeadReturned,
    LeadTouched,
    LeadUpdated,
    MarketingHandoffReceived,
    Touch,
)
from facts.sales import (
    LeadLinked,
    OpportunityLost,
    OpportunityMoved,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityUpdated,
    OpportunityWon,
    SalesHandoffReceived,
)

LEAD = "5f0c2a64-3b1e-5f63-9a3e-0b5a7c1d2e3f"
PERSON = "0f8fad5b-d9cb-469f-a165-70867728950e"
COMPANY = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
HANDOFF = "1b4e28ba-2fa1-51d2-883f-0016d3cca427"
OPPORTUNITY = "8d7c2a64-3b1e-5f63-9a3e-0b5a7c1d2e3f"
INTERACTION = "16fd2706-8baf-533b-82eb-8c7fada847da"
PROMISE = "6fa459ea-ee8a-5ca4-894e-db77e160355e"

CALLED_AT = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
QUALIFIED_AT = datetime(2026, 3, 3, 11, 0, tzinfo=UTC)
ACCEPTED_AT = datetime(2026, 3, 3, 14, 30, tzinfo=UTC)
CLOSED_AT = datetime(2026, 4, 9, 16, 45, tzinfo=UTC)

#: What a receipt names: the lead's stream with a digest of 64 digits.
ENTRY = ManifestEntry(stream=f"marketing.lead-{LEAD}", version=2, digest="0a" * 32)

LEAD_CAPTURED = LeadCaptured(
    lead_id=LEAD,
    external_id="web-1042",
    source="organic_search",
    landing_page="/wholesale",
    campaign="spring-2026",
    branch="london",
    owner="emma.clarke",
    person=LeadPerson(name="Anna Petrova", email="anna.petrova@example.com", phone="+442079460018"),
    company=LeadCompany(name="Petrova Ceramics Ltd"),
    note="Prefers to be called in the afternoon",
    enquiry=Enquiry(
        interaction_id=INTERACTION,
        channel="CALL",
        direction="IN",
        occurred_at=CALLED_AT,
        employee="emma.clarke",
        duration_seconds=340,
        summary="Asked for the wholesale price list",
        promises=(LeadPromise(id=PROMISE, what="Send the price list", by="emma.clarke", due=QUALIFIED_AT),),
    ),
    consents=(Consent(channel="EMAIL", purpose="newsletter", granted=True, wording="Yes, please", at=CALLED_AT),),
    touches=(Touch(at=CALLED_AT, channel="search", source="organic_search"),),
    custom={"shelf": "B4", "pets": ["cat", "wolf"]},
    captured_at=CALLED_AT,
)
LEAD_UPDATED = LeadUpdated(
    lead_id=LEAD, fields=("source", "company"), source="fair", company=LeadCompany(name="Petrova Ceramics")
)
LEAD_TOUCHED = LeadTouched(lead_id=LEAD, touch=Touch(at=QUALIFIED_AT, channel="EMAIL", campaign="spring-2026"))
LEAD_QUALIFIED = LeadQualified(
    lead_id=LEAD,
    qualified_at=QUALIFIED_AT,
    ask=HandoffAsk(
        handoff_id=HANDOFF,
        kind="lead-to-sales",
        to_department="sales",
        from_branch="london",
        to_branch="leeds",
        to_employee="oliver.hughes",
        asked_at=QUALIFIED_AT,
    ),
    note="Knows what she wants",
    brief=Brief(wants="300 mugs with a logo", agreed="Samples are free", next_step="Send samples"),
)
LEAD_DISQUALIFIED = LeadDisqualified(lead_id=LEAD, reason="Looks for a job, not for mugs", handoff_id=HANDOFF)
LEAD_RETURNED = LeadReturned(lead_id=LEAD, handoff_id=HANDOFF, reason="Orders below our minimum")
LEAD_PERSON_LINKED = LeadPersonLinked(lead_id=LEAD, person_id=PERSON)
MARKETING_HANDOFF_RECEIVED = MarketingHandoffReceived(
    handoff_id=HANDOFF, part="offer", basis={"marketing": "1.12"}, entries=(ENTRY,)
)

OPPORTUNITY_OPENED = OpportunityOpened(
    opportunity_id=OPPORTUNITY,
    handoff_id=HANDOFF,
    external_id="deal-77",
    title="300 mugs with a logo",
    lead_ids=(LEAD,),
    person_id=PERSON,
    company_id=COMPANY,
    branch="leeds",
    owner="oliver.hughes",
    pipeline="default",
    stage="new",
    amount=Money(currency="GBP", amount=Decimal("1450.00")),
    expected_close=date(2026, 4, 30),
    custom={"segment": "gifts"},
    opened_at=ACCEPTED_AT,
)
OPPORTUNITY_UPDATED = OpportunityUpdated(
    opportunity_id=OPPORTUNITY, fields=("title", "expected_close"), title="350 mugs with a logo"
)
OPPORTUNITY_MOVED = OpportunityMoved(opportunity_id=OPPORTUNITY, stage="proposal")
OPPORTUNITY_WON = OpportunityWon(
    opportunity_id=OPPORTUNITY, amount=Money(currency="GBP", amount=Decimal("1500.00")), closed_at=CLOSED_AT
)
OPPORTUNITY_LOST = OpportunityLost(opportunity_id=OPPORTUNITY, reason="Too expensive", closed_at=CLOSED_AT)
OPPORTUNITY_REOPENED = OpportunityReopened(opportunity_id=OPPORTUNITY, note="The other supplier cancelled")
LEAD_LINKED = LeadLinked(opportunity_id=OPPORTUNITY, lead_id="c2b0c1d4-51a1-5d0e-8f0e-3f4f5b6a7c8d", handoff_id=HANDOFF)
SALES_HANDOFF_RECEIVED = SalesHandoffReceived(
    handoff_id=HANDOFF, part="offer", basis={"marketing": "1.12", "contacts": "1.40"}, entries=(ENTRY,)
)

MARKETING = (
    LEAD_CAPTURED,
    LEAD_UPDATED,
    LEAD_TOUCHED,
    LEAD_QUALIFIED,
    LEAD_DISQUALIFIED,
    LEAD_RETURNED,
    LEAD_PERSON_LINKED,
    MARKETING_HANDOFF_RECEIVED,
)
SALES = (
    OPPORTUNITY_OPENED,
    OPPORTUNITY_UPDATED,
    OPPORTUNITY_MOVED,
    OPPORTUNITY_WON,
    OPPORTUNITY_LOST,
    OPPORTUNITY_REOPENED,
    LEAD_LINKED,
    SALES_HANDOFF_RECEIVED,
)
