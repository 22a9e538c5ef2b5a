"""What the topologies derive -> the rows that the metrics are counted from.

Every row is said whole by the facts of one stream (a handoff's by two, each its own columns), so rows come out the
same in whatever order streams are heard, and however often something is told.
"""

from collections.abc import Iterable

from eventlog.projections import At, Change, Delete, Insert, Projection
from facts.analytics import (
    Derived,
    HandoffRequested,
    HandoffStepped,
    LeadCounted,
    LeadWon,
    Stayed,
    TouchCounted,
    TouchDropped,
)
from services.analytics.topologies import TOPOLOGIES

METRICS = Projection(
    "metrics",
    tables={
        "metric_leads": ("tenant", "lead_id"),
        "metric_touches": ("tenant", "lead_id", "n"),
        "metric_wins": ("tenant", "lead_id", "opportunity_id"),
        "metric_stays": ("tenant", "kind", "id", "n"),
        "metric_handoffs": ("tenant", "handoff_id"),
        "metric_states": ("tenant", "topology", "stream"),
    },
    sources=("marketing", "contacts", "sales"),
    topologies=TOPOLOGIES,
    states="metric_states",
)


def _row(table: str, derived: Derived, at: At) -> Change:
    return Insert(table, {"tenant": at.tenant, **derived.model_dump()})


@METRICS.on(LeadCounted)
def lead_counted(derived: LeadCounted, at: At) -> Iterable[Change]:
    yield _row("metric_leads", derived, at)


@METRICS.on(TouchCounted)
def touch_counted(derived: TouchCounted, at: At) -> Iterable[Change]:
    yield _row("metric_touches", derived, at)


@METRICS.on(TouchDropped)
def touch_dropped(derived: TouchDropped, at: At) -> Iterable[Change]:
    yield Delete("metric_touches", {"tenant": at.tenant, "lead_id": derived.lead_id, "n": derived.n})


@METRICS.on(LeadWon)
def lead_won(derived: LeadWon, at: At) -> Iterable[Change]:
    yield _row("metric_wins", derived, at)


@METRICS.on(Stayed)
def stayed(derived: Stayed, at: At) -> Iterable[Change]:
    yield _row("metric_stays", derived, at)


@METRICS.on(HandoffRequested)
def handoff_requested(derived: HandoffRequested, at: At) -> Iterable[Change]:
    asked = derived.model_dump()
    moved = {"asked_to_branch": asked.pop("to_branch"), "asked_dated_at": asked.pop("dated_at")}
    yield Insert("metric_handoffs", {"tenant": at.tenant, **asked, **moved})


@METRICS.on(HandoffStepped)
def handoff_stepped(derived: HandoffStepped, at: At) -> Iterable[Change]:
    yield _row("metric_handoffs", derived, at)
