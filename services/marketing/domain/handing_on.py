"""A lead changes hands: to sales, back from sales, or to nobody."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from eventlog.decider import Refused
from facts.common import Brief, HandoffAsk
from facts.marketing import LeadDisqualified, LeadQualified, LeadReturned
from services.marketing.domain.lead import Lead, LeadFact, must_exist


@dataclass(frozen=True, slots=True)
class Heard:
    """What contacts told of a lead's handoffs: those that wait for sales, those that are settled (accepted, returned or
    withdrawn), and of these the ones that nobody holds any more (returned or withdrawn)."""

    open: Collection[str] = ()
    settled: Collection[str] = ()
    ended: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Asking:
    """How a lead is handed on. `qualified_at` is when that happened in the world."""

    handoff_id: str
    qualified_at: datetime
    note: str = ""
    brief: Brief | None = None
    to_branch: str = ""
    to_employee: str = ""


def qualify(state: Lead, asking: Asking, heard: Heard) -> Sequence[LeadFact]:
    """Ask for a handoff to sales; one at a time."""
    must_exist(state)
    if state.state == "DISQUALIFIED":
        raise Refused("this lead is disqualified")
    waiting = open_handoff(state, heard)
    if waiting:
        raise Refused(f"handoff {waiting} of this lead is open: it must be accepted, returned or withdrawn first")
    ask = HandoffAsk(
        handoff_id=asking.handoff_id,
        kind="lead-to-sales",
        to_department="sales",
        from_branch=state.branch,
        to_branch=asking.to_branch or state.branch,
        to_employee=asking.to_employee,
        previous_id=state.handoff_id,
        asked_at=asking.qualified_at,
    )
    return [
        LeadQualified(lead_id=state.id, qualified_at=asking.qualified_at, ask=ask, note=asking.note, brief=asking.brief)
    ]


def disqualify(state: Lead, reason: str, heard: Heard) -> Sequence[LeadFact]:
    """Give the lead up; contacts withdraws the handoff that is open."""
    must_exist(state)
    if state.state == "DISQUALIFIED":
        raise Refused("this lead is disqualified already")
    return [LeadDisqualified(lead_id=state.id, reason=reason, handoff_id=open_handoff(state, heard))]


def give_back(state: Lead, handoff_id: str, reason: str, heard: Heard) -> Sequence[LeadFact]:
    """The receiving department returned the lead. That of another handoff changes nothing while the one that marketing
    asked for last is open or held by who accepted it. What else is open, asked for by hand, changes nothing about it:
    that ends in any order, and a return is told once only."""
    must_exist(state)
    if state.state == "DISQUALIFIED":
        return []
    if state.state == "QUALIFIED" and state.handoff_id != handoff_id and state.handoff_id not in heard.ended:
        return []
    return [LeadReturned(lead_id=state.id, handoff_id=handoff_id, reason=reason)]


def open_handoff(state: Lead, heard: Heard) -> str:
    """The lead's handoff that nobody accepted, returned or withdrew yet, or "". One that marketing asked is open
    from the moment of asking, long before contacts tells of it."""
    if state.state == "QUALIFIED" and state.handoff_id not in heard.settled:
        return state.handoff_id
    return min((each for each in heard.open if each != state.handoff_id), default="")
