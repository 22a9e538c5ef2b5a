"""Dwell: how long each lead and each opportunity stayed in each of its states, and who had it.

A state begins and ends when the world dates the fact that changes it, else when that fact was recorded. Whoever has
the record when a state ends, has had all of it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from eventlog.codec import Recorded
from eventlog.events import StreamKey
from eventlog.topologies import Topology
from facts.analytics import Derived, Stayed
from facts.marketing import LeadCaptured, LeadDisqualified, LeadQualified, LeadReturned, LeadUpdated
from facts.registry import Value
from facts.sales import OpportunityLost, OpportunityOpened, OpportunityReopened, OpportunityUpdated, OpportunityWon

#: The state that a fact leads to.
_LEADS_TO: Mapping[Any, str] = {
    LeadQualified: "QUALIFIED",
    LeadReturned: "RETURNED",
    LeadDisqualified: "DISQUALIFIED",
    OpportunityWon: "WON",
    OpportunityLost: "LOST",
    OpportunityReopened: "OPEN",
}


class Stays(Value):
    """`now` is the state it is in. `first` is the first one, whose beginning may be corrected later."""

    first: Stayed | None = None
    now: Stayed | None = None


def process(key: StreamKey, state: Stays, heard: Recorded) -> tuple[Stays, Sequence[Derived]]:
    fact, at = heard
    match fact:
        case LeadCaptured():
            return _begun("lead", fact.lead_id, "NEW", fact, fact.captured_at)
        case OpportunityOpened():
            return _begun("opportunity", fact.opportunity_id, "OPEN", fact, fact.opened_at)
        case LeadUpdated() | OpportunityUpdated():
            return _updated(state, fact)
        case _:
            return _moved(state, _LEADS_TO[type(fact)], at.occurred_at or at.recorded_at)


def _begun(kind: str, id: str, state: str, fact: Any, at: datetime) -> tuple[Stays, Sequence[Derived]]:
    stayed = Stayed(kind=kind, id=id, n=1, state=state, branch=fact.branch, employee=fact.owner, entered_at=at)
    return Stays(first=stayed, now=stayed), [stayed]


def _updated(state: Stays, fact: LeadUpdated | OpportunityUpdated) -> tuple[Stays, Sequence[Derived]]:
    now, first = _there(state)
    names = {"branch": "branch", "owner": "employee"}
    held = {column: getattr(fact, field) for field, column in names.items() if field in fact.fields}
    told: dict[int, Stayed] = {}
    if held:
        now = told[now.n] = now.model_copy(update=held)
        first = now if now.n == 1 else first
    if isinstance(fact, LeadUpdated) and "captured_at" in fact.fields:
        first = told[1] = first.model_copy(update={"entered_at": fact.captured_at})
        now = first if now.n == 1 else now
    return Stays(first=first, now=now), list(told.values())


def _moved(state: Stays, to: str, at: datetime) -> tuple[Stays, Sequence[Derived]]:
    now, first = _there(state)
    if now.state == to:
        return state, ()
    left = now.model_copy(update={"left_at": at})
    entered = left.model_copy(update={"n": left.n + 1, "state": to, "entered_at": at, "left_at": None})
    return Stays(first=left if left.n == 1 else first, now=entered), [left, entered]


def _there(state: Stays) -> tuple[Stayed, Stayed]:
    if state.now is None or state.first is None:
        raise ValueError("a record changed before it began")
    return state.now, state.first


DWELL = Topology(
    "dwell",
    facts=(LeadCaptured, LeadUpdated, OpportunityOpened, OpportunityUpdated, *_LEADS_TO),
    start=Stays(),
    process=process,
)
