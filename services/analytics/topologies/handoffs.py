"""Handoffs: when each was asked for, delivered and accepted.

The asking fact may stand in another department's stream than the handoff itself: each tells its own part of the row.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from eventlog.codec import Recorded
from eventlog.events import StreamKey
from eventlog.topologies import Topology
from facts.analytics import Derived, HandoffRequested, HandoffStepped
from facts.common import HandoffAsk
from facts.contacts import HandoffAccepted, HandoffAsked, HandoffDelivered, HandoffOffered, HandoffReassigned
from facts.marketing import LeadQualified
from facts.registry import Value

#: What is delivered first of a handoff; closings and supplements come later.
OFFER = "offer"


class Steps(Value):
    """How far the handoff of this stream came; None before its first step, and in streams that only ask for one."""

    stepped: HandoffStepped | None = None


def process(key: StreamKey, state: Steps, heard: Recorded) -> tuple[Steps, Sequence[Derived]]:
    fact, at = heard
    match fact:
        case LeadQualified():
            return state, [_requested(fact.ask, at.department, at.recorded_at)]
        case HandoffAsked():
            return state, [_requested(fact, fact.from_department, at.recorded_at)]
        case HandoffOffered() | HandoffReassigned():
            return _stepped(state, fact.handoff_id, to_branch=fact.to_branch)
        case HandoffDelivered():
            if fact.part != OFFER or (state.stepped and state.stepped.delivered_at):
                return state, ()
            return _stepped(state, fact.handoff_id, delivered_at=at.recorded_at)
        case HandoffAccepted():
            accepted = {"accepted_at": at.recorded_at, "dated_at": fact.accepted_at}
            return _stepped(state, fact.handoff_id, to_branch=fact.to_branch, **accepted)
        case other:
            raise TypeError(f"no topology of handoffs for {type(other).__name__}")


def _requested(ask: HandoffAsk | HandoffAsked, from_department: str, recorded_at: datetime) -> Derived:
    return HandoffRequested(
        handoff_id=ask.handoff_id,
        kind=ask.kind,
        from_department=from_department,
        to_department=ask.to_department,
        from_branch=ask.from_branch,
        to_branch=ask.to_branch,
        asked_at=recorded_at,
        dated_at=ask.asked_at,
    )


def _stepped(state: Steps, handoff_id: str, **changed: Any) -> tuple[Steps, Sequence[Derived]]:
    stepped = (state.stepped or HandoffStepped(handoff_id=handoff_id)).model_copy(update=changed)
    return Steps(stepped=stepped), [stepped]


HANDOFFS = Topology(
    "handoffs",
    facts=(LeadQualified, HandoffAsked, HandoffOffered, HandoffReassigned, HandoffDelivered, HandoffAccepted),
    start=Steps(),
    process=process,
)
