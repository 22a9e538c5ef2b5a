"""Facts -> rows of marketing's read models."""

from collections.abc import Iterable
from typing import Any

from eventlog.projections import AppendItem, At, Change, Insert, Max, Projection, Update
from facts.contacts import HandoffOffered, LeadPersonFound, LeadPersonUndecided
from facts.marketing import (
    LeadCaptured,
    LeadDisqualified,
    LeadPersonLinked,
    LeadQualified,
    LeadReturned,
    LeadTouched,
    LeadUpdated,
)
from services.columns import columns, mark, plain
from services.offers import offers

LEADS = Projection("leads", tables={"leads": ("tenant", "id")}, sources=("marketing", "contacts"))
OFFERS = offers("marketing.lead")

_NOT_COLUMNS = frozenset({"lead_id", "row"})
_CAPTURED = tuple(name for name in LeadCaptured.model_fields if name not in _NOT_COLUMNS)


@LEADS.on(LeadCaptured)
def captured(fact: LeadCaptured, at: At) -> Iterable[Change]:
    row = {"create_time": at.recorded_at, **mark(at), **columns(fact, _CAPTURED), "imported_row": fact.row}
    yield Insert("leads", {**_key(fact.lead_id, at), **row})


@LEADS.on(LeadUpdated)
def updated(fact: LeadUpdated, at: At) -> Iterable[Change]:
    imported = {"imported_row": fact.row} if fact.row else {}
    yield _lead(fact.lead_id, at, **columns(fact, fact.fields), **imported)


@LEADS.on(LeadTouched)
def touched(fact: LeadTouched, at: At) -> Iterable[Change]:
    yield _lead(fact.lead_id, at, touches=AppendItem(plain(fact.touch)))


@LEADS.on(LeadQualified)
def qualified(fact: LeadQualified, at: At) -> Iterable[Change]:
    yield _lead(fact.lead_id, at, state="QUALIFIED", handoff_id=fact.ask.handoff_id)


@LEADS.on(LeadDisqualified)
def disqualified(fact: LeadDisqualified, at: At) -> Iterable[Change]:
    yield _lead(fact.lead_id, at, state="DISQUALIFIED")


@LEADS.on(LeadReturned)
def returned(fact: LeadReturned, at: At) -> Iterable[Change]:
    yield _lead(fact.lead_id, at, state="RETURNED", handoff_id=fact.handoff_id)


@LEADS.on(LeadPersonLinked)
def person_linked(fact: LeadPersonLinked, at: At) -> Iterable[Change]:
    yield _lead(fact.lead_id, at, decided_person_id=fact.person_id)


@LEADS.on(LeadPersonFound)
def person_found(fact: LeadPersonFound, at: At) -> Iterable[Change]:
    found = {"found_person_id": fact.person_id, "found_candidates": []}
    yield Insert("leads", {**_key(fact.lead_id, at), **found})


@LEADS.on(LeadPersonUndecided)
def person_undecided(fact: LeadPersonUndecided, at: At) -> Iterable[Change]:
    yield Insert("leads", {**_key(fact.lead_id, at), "found_candidates": list(fact.candidates)})


@LEADS.on(HandoffOffered)
def company_offered(fact: HandoffOffered, at: At) -> Iterable[Change]:
    """Handoffs are streams of their own and may be heard in any order: the one asked last says the company."""
    if fact.subject.kind == "lead" and fact.company_id:
        company = Max(f"{fact.asked_at.isoformat()}|{fact.company_id}")
        yield Insert("leads", {**_key(fact.subject.id, at), "offered_company": company})


def _lead(id: str, at: At, **columns: Any) -> Change:
    return Update("leads", _key(id, at), {**mark(at), **columns})


def _key(id: str, at: At) -> dict[str, Any]:
    return {"tenant": at.tenant, "id": id}
