"""A lead: who turned to the company, how, and whether sales was asked to take over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, assert_never

from eventlog.decider import Decider, NotThere, Refused
from facts.marketing import (
    Consent,
    Enquiry,
    LeadCaptured,
    LeadCompany,
    LeadDisqualified,
    LeadPerson,
    LeadPersonLinked,
    LeadQualified,
    LeadReturned,
    LeadTouched,
    LeadUpdated,
    Touch,
)
from facts.updates import changes, said

LeadFact = LeadCaptured | LeadUpdated | LeadTouched | LeadQualified | LeadDisqualified | LeadReturned | LeadPersonLinked

#: What an update may change, and what each field is when it is cleared.
DEFAULTS = {
    name: info.get_default()
    for name, info in LeadUpdated.model_fields.items()
    if name not in ("lead_id", "fields", "row")
}


@dataclass(frozen=True, slots=True)
class Lead:
    """`person_id` is whose lead it is as an employee decided; what contacts found out is known to contacts.

    `imported` is what the row last imported said, `row` its digest."""

    id: str = ""
    external_id: str = ""
    source: str = ""
    landing_page: str = ""
    campaign: str = ""
    branch: str = ""
    owner: str = ""
    person: LeadPerson | None = None
    company: LeadCompany | None = None
    note: str = ""
    enquiry: Enquiry | None = None
    consents: tuple[Consent, ...] = ()
    touches: tuple[Touch, ...] = ()
    custom: Mapping[str, Any] = field(default_factory=dict)
    captured_at: datetime | None = None
    state: str = "NEW"
    person_id: str = ""
    handoff_id: str = ""
    imported: Mapping[str, Any] = field(default_factory=dict)
    row: str = ""


def evolve(state: Lead, fact: LeadFact) -> Lead:
    match fact:
        case LeadCaptured():
            values = {name: getattr(fact, name) for name in DEFAULTS}
            imported = said({}, values, DEFAULTS) if fact.row else {}
            return Lead(id=fact.lead_id, imported=imported, row=fact.row, **values)
        case LeadUpdated():
            changed = {name: getattr(fact, name) for name in fact.fields}
            if not fact.row:
                return replace(state, **changed)
            return replace(state, **changed, imported=said(state.imported, changed, DEFAULTS), row=fact.row)
        case LeadTouched():
            return replace(state, touches=(*state.touches, fact.touch))
        case LeadQualified():
            return replace(state, state="QUALIFIED", handoff_id=fact.ask.handoff_id)
        case LeadDisqualified():
            return replace(state, state="DISQUALIFIED")
        case LeadReturned():
            return replace(state, state="RETURNED", handoff_id=fact.handoff_id)
        case LeadPersonLinked():
            return replace(state, person_id=fact.person_id)
        case _:
            assert_never(fact)


LEAD = Decider("marketing.lead", Lead(), evolve)


def capture(state: Lead, lead_id: str, given: Mapping[str, Any], now: datetime, *, row: str = "") -> Sequence[LeadFact]:
    """`given` has fields of `LeadCaptured`; times that nobody gave are those of the capture."""
    if state.id:
        raise Refused("this lead is captured already")
    captured_at = given.get("captured_at") or now
    values = {"captured_at": captured_at, **_dated(given, captured_at)}
    return [LeadCaptured.model_validate({**values, "lead_id": lead_id, "row": row})]


def update(state: Lead, given: Mapping[str, Any]) -> Sequence[LeadFact]:
    """Change what differs of plain values; None clears a field. An enquiry may be told later, but not otherwise."""
    must_exist(state)
    wanted = dict(given)
    if state.enquiry and not _says_nothing_else(state.enquiry.model_dump(), wanted.pop("enquiry", {})):
        message = "an enquiry is told once; record what was said since as an interaction"
        raise Refused(message, field="lead.enquiry")
    if wanted.get("captured_at", state.captured_at) is None:
        raise Refused("a lead keeps the time of its capture", field="lead.captured_at")
    return change(state, typed(wanted, wanted.get("captured_at") or state.captured_at))


def change(state: Lead, values: Mapping[str, Any], *, row: str = "") -> Sequence[LeadFact]:
    """Change what differs, given as the facts' own types; None clears. An imported row is remembered in any case."""
    wanted = {name: DEFAULTS[name] if value is None else value for name, value in values.items()}
    changed = changes(state, wanted, always=wanted if row else ())
    if not changed and not row:
        return []
    return [LeadUpdated(lead_id=state.id, fields=tuple(changed), row=row, **changed)]


def typed(given: Mapping[str, Any], captured_at: datetime | None) -> dict[str, Any]:
    """Plain values of a request as the facts' own types; times that nobody gave are those of the capture."""
    asked = {name: value for name, value in given.items() if name in DEFAULTS}
    told = _dated({name: value for name, value in asked.items() if value is not None}, captured_at)
    values = LeadUpdated.model_validate({"lead_id": "", "fields": (), **told})
    return {name: getattr(values, name) for name in asked}


def touch(state: Lead, touched: Touch) -> Sequence[LeadFact]:
    must_exist(state)
    return [LeadTouched(lead_id=state.id, touch=touched)]


def link_person(state: Lead, person_id: str) -> Sequence[LeadFact]:
    must_exist(state)
    return [] if state.person_id == person_id else [LeadPersonLinked(lead_id=state.id, person_id=person_id)]


def must_exist(state: Lead) -> None:
    """Raises `NotThere`."""
    if not state.id:
        raise NotThere("there is no such lead")


def _dated(given: Mapping[str, Any], captured_at: datetime | None) -> dict[str, Any]:
    """What was given without its time happened when the lead was captured."""
    dated = dict(given)
    for name in ("consents", "touches"):
        if name in dated:
            dated[name] = [{"at": captured_at, **item} for item in dated[name]]
    if dated.get("enquiry") is not None:
        dated["enquiry"] = {"occurred_at": captured_at, **dated["enquiry"]}
    return dated


def _says_nothing_else(told: Any, given: Any) -> bool:
    """A client that sends back what it has read, or part of it, changes nothing."""
    if isinstance(given, Mapping):
        return all(_says_nothing_else((told or {}).get(name), value) for name, value in given.items())
    if isinstance(given, Sequence) and not isinstance(given, str):
        pairs = zip(told or (), given, strict=False)
        return len(told or ()) == len(given) and all(_says_nothing_else(*pair) for pair in pairs)
    return bool(told == given)
