"""What people decide about a handoff. Each verb says in which states it is allowed, and refuses in words otherwise."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from eventlog.decider import NotThere, Refused
from facts.contacts import (
    HandoffAccepted,
    HandoffAnswered,
    HandoffQuestioned,
    HandoffReassigned,
    HandoffReturned,
    HandoffUpdated,
    HandoffWithdrawn,
)
from services.contacts.domain.handoff import (
    ACCEPTED,
    ASKED,
    DELIVERED,
    OFFER,
    OPEN,
    QUESTIONED,
    Handoff,
    HandoffFact,
)
from services.contacts.domain.manifest import Entries, named_of, newer

_IN_HAND = (DELIVERED, QUESTIONED)


@dataclass(frozen=True)
class Acceptance:
    """Who takes it over. `opportunity_id` is one that is there already, or empty; `concerning` is what concerns the
    subject at `basis`: what is new in it since the offer makes the closing manifest, without opening what is
    `withheld`. `person_id` may have been found since the offer."""

    owner: str
    accepted_by: str
    accepted_at: datetime
    basis: Mapping[str, str]
    concerning: Entries
    person_id: str = ""
    opportunity_id: str = ""
    keep_promises: tuple[str, ...] = ()
    withheld: Collection[str] = ()


def opened_by(handoff_id: str) -> str:
    """The id of the opportunity that an accepted handoff opens."""
    return str(uuid5(UUID(handoff_id), "opportunity"))


def accept(state: Handoff, by: Acceptance) -> Sequence[HandoffFact]:
    _only(state, _IN_HAND, "accepted")
    offered = {each.stream: each.version for each in state.parts[OFFER].manifest}
    opens = state.to_department == "sales" and not by.opportunity_id
    closing = newer(by.concerning, offered)
    return [
        HandoffAccepted(
            handoff_id=state.id,
            kind=state.kind,
            to_department=state.to_department,
            subject=state.subject,
            person_id=by.person_id or state.person_id,
            company_id=state.company_id,
            to_branch=state.to_branch,
            owner=by.owner,
            opportunity_id=opened_by(state.id) if opens else by.opportunity_id,
            opens=opens,
            accepted_by=by.accepted_by,
            accepted_at=by.accepted_at,
            keep_promises=by.keep_promises,
            basis=dict(by.basis),
            closing=closing,
            withheld=named_of(by.withheld, closing),
        )
    ]


def ask(state: Handoff, question_id: str, question: str, asked_by: str) -> Sequence[HandoffFact]:
    _only(state, _IN_HAND, "questioned")
    return [HandoffQuestioned(handoff_id=state.id, question_id=question_id, question=question, asked_by=asked_by)]


def answer(state: Handoff, question_id: str, answer: str, answered_by: str) -> Sequence[HandoffFact]:
    _only(state, (QUESTIONED,), "answered")
    if question_id not in state.questions:
        raise Refused("there is no such question", field="question_id")
    if state.questions[question_id]:
        raise Refused("this question is answered already", field="question_id")
    still_open = sum(not answered for answered in state.questions.values()) - 1
    return [
        HandoffAnswered(
            handoff_id=state.id, question_id=question_id, answer=answer, answered_by=answered_by, still_open=still_open
        )
    ]


def give_back(state: Handoff, reason: str, returned_by: str) -> Sequence[HandoffFact]:
    _only(state, _IN_HAND, "returned")
    return [_returned(state, reason, returned_by, handed_back=False)]


def hand_back(state: Handoff, reason: str, returned_by: str) -> Sequence[HandoffFact]:
    _only(state, (ACCEPTED,), "handed back")
    return [_returned(state, reason, returned_by, handed_back=True)]


def reassign(state: Handoff, to_branch: str, assignee: str, deadline: datetime) -> Sequence[HandoffFact]:
    _only(state, _IN_HAND, "reassigned")
    if (to_branch, assignee) == (state.to_branch, state.assignee):
        return []
    return [HandoffReassigned(handoff_id=state.id, to_branch=to_branch, assignee=assignee, deadline=deadline)]


def withdraw(state: Handoff, reason: str, withdrawn_by: str) -> Sequence[HandoffFact]:
    """Raises `NotThere` where nobody asked, as far as was heard."""
    _exists(state)
    _only(state, OPEN, "withdrawn")
    return [HandoffWithdrawn(handoff_id=state.id, subject=state.subject, reason=reason, withdrawn_by=withdrawn_by)]


def withdraw_with_lead(state: Handoff, reason: str, withdrawn_by: str) -> Sequence[HandoffFact]:
    """The lead was disqualified. What was accepted, returned or withdrawn meanwhile stays as it is."""
    return withdraw(state, reason, withdrawn_by) if state.state in OPEN else []


def update(state: Handoff, given: Mapping[str, Any]) -> Sequence[HandoffFact]:
    _exists(state)
    custom = given.get("custom", state.custom)
    if custom == state.custom:
        return []
    return [HandoffUpdated(handoff_id=state.id, fields=("custom",), custom=custom)]


def _returned(state: Handoff, reason: str, returned_by: str, *, handed_back: bool) -> HandoffReturned:
    return HandoffReturned(
        handoff_id=state.id,
        subject=state.subject,
        from_department=state.from_department,
        reason=reason,
        returned_by=returned_by,
        handed_back=handed_back,
    )


def _exists(state: Handoff) -> None:
    if not state.id:
        raise NotThere("there is no such handoff")


def _only(state: Handoff, allowed: Sequence[str], done: str) -> None:
    found = state.state or ASKED
    if found not in allowed:
        raise Refused(f"only a handoff that is {' or '.join(allowed)} can be {done}; this one is {found}")
