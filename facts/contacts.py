"""What contacts tells: the shared customer base, and the handoffs.

Streams: `contacts.person-<id>`, `contacts.company-<id>`, `contacts.branch-<tenant's branch id>`,
`contacts.interaction-<id>` (with its promises), `contacts.lead-<id>` (whose lead it is), `contacts.claim-<hmac>`,
`contacts.handoff-<id>`, `contacts.handoffkind-<kind>`, `contacts.receipt-<handoff id>`.
"""

from datetime import date, datetime
from typing import Annotated

from facts.common import NOTHING, Brief, HandoffReceipt, ManifestEntry, PersonalJson, PersonalText, Subject
from facts.registry import Fact, JsonObject, Personal, Value, fact, upcaster


class Email(Value):
    address: str
    kind: str = ""


class Phone(Value):
    """`number` in E.164 where it could be understood, else empty; `raw` as it was given."""

    number: str
    kind: str = ""
    raw: str = ""


Emails = Annotated[tuple[Email, ...], Personal(erased=())]
Phones = Annotated[tuple[Phone, ...], Personal(erased=())]
Birthday = Annotated[date | None, Personal(erased=None)]


@fact("contacts.person-registered")
class PersonRegistered(Fact):
    person_id: str
    external_id: str = ""
    given_name: PersonalText = ""
    middle_name: PersonalText = ""
    family_name: PersonalText = ""
    display_name: PersonalText = ""
    emails: Emails = ()
    phones: Phones = ()
    company_id: str = ""
    job_title: PersonalText = ""
    birthday: Birthday = None
    tags: tuple[str, ...] = ()
    branch: str = ""
    responsible: str = ""
    note: PersonalText = ""
    custom: PersonalJson = NOTHING
    row: str = ""


@fact("contacts.person-updated")
class PersonUpdated(Fact):
    """`fields` names what changed; a field named there that is empty was cleared."""

    person_id: str
    fields: tuple[str, ...]
    external_id: str = ""
    given_name: PersonalText = ""
    middle_name: PersonalText = ""
    family_name: PersonalText = ""
    display_name: PersonalText = ""
    emails: Emails = ()
    phones: Phones = ()
    company_id: str = ""
    job_title: PersonalText = ""
    birthday: Birthday = None
    tags: tuple[str, ...] = ()
    branch: str = ""
    responsible: str = ""
    note: PersonalText = ""
    custom: PersonalJson = NOTHING
    row: str = ""


@fact("contacts.company-registered")
class CompanyRegistered(Fact):
    company_id: str
    external_id: str = ""
    company_name: PersonalText = ""
    legal_name: PersonalText = ""
    tax_id: PersonalText = ""
    emails: Emails = ()
    phones: Phones = ()
    website: PersonalText = ""
    parent_id: str = ""
    tags: tuple[str, ...] = ()
    branch: str = ""
    responsible: str = ""
    note: PersonalText = ""
    custom: PersonalJson = NOTHING
    row: str = ""


@fact("contacts.company-updated")
class CompanyUpdated(Fact):
    """`fields` names what changed; a field named there that is empty was cleared."""

    company_id: str
    fields: tuple[str, ...]
    external_id: str = ""
    company_name: PersonalText = ""
    legal_name: PersonalText = ""
    tax_id: PersonalText = ""
    emails: Emails = ()
    phones: Phones = ()
    website: PersonalText = ""
    parent_id: str = ""
    tags: tuple[str, ...] = ()
    branch: str = ""
    responsible: str = ""
    note: PersonalText = ""
    custom: PersonalJson = NOTHING
    row: str = ""


@fact("contacts.identifier-claimed")
class IdentifierClaimed(Fact):
    """The stream's name is the keyed HMAC of an e-mail or a phone number; it belongs to one person."""

    kind: str
    person_id: str


@fact("contacts.identifier-released")
class IdentifierReleased(Fact):
    kind: str
    person_id: str


class WorkingDay(Value):
    """`day` is 1 (Monday) to 7; `opens` and `closes` are `HH:MM` in the branch's time zone."""

    day: int
    opens: str
    closes: str


@fact("contacts.branch-opened")
class BranchOpened(Fact):
    branch_id: str
    branch_name: str = ""
    country: str = ""
    time_zone: str = "UTC"
    working_hours: tuple[WorkingDay, ...] = ()
    holidays: tuple[date, ...] = ()
    custom: PersonalJson = NOTHING


