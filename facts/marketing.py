"""What marketing tells. Streams: `marketing.lead-<id>`, `marketing.receipt-<handoff id>`."""

from datetime import datetime
from typing import Annotated

from facts.common import NOTHING, Brief, HandoffAsk, HandoffReceipt, PersonalJson, PersonalText
from facts.registry import Fact, Personal, Value, fact


class LeadPerson(Value):
    name: str = ""
    email: str = ""
    phone: str = ""


class LeadCompany(Value):
    name: str = ""


class LeadPromise(Value):
    id: str
    what: str
    by: str
    due: datetime | None = None


class Enquiry(Value):
    """A call, a form, a message that made the lead; contacts makes an interaction of it."""

    interaction_id: str
    channel: str
    direction: str
    occurred_at: datetime
    employee: str = ""
    duration_seconds: int = 0
    summary: str = ""
    promises: tuple[LeadPromise, ...] = ()


class Consent(Value):
    channel: str
    purpose: str
    granted: bool
    wording: str = ""
    at: datetime | None = None


class Touch(Value):
    at: datetime
    channel: str = ""
    source: str = ""
    campaign: str = ""
    landing_page: str = ""


PersonalLeadPerson = Annotated[LeadPerson | None, Personal(erased=LeadPerson(name="erased"))]
PersonalLeadCompany = Annotated[LeadCompany | None, Personal(erased=LeadCompany(name="erased"))]
PersonalEnquiry = Annotated[Enquiry | None, Personal(erased=None)]


@fact("marketing.lead-captured", dated_by="captured_at")
class LeadCaptured(Fact):
    """`row` is the digest of the imported row, empty when a person captured it."""

    lead_id: str
    external_id: str = ""
    source: str = ""
    landing_page: str = ""
    campaign: str = ""
    branch: str
    owner: str = ""
    person: PersonalLeadPerson = None
    company: PersonalLeadCompany = None
    note: PersonalText = ""
    enquiry: PersonalEnquiry = None
    consents: tuple[Consent, ...] = ()
    touches: tuple[Touch, ...] = ()
    custom: PersonalJson = NOTHING
    captured_at: datetime
    row: str = ""


@fact("marketing.lead-updated")
class LeadUpdated(Fact):
    """`fields` names what changed; a field named there that is empty was cleared."""

    lead_id: str
    fields: tuple[str, ...]
    external_id: str = ""
    source: str = ""
    landing_page: str = ""
    campaign: str = ""
    branch: str = ""
    owner: str = ""
    person: PersonalLeadPerson = None
    company: PersonalLeadCompany = None
    note: PersonalText = ""
    enquiry: PersonalEnquiry = None
    consents: tuple[Consent, ...] = ()
    touches: tuple[Touch, ...] = ()
    custom: PersonalJson = NOTHING
    captured_at: datetime | None = None
    row: str = ""


@fact("marketing.lead-touched")
class LeadTouched(Fact):
    lead_id: str
    touch: Touch


@fact("marketing.lead-qualified", dated_by="qualified_at")
class LeadQualified(Fact):
    """Marketing hands the lead on; `ask` is the handoff it asks for."""

    lead_id: str
    qualified_at: datetime
    ask: HandoffAsk
    note: PersonalText = ""
    brief: Annotated[Brief | None, Personal(erased=None)] = None


@fact("marketing.lead-disqualified")
class LeadDisqualified(Fact):
    """`handoff_id` is the open handoff that is withdrawn with it, or empty."""

    lead_id: str
    reason: PersonalText
    handoff_id: str = ""


@fact("marketing.lead-returned")
class LeadReturned(Fact):
    """Contacts told that the receiving department gave the lead back."""

    lead_id: str
    handoff_id: str
    reason: PersonalText


@fact("marketing.lead-person-linked")
class LeadPersonLinked(Fact):
    """An employee decided whose lead it is."""

    lead_id: str
    person_id: str


@fact("marketing.handoff-received")
class MarketingHandoffReceived(Fact, HandoffReceipt):
    """Marketing has every fact of the manifest."""
