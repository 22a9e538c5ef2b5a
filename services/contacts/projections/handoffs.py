"""Handoffs as they are now, and the kinds of them.

The same functions fold one handoff's own stream for who asks for it by id (`services/contacts/api/handoff_views.py`).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from eventlog.projections import AppendItem, At, Change, Insert, Min, Projection
from facts.common import HandoffAsk, ManifestEntry, Subject
from facts.contacts import (
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
    LeadPersonFound,
    LeadPersonUndecided,
)
from facts.marketing import LeadQualified
from facts.sales import LeadLinked, OpportunityOpened
from services.columns import mark
from services.contacts.domain.handoff import OFFER
from services.contacts.domain.handoff_kind import created

HANDOFFS = Projection(
    "handoffs",
    tables={
        "handoffs": ("tenant", "id"),
        "lead_people": ("tenant", "lead_id"),
        "handoff_kinds": ("tenant", "kind"),
    },
    sources=("contacts", "marketing", "sales"),
)


# ------------------------------------------------------------------------------------------------------- asking


@HANDOFFS.on(LeadQualified)
def asked_by_lead(fact: LeadQualified, at: At) -> Iterable[Change]:
    ask: HandoffAsk = fact.ask
    yield _asked(ask, at, Subject(kind="lead", id=fact.lead_id), at.department, fact, previous_id=ask.previous_id)


@HANDOFFS.on(HandoffAsked)
def asked_by_hand(fact: HandoffAsked, at: At) -> Iterable[Change]:
    own = {"custom": fact.custom, "previous_id": fact.previous_id}
    yield _asked(fact, at, fact.subject, fact.from_department, fact, **mark(at), **own)


def _asked(ask: HandoffAsk | HandoffAsked, at: At, subject: Subject, department: str, says: Any, **more: Any) -> Change:
    """The part of the row that the asking fact gives. It never touches what the handoff's own stream tells."""
    return Insert(
        "handoffs",
        {
            "tenant": at.tenant,
            "id": ask.handoff_id,
            "create_time": at.recorded_at,
            "kind": ask.kind,
            "from_department": department,
            "to_department": ask.to_department,
            "from_branch": ask.from_branch,
            "asked_to_branch": ask.to_branch,
            "asked_assignee": ask.to_employee,
            "subject_kind": subject.kind,
            "subject_id": subject.id,
            "note": says.note,
            "brief": says.brief.model_dump() if says.brief else None,
            "asked_by": at.employee,
            "asked_at": ask.asked_at,
            "asking": {
                "department": at.department,
                "stream": at.stream,
                "version": at.version,
                "event_id": str(at.event_id),
            },
            **more,
        },
    )


# ------------------------------------------------------------------------------------------------- its own stream


@HANDOFFS.on(HandoffOffered)
def offered(fact: HandoffOffered, at: At) -> Iterable[Change]:
    steps = [_step(fact.asked_at, fact.asked_by, "asked", fact.note), _step(at.recorded_at, "", "offered")]
    for step in steps:
        yield _step_of(fact, at, step)
    yield _row(
        fact,
        at,
        kind=fact.kind,
        from_department=fact.from_department,
        to_department=fact.to_department,
        from_branch=fact.from_branch,
        held_by_branch=fact.to_branch,
        held_by=fact.assignee,
        subject_kind=fact.subject.kind,
        subject_id=fact.subject.id,
        person_id=fact.person_id,
        company_id=fact.company_id,
        state="OFFERED",
        note=fact.note,
        brief=fact.brief.model_dump() if fact.brief else None,
        missing=list(fact.missing),
        basis=fact.basis,
        manifest=_entries(fact.manifest),
        previous_id=fact.previous_id,
        deadline=fact.deadline,
        asked_by=fact.asked_by,
        asked_at=fact.asked_at,
    )


@HANDOFFS.on(HandoffDelivered)
def delivered(fact: HandoffDelivered, at: At) -> Iterable[Change]:
    receipt = {"part": fact.part, "entries": _entries(fact.receipt), "differences": []}
    yield _told(fact, at, "delivered", _part_note(fact.part))
    yield _row(fact, at, receipts=AppendItem(receipt), **_state_of_offer(fact.part, "DELIVERED"))


@HANDOFFS.on(HandoffDiscrepant)
def discrepant(fact: HandoffDiscrepant, at: At) -> Iterable[Change]:
    receipt = {"part": fact.part, "entries": _entries(fact.receipt), "differences": list(fact.differences)}
    yield _told(fact, at, "discrepant", "; ".join([*filter(None, [_part_note(fact.part)]), *fact.differences]))
    yield _row(fact, at, receipts=AppendItem(receipt), **_state_of_offer(fact.part, "DISCREPANT"))


@HANDOFFS.on(HandoffSupplemented)
def supplemented(fact: HandoffSupplemented, at: At) -> Iterable[Change]:
    part = {"part": fact.part, "basis": fact.basis, "manifest": _entries(fact.manifest)}
    yield _told(fact, at, "supplemented", ", ".join(entry.stream for entry in fact.manifest))
    yield _row(fact, at, supplements=AppendItem(part))


@HANDOFFS.on(HandoffQuestioned)
def questioned(fact: HandoffQuestioned, at: At) -> Iterable[Change]:
    question = {
        "id": fact.question_id,
        "question": fact.question,
        "asked_by": fact.asked_by,
        "asked_at": at.recorded_at,
    }
    yield _step_of(fact, at, _step(at.recorded_at, fact.asked_by, "questioned", fact.question))
    yield _row(fact, at, questions=AppendItem(_plain(question)), state="QUESTIONED")