@fact("contacts.branch-updated")
class BranchUpdated(Fact):
    """`fields` names what changed; a field named there that is empty was cleared."""

    branch_id: str
    fields: tuple[str, ...]
    branch_name: str = ""
    country: str = ""
    time_zone: str = "UTC"
    working_hours: tuple[WorkingDay, ...] = ()
    holidays: tuple[date, ...] = ()
    custom: PersonalJson = NOTHING


class PromiseMade(Value):
    """`by` is an employee, or CUSTOMER."""

    id: str
    what: str
    by: str
    due: datetime | None = None


Promises = Annotated[tuple[PromiseMade, ...], Personal(erased=())]


@fact("contacts.interaction-recorded", dated_by="occurred_at")
class InteractionRecorded(Fact):
    """A call, a letter, a visit. `enquiry_of` is the lead whose enquiry it was, or empty."""

    interaction_id: str
    external_id: str = ""
    person_id: str = ""
    company_id: str = ""
    lead_id: str = ""
    opportunity_id: str = ""
    channel: str
    direction: str
    employee: str = ""
    branch: str = ""
    occurred_at: datetime
    duration_seconds: int = 0
    summary: PersonalText = ""
    promises: Promises = ()
    custom: PersonalJson = NOTHING
    enquiry_of: str = ""
    row: str = ""


@fact("contacts.interaction-updated")
class InteractionUpdated(Fact):
    """`fields` names what changed; a field named there that is empty was cleared."""

    interaction_id: str
    fields: tuple[str, ...]
    external_id: str = ""
    person_id: str = ""
    company_id: str = ""
    lead_id: str = ""
    opportunity_id: str = ""
    channel: str = ""
    direction: str = ""
    employee: str = ""
    branch: str = ""
    occurred_at: datetime | None = None
    duration_seconds: int = 0
    summary: PersonalText = ""
    promises: Promises = ()
    custom: PersonalJson = NOTHING
    row: str = ""


@fact("contacts.promise-kept")
class PromiseKept(Fact):
    """In the stream of the interaction in which it was made."""

    interaction_id: str
    promise_id: str


@fact("contacts.promise-released")
class PromiseReleased(Fact):
    interaction_id: str
    promise_id: str
    reason: PersonalText


@fact("contacts.promise-passed-on")
class PromisePassedOn(Fact):
    """An accepted handoff made another employee answer for it."""

    interaction_id: str
    promise_id: str
    by: str
    handoff_id: str


@fact("contacts.lead-person-found")
class LeadPersonFound(Fact):
    """Whose lead it is: by e-mail, by phone, newly registered, or as an employee decided."""

    lead_id: str
    person_id: str
    found_by: str


@fact("contacts.lead-person-undecided")
class LeadPersonUndecided(Fact):
    """E-mail and phone contradict each other, or fit several people: an employee decides."""

    lead_id: str
    candidates: tuple[str, ...]


@fact("contacts.handoff-kind-defined")
class HandoffKindDefined(Fact):
    kind: str
    from_department: str
    to_department: str
    deadline_working_minutes: int
    required: tuple[str, ...] = ()
    custom: PersonalJson = NOTHING


class Asking(Value):
    """The fact that asked: every one of them has one offer, and none where it was withdrawn before."""

    department: str
    stream: str
    version: int
    event_id: str


@fact("contacts.handoff-asked", 2, dated_by="asked_at")
class HandoffAsked(Fact):
    """Asked by hand; facts of other departments that ask (`LeadQualified`) need no such fact. `previous_id` is the
    handoff of the same kind and subject that ended last, or empty."""

    handoff_id: str
    kind: str
    from_department: str
    to_department: str
    subject: Subject
    from_branch: str
    to_branch: str
    to_employee: str = ""
    note: PersonalText = ""
    brief: Annotated[Brief | None, Personal(erased=None)] = None
    custom: PersonalJson = NOTHING
    asked_at: datetime
    previous_id: str = ""


@fact("contacts.handoff-claimed")
class HandoffClaimed(Fact):
    """The stream's name is the keyed HMAC of a kind of handoff and a subject. This handoff of them was asked for last,
    by hand. Nothing releases the claim: it holds until the handoff ends."""

    handoff_id: str


@fact("contacts.handoff-updated")
class HandoffUpdated(Fact):
    """`fields` names what changed; a field named there that is empty was cleared."""

    handoff_id: str
    fields: tuple[str, ...]
    custom: PersonalJson = NOTHING


