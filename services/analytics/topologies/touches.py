"""Leads and their touches: when and through which source each came."""

from collections.abc import Iterable, Sequence
from typing import Any

from eventlog.codec import Recorded
from eventlog.events import StreamKey
from eventlog.topologies import Topology
from facts.analytics import Derived, LeadCounted, TouchCounted, TouchDropped
from facts.marketing import LeadCaptured, LeadTouched, LeadUpdated, Touch
from facts.registry import Value

#: What is counted of a lead, and corrected later.
_COUNTED = ("captured_at", "source", "landing_page", "campaign", "branch")


class Lead(Value):
    """`counted` is None before the capture. `bare`: it came without touches, so its capture is touch number 0.
    `touches` counts the others."""

    counted: LeadCounted | None = None
    bare: bool = False
    touches: int = 0


def process(key: StreamKey, state: Lead, heard: Recorded) -> tuple[Lead, Sequence[Derived]]:
    match heard.fact:
        case LeadCaptured() as fact:
            return _captured(fact)
        case LeadUpdated() as fact:
            return _updated(state, fact)
        case LeadTouched() as fact:
            n = state.touches + 1
            return state.model_copy(update={"touches": n}), [_touch(fact.lead_id, n, fact.touch)]
        case other:
            raise TypeError(f"no topology of touches for {type(other).__name__}")


def _captured(fact: LeadCaptured) -> tuple[Lead, Sequence[Derived]]:
    values = {name: getattr(fact, name) for name in _COUNTED}
    state = Lead(counted=LeadCounted(lead_id=fact.lead_id, **values), bare=not fact.touches, touches=len(fact.touches))
    return state, [*_lead(state), *_numbered(fact.lead_id, fact.touches)]


def _updated(state: Lead, fact: LeadUpdated) -> tuple[Lead, Sequence[Derived]]:
    if state.counted is None:
        raise ValueError("a lead was updated before it was captured")
    derived: list[Derived] = []
    changed = {name: getattr(fact, name) for name in _COUNTED if name in fact.fields}
    if changed:
        state = state.model_copy(update={"counted": state.counted.model_copy(update=changed)})
        derived.extend(_lead(state))
    if "touches" in fact.fields:
        derived.extend(_numbered(fact.lead_id, fact.touches))
        gone = range(len(fact.touches) + 1, state.touches + 1)
        derived.extend(TouchDropped(lead_id=fact.lead_id, n=n) for n in gone)
        state = state.model_copy(update={"touches": len(fact.touches)})
    return state, derived


def _lead(state: Lead) -> Iterable[Derived]:
    lead = state.counted
    if lead is None:
        return
    yield lead
    if state.bare:
        yield TouchCounted(
            lead_id=lead.lead_id,
            n=0,
            at=lead.captured_at,
            source=lead.source,
            campaign=lead.campaign,
            landing_page=lead.landing_page,
        )


def _numbered(lead_id: str, touches: Sequence[Touch]) -> Iterable[Derived]:
    return (_touch(lead_id, n, touch) for n, touch in enumerate(touches, 1))


def _touch(lead_id: str, n: int, touch: Touch) -> Derived:
    values: dict[str, Any] = touch.model_dump()
    return TouchCounted(lead_id=lead_id, n=n, **values)


TOUCHES = Topology("touches", facts=(LeadCaptured, LeadUpdated, LeadTouched), start=Lead(), process=process)