@HANDOFFS.on(HandoffAnswered)
def answered(fact: HandoffAnswered, at: At) -> Iterable[Change]:
    answer = {
        "id": fact.question_id,
        "answer": fact.answer,
        "answered_by": fact.answered_by,
        "answered_at": at.recorded_at,
    }
    yield _step_of(fact, at, _step(at.recorded_at, fact.answered_by, "answered", fact.answer))
    state = "QUESTIONED" if fact.still_open else "DELIVERED"
    yield _row(fact, at, answers=AppendItem(_plain(answer)), state=state)


@HANDOFFS.on(HandoffAccepted)
def accepted(fact: HandoffAccepted, at: At) -> Iterable[Change]:
    yield _step_of(fact, at, _step(fact.accepted_at, fact.accepted_by, "accepted"))
    yield _row(
        fact,
        at,
        state="ACCEPTED",
        accepted_by=fact.accepted_by,
        accepted_at=fact.accepted_at,
        owner=fact.owner,
        closing={"part": "closing", "basis": fact.basis, "manifest": _entries(fact.closing)},
        **_leads_to(fact.opportunity_id),
    )


@HANDOFFS.on(HandoffReturned)
def returned(fact: HandoffReturned, at: At) -> Iterable[Change]:
    what = "handed back" if fact.handed_back else "returned"
    yield _step_of(fact, at, _step(at.recorded_at, fact.returned_by, what, fact.reason))
    yield _row(fact, at, state="RETURNED")


@HANDOFFS.on(HandoffReassigned)
def reassigned(fact: HandoffReassigned, at: At) -> Iterable[Change]:
    yield _told(fact, at, "reassigned", " ".join(filter(None, (fact.to_branch, fact.assignee))))
    yield _row(fact, at, held_by_branch=fact.to_branch, held_by=fact.assignee, deadline=fact.deadline, overdue=False)


@HANDOFFS.on(HandoffWithdrawn)
def withdrawn(fact: HandoffWithdrawn, at: At) -> Iterable[Change]:
    yield _step_of(fact, at, _step(at.recorded_at, fact.withdrawn_by, "withdrawn", fact.reason))
    yield _row(fact, at, state="WITHDRAWN")


@HANDOFFS.on(HandoffOverdue)
def overdue(fact: HandoffOverdue, at: At) -> Iterable[Change]:
    yield _told(fact, at, "overdue")
    yield _row(fact, at, overdue=True)


@HANDOFFS.on(HandoffUpdated)
def updated(fact: HandoffUpdated, at: At) -> Iterable[Change]:
    yield _row(fact, at, **({"custom": fact.custom} if "custom" in fact.fields else {}))


# ---------------------------------------------------------------------------------------------- what others tell


@HANDOFFS.on(OpportunityOpened, LeadLinked)
def opportunity(fact: OpportunityOpened | LeadLinked, at: At) -> Iterable[Change]:
    """The opportunity that an accepted handoff opened, or that its lead was linked to: the one that the acceptance
    names, so that it does not matter which of them is heard first."""
    if fact.handoff_id:
        row = {"tenant": at.tenant, "id": fact.handoff_id}
        yield Insert("handoffs", {**row, **_leads_to(fact.opportunity_id)})


@HANDOFFS.on(LeadPersonFound)
def person_found(fact: LeadPersonFound, at: At) -> Iterable[Change]:
    yield Insert("lead_people", {"tenant": at.tenant, "lead_id": fact.lead_id, "person_id": fact.person_id})


@HANDOFFS.on(LeadPersonUndecided)
def person_undecided(fact: LeadPersonUndecided, at: At) -> Iterable[Change]:
    yield Insert("lead_people", {"tenant": at.tenant, "lead_id": fact.lead_id, "person_id": ""})


@HANDOFFS.on(HandoffKindDefined)
def kind_defined(fact: HandoffKindDefined, at: At) -> Iterable[Change]:
    yield Insert(
        "handoff_kinds",
        {
            "tenant": at.tenant,
            "kind": fact.kind,
            **mark(at),
            "create_time": Min(created(fact.kind, at.recorded_at)),
            "from_department": fact.from_department,
            "to_department": fact.to_department,
            "deadline_working_minutes": fact.deadline_working_minutes,
            "required": list(fact.required),
            "custom": fact.custom,
        },
    )


# ------------------------------------------------------------------------------------------------------- details


def _row(fact: Any, at: At, **columns: Any) -> Change:
    return Insert("handoffs", {"tenant": at.tenant, "id": fact.handoff_id, **mark(at), **columns})


def _leads_to(opportunity_id: str) -> dict[str, list[str]]:
    return {"opportunity_ids": [opportunity_id]} if opportunity_id else {}


def _told(fact: Any, at: At, what: str, note: str = "") -> Change:
    return _step_of(fact, at, _step(at.recorded_at, at.employee, what, note))


def _step_of(fact: Any, at: At, step: dict[str, str]) -> Change:
    return Insert("handoffs", {"tenant": at.tenant, "id": fact.handoff_id, "history": AppendItem(step)})


def _step(at: datetime, employee: str, what: str, note: str = "") -> dict[str, str]:
    return {"at": at.isoformat(), "employee": employee, "what": what, "note": note}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: each.isoformat() if isinstance(each, datetime) else each for name, each in values.items()}


def _entries(manifest: Iterable[ManifestEntry]) -> list[dict[str, Any]]:
    return [entry.model_dump() for entry in manifest]


def _state_of_offer(part: str, state: str) -> dict[str, str]:
    """The receipt for what was offered decides the state; those for closing manifests and supplements stand alone."""
    return {"state": state} if part == OFFER else {}


def _part_note(part: str) -> str:
    return "" if part == OFFER else part