@fact("contacts.handoff-offered", 2)
class HandoffOffered(Fact):
    """The subject with everything known about it: `manifest` names every stream that concerns it, at `basis`.

    `basis` is how far contacts had heard each department, `{"marketing": "1.12", …}`. `withheld` are streams that are
    told of and proved, but not opened to the receiving branch: whoever linked them could not read them."""

    handoff_id: str
    kind: str
    from_department: str
    to_department: str
    subject: Subject
    person_id: str = ""
    company_id: str = ""
    from_branch: str
    to_branch: str
    assignee: str = ""
    note: PersonalText = ""
    brief: Annotated[Brief | None, Personal(erased=None)] = None
    missing: tuple[str, ...] = ()
    asking: Asking
    asked_at: datetime
    asked_by: str = ""
    basis: dict[str, str]
    manifest: tuple[ManifestEntry, ...]
    deadline: datetime
    previous_id: str = ""
    withheld: tuple[str, ...] = ()


@fact("contacts.handoff-delivered")
class HandoffDelivered(Fact):
    """The receipt of a part equals its manifest. `part`: `offer`, `closing`, `supplement-<n>`."""

    handoff_id: str
    part: str
    receipt: tuple[ManifestEntry, ...]


@fact("contacts.handoff-discrepant")
class HandoffDiscrepant(Fact):
    """The receipt of a part differs from its manifest; `differences` says where, without personal data.

    The receiving department fetches the streams of the manifest again from the departments that own them."""

    handoff_id: str
    part: str
    to_department: str
    manifest: tuple[ManifestEntry, ...]
    receipt: tuple[ManifestEntry, ...]
    differences: tuple[str, ...]


@fact("contacts.handoff-supplemented", 2)
class HandoffSupplemented(Fact):
    """Something about the subject was recorded or linked after the offer."""

    handoff_id: str
    part: str
    to_department: str
    basis: dict[str, str]
    manifest: tuple[ManifestEntry, ...]
    withheld: tuple[str, ...] = ()


@fact("contacts.handoff-questioned")
class HandoffQuestioned(Fact):
    handoff_id: str
    question_id: str
    question: PersonalText
    asked_by: str


@fact("contacts.handoff-answered")
class HandoffAnswered(Fact):
    """`still_open` counts the questions that wait for an answer after this one."""

    handoff_id: str
    question_id: str
    answer: PersonalText
    answered_by: str
    still_open: int = 0


@fact("contacts.handoff-accepted", 2, dated_by="accepted_at")
class HandoffAccepted(Fact):
    """A person in the receiving department took it over. `closing` is what was recorded since the offer.

    `opportunity_id` is the opportunity it opens (derived from the handoff's id) or is linked to (`opens` false)."""

    handoff_id: str
    kind: str
    to_department: str
    subject: Subject
    person_id: str = ""
    company_id: str = ""
    to_branch: str
    owner: str
    opportunity_id: str
    opens: bool
    accepted_by: str
    accepted_at: datetime
    keep_promises: tuple[str, ...] = ()
    basis: dict[str, str]
    closing: tuple[ManifestEntry, ...]
    withheld: tuple[str, ...] = ()


@fact("contacts.handoff-returned")
class HandoffReturned(Fact):
    """`handed_back` is true when it had been accepted before."""

    handoff_id: str
    subject: Subject
    from_department: str
    reason: PersonalText
    returned_by: str
    handed_back: bool = False


@fact("contacts.handoff-reassigned")
class HandoffReassigned(Fact):
    handoff_id: str
    to_branch: str
    assignee: str
    deadline: datetime


@fact("contacts.handoff-withdrawn")
class HandoffWithdrawn(Fact):
    handoff_id: str
    subject: Subject
    reason: PersonalText
    withdrawn_by: str


@fact("contacts.handoff-overdue")
class HandoffOverdue(Fact):
    """Its deadline passed before anybody accepted or returned it."""

    handoff_id: str
    deadline: datetime


@fact("contacts.handoff-received")
class ContactsHandoffReceived(Fact, HandoffReceipt):
    """Contacts, as the receiving department, has every fact of the manifest."""


@upcaster("contacts.handoff-offered", 1)
@upcaster("contacts.handoff-supplemented", 1)
@upcaster("contacts.handoff-accepted", 1)
def _nothing_withheld(data: JsonObject) -> JsonObject:
    """The first release opened whatever it named in a manifest."""
    return data


@upcaster("contacts.handoff-asked", 1)
def _nothing_before(data: JsonObject) -> JsonObject:
    """The first release did not say which handoff came before."""
    return data
