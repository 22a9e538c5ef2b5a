"""Everything that every department records, what it concerns, and who may read it.

Fed by three departments at once; rows come out equal for every interleaving, because each is made by one stream alone
or keeps the least of what it is told.
"""

from collections.abc import Iterable
from itertools import permutations
from typing import Any

from eventlog.projections import At, Change, Insert, Max, Min, Projection, Update
from facts.contacts import (
    CompanyRegistered,
    CompanyUpdated,
    HandoffOffered,
    HandoffReassigned,
    HandoffReturned,
    HandoffWithdrawn,
    InteractionRecorded,
    InteractionUpdated,
    LeadPersonFound,
    LeadPersonUndecided,
    PersonRegistered,
    PersonUpdated,
)
from facts.marketing import LeadCaptured, LeadUpdated
from facts.sales import OpportunityOpened, OpportunityUpdated
from services.contacts.domain.lead import BY_EMPLOYEE
from services.contacts.domain.manifest import is_conversation, is_of_customers, record_in
from services.offers import offers

HEARD = ("contacts", "marketing", "sales")

TIMELINE = Projection(
    "timeline",
    tables={
        "timeline": ("tenant", "stream", "version"),
        "concerns": ("tenant", "subject", "stream"),
        "links": ("tenant", "subject", "other"),
        "link_records": ("tenant", "subject", "other", "record"),
    },
    sources=HEARD,
)

ACCESS = Projection(
    "access",
    tables={"subject_branches": ("tenant", "subject"), "grants": ("tenant", "handoff_id", "subject")},
    sources=HEARD,
)

OFFERS = offers("contacts.person", "contacts.company", "contacts.interaction")


@TIMELINE.on_every
def heard(fact: Any, at: At) -> Iterable[Change]:
    if not is_of_customers(at.stream):
        return
    yield Insert("timeline", _entry(fact, at))
    for subject in at.subjects:
        yield Insert("concerns", _concern(subject, at))
    record = record_in(at.stream)
    for subject, other in permutations(at.subjects, 2):
        opens = other == record or _is_beyond_doubt(fact, at)
        yield Insert("links", _link(subject, other, opens, at))
        if not opens and not is_conversation(at.stream):
            yield Insert("link_records", {**_pair(subject, other, at), "record": record})


def _entry(fact: Any, at: At) -> dict[str, Any]:
    return {
        "tenant": at.tenant,
        "stream": at.stream,
        "version": at.version,
        "department": at.department,
        "event_id": str(at.event_id),
        "type": at.type,
        "occurred_at": at.occurred_at or at.recorded_at,
        "recorded_at": at.recorded_at,
        "employee": at.employee,
        "branch": at.branch,
        "causation_id": at.causation_id,
        "data": {} if fact is None else fact.model_dump(mode="json", exclude_defaults=True),
    }


def _concern(subject: str, at: At) -> dict[str, Any]:
    return {
        "tenant": at.tenant,
        "subject": subject,
        "stream": at.stream,
        "department": at.department,
        "recorded_at": Min(at.recorded_at),
    }


def _link(subject: str, other: str, opens: bool, at: At) -> dict[str, Any]:
    return {**_pair(subject, other, at), "recorded_at": Min(at.recorded_at), "opens": Max(opens)}


def _pair(subject: str, other: str, at: At) -> dict[str, Any]:
    return {"tenant": at.tenant, "subject": subject, "other": other}


def _is_beyond_doubt(fact: Any, at: At) -> bool:
    """Whether everything that the fact names may be opened through what else it names: contacts found it by address
    or number, or somebody says so who may read everything. Talk about handoffs says nothing new of anybody."""
    match fact:
        case LeadPersonFound():
            return fact.found_by != BY_EMPLOYEE
        case LeadPersonUndecided():
            return True
        case _:
            return at.sees_tenant and not is_conversation(at.stream)


# ------------------------------------------------------------------------------------------------- who may read


@ACCESS.on(PersonRegistered, CompanyRegistered, InteractionRecorded, LeadCaptured, OpportunityOpened)
def kept_by(fact: Any, at: At) -> Iterable[Change]:
    yield Insert("subject_branches", {"tenant": at.tenant, "subject": _subject(fact), "branch": fact.branch})


@ACCESS.on(PersonUpdated, CompanyUpdated, InteractionUpdated, LeadUpdated, OpportunityUpdated)
def passed_to(fact: Any, at: At) -> Iterable[Change]:
    if "branch" in fact.fields:
        yield Insert("subject_branches", {"tenant": at.tenant, "subject": _subject(fact), "branch": fact.branch})


@ACCESS.on(HandoffOffered)
def offered(fact: HandoffOffered, at: At) -> Iterable[Change]:
    """The receiving branch reads what is offered to it; the asking one reads on after the subject has moved."""
    told = {f"{fact.subject.kind}:{fact.subject.id}", f"handoff:{fact.handoff_id}"}
    for kind, id in (("person", fact.person_id), ("company", fact.company_id)):
        if id and f"contacts.{kind}-{id}" not in fact.withheld:
            told.add(f"{kind}:{id}")
    for subject in sorted(told):
        row = {"tenant": at.tenant, "handoff_id": fact.handoff_id, "subject": subject}
        yield Insert("grants", {**row, "branch": fact.to_branch, "from_branch": fact.from_branch, "held": True})


@ACCESS.on(HandoffReassigned)
def reassigned(fact: HandoffReassigned, at: At) -> Iterable[Change]:
    yield Update("grants", {"tenant": at.tenant, "handoff_id": fact.handoff_id}, {"branch": fact.to_branch})


@ACCESS.on(HandoffReturned, HandoffWithdrawn)
def ended(fact: HandoffReturned | HandoffWithdrawn, at: At) -> Iterable[Change]:
    yield Update("grants", {"tenant": at.tenant, "handoff_id": fact.handoff_id}, {"held": False})


def _subject(fact: Any) -> str:
    """The record that the fact's stream is about."""
    match fact:
        case PersonRegistered() | PersonUpdated():
            return f"person:{fact.person_id}"
        case CompanyRegistered() | CompanyUpdated():
            return f"company:{fact.company_id}"
        case InteractionRecorded() | InteractionUpdated():
            return f"interaction:{fact.interaction_id}"
        case LeadCaptured() | LeadUpdated():
            return f"lead:{fact.lead_id}"
        case OpportunityOpened() | OpportunityUpdated():
            return f"opportunity:{fact.opportunity_id}"
        case _:
            raise TypeError(f"{type(fact).__name__} names no record with a branch")
