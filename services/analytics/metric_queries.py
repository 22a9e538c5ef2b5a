"""The questions of `metric_queries.sql`, and the rows they return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from eventlog.decider import Refused
from eventlog.events import Place, Position
from eventlog.views import Views
from runtime.sql import named
from services.analytics.queries import HEARD, Answer, answer_of

_QUESTIONS = named(Path(__file__).with_name("metric_queries.sql"))

#: So many rows are answered at most; a longer time has more windows than anybody reads.
ROWS_MAX = 10_000
#: So many ends of the sliding day are answered at most: 31 days, hour by hour.
DAYS_MAX = 744
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Rows:
    """Where the rows are. `heard` is the table that says how far they go: the projector's, or that of streaming
    workers (`eventlog/streaming`)."""

    views: Views
    heard: str = "checkpoints"


@dataclass(frozen=True)
class Range:
    """From `start` (included) to `end` (not included); None is open. Raises `Refused` when it ends before it starts."""

    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        if self.start and self.end and self.end < self.start:
            raise Refused("ends before it begins", field="to")


@dataclass(frozen=True)
class Scope:
    """Whose numbers: a tenant's, or those of one of its branches."""

    tenant: str
    branch: str | None


async def counted(rows: Rows) -> Mapping[str, Place]:
    """How far the rows go in what each department told; 1.0 where nothing of it is counted."""
    found = await rows.views.fetch(f"SELECT source, generation, position FROM {rows.heard}")
    nowhere = dict.fromkeys(HEARD, Place(1, Position(0)))
    return nowhere | {row["source"]: Place(max(row["generation"], 1), Position(row["position"])) for row in found}


async def touches(rows: Rows, scope: Scope, during: Range, group_by: str, window: str) -> Answer:
    """Leads and touches by window and key. Raises `Refused` when there are more than `ROWS_MAX`."""
    moments = (during.start, during.end)
    answer = await _ask(rows, "touches", scope, group_by, *moments, window, ROWS_MAX + 1)
    if len(answer.rows) > ROWS_MAX:
        raise Refused(f"more than {ROWS_MAX} rows: ask for a shorter time, or longer windows", field="from")
    return answer


async def dwell(rows: Rows, scope: Scope, during: Range, group_by: str) -> Answer:
    """Stays that ended in a time, and how many go on, by kind, state and key."""
    answer = await _ask(rows, "dwell", scope, group_by, during.start, during.end)
    return Answer([{**row, "stays": spread(row)} for row in answer.rows], answer.positions)


async def handoffs(rows: Rows, scope: Scope, ends: Sequence[datetime], group_by: str) -> Answer:
    """What happened to handoffs in the 24 hours before each of these moments."""
    answer = await _ask(rows, "handoffs", scope, group_by, list(ends))
    found = [
        {
            **row,
            "asked": row["steps"].get("asked", {}).get("count", 0),
            **{name: spread(row["steps"].get(name)) for name in ("delivery", "acceptance", "response")},
        }
        for row in answer.rows
    ]
    return Answer(found, answer.positions)


def day_ends(during: Range, now: datetime) -> Sequence[datetime]:
    """The moments at which the sliding day ends: the end of the range (or now), and with a start the full hours in it.
    Raises `Refused` when those are too many."""
    end = during.end or now
    if during.start is None:
        return [end]
    if end < during.start:
        raise Refused("lies in the future: there is no such day yet", field="from")
    first = during.start.replace(minute=0, second=0, microsecond=0)
    first = first if first == during.start else first + _HOUR
    count = (end - first) // _HOUR + 1
    if count > DAYS_MAX:
        raise Refused(f"more than {DAYS_MAX} hours: ask for a shorter time", field="from")
    return [first + n * _HOUR for n in range(count)]


def spread(row: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The fields of a `Spread`; of nothing, the count alone."""
    if not row or not row["count"]:
        return {"count": 0}
    names = ("p50", "p90", "p95", "p99")
    percentiles = dict(zip(names, (timedelta(microseconds=us) for us in row["percentiles"]), strict=True))
    mean = round(Fraction(int(row["sum"]), row["count"]))
    longest = timedelta(microseconds=row["max"])
    return {"count": row["count"], **percentiles, "mean": timedelta(microseconds=mean), "max": longest}


async def _ask(rows: Rows, question: str, scope: Scope, *arguments: Any) -> Answer:
    sql = _QUESTIONS[question].replace("FROM checkpoints", f"FROM {rows.heard}")
    (found,) = await rows.views.fetch(sql, scope.tenant, scope.branch, *arguments)
    return answer_of(found)
