"""Facts that wait: their rows in `stream_parked` are what is tried again, and say when.

A stream waits from its first parked fact on, and is tried as a whole: a fact that raises keeps all behind it waiting.
The retry topic tells the same to whoever looks. Nobody here hears it: Faust can lose a record, which nothing would
bring back, and a record that is not due yet holds up all behind it, of other streams too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from eventlog.events import Event, StreamKey, Version
from eventlog.trouble import growing_s
from eventlog.views import Views

#: A stream that waits is tried again after a second, and ever less often, down to once a minute.
RETRY_MIN_S, RETRY_MAX_S = 1.0, 60.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A fact that waits, why, how often its stream was tried, and when it may be again. `placed` says that it stands
    where it says; else its position hides no other."""

    source: str
    event: Event
    kind: str
    reason: str
    tried: int
    retry_at: datetime
    placed: bool = True


@dataclass(frozen=True, slots=True)
class Due:
    """A stream to be tried again, from the first to the last of its facts that wait. It was `tried` so often; `asked`
    says that somebody wants it now."""

    source: str
    tenant: str
    stream: str
    first: Version
    last: Version
    tried: int
    asked: bool


def again_at(tried: int, now: datetime) -> datetime:
    """When a stream may be tried again that was tried so often, at least once."""
    return now + timedelta(seconds=growing_s(tried, RETRY_MIN_S, RETRY_MAX_S))


async def due(views: Views, source: str, now: datetime) -> Sequence[Due]:
    """The streams of a source whose time has come, or that somebody asked for; those first."""
    return [Due(source, **row) for row in await views.fetch(_DUE, source, now)]


async def of_stream(views: Views, source: str, tenant: str, stream: str) -> Due | None:
    """A stream as it waits, due or not; None where it does not."""
    row = await views.fetchrow(_OF_STREAM, source, tenant, stream)
    return None if row is None else Due(source, **row)


async def first_waiting(views: Views, streams: Iterable[StreamKey]) -> Mapping[StreamKey, Version]:
    """The first version that waits, of each of the streams that wait."""
    keys = list(streams)
    rows = await views.fetch(_FIRST, [tenant for tenant, _ in keys], [name for _, name in keys])
    return {(row["tenant"], row["stream"]): Version(row["first"]) for row in rows}


async def park(connection: Any, tried: Iterable[Waiting], behind: Iterable[Waiting], now: datetime) -> None:
    """Those that were tried wait, and so do those that came behind one that waits and were not tried; one of these that
    waits already is as it is, repeated or not."""
    for sql, each in ((_TRIED, tried), (_BEHIND, behind)):
        rows = [_row(one, now) for one in each]
        if rows:
            await connection.executemany(sql, rows)


async def answered(connection: Any, due: Due) -> None:
    """A stream was tried as it was asked for. Who asks while it is tried is not answered by that."""
    if due.asked:
        await connection.execute(_ANSWERED, due.tenant, due.stream)


async def unpark(connection: Any, done: Sequence[Event]) -> None:
    """Under these versions nothing waits any more, whatever it was."""
    keys = [(event.tenant, event.stream, event.version) for event in done]
    if keys:
        await connection.execute(_UNPARK, *[list(column) for column in zip(*keys, strict=True)])


async def forget(connection: Any, due: Due, ended: Version) -> None:
    """Behind this version of a stream nothing waits."""
    await connection.execute(_FORGET, due.tenant, due.stream, ended)


def _row(waiting: Waiting, now: datetime) -> tuple[Any, ...]:
    event, why = waiting.event, (waiting.kind, waiting.reason)
    key = (event.tenant, event.stream, event.version)
    position = event.position if waiting.placed else 0
    return (*key, waiting.source, position, event.type, *why, now, waiting.tried, waiting.retry_at)


_STREAMS = """
SELECT tenant, stream, min(version) AS first, max(version) AS last, (array_agg(tried ORDER BY version))[1] AS tried,
    bool_or(asked) AS asked
FROM stream_parked WHERE source = $1
"""

_DUE = f"""{_STREAMS} GROUP BY tenant, stream
HAVING bool_or(asked) OR (array_agg(retry_at ORDER BY version))[1] <= $2
ORDER BY bool_or(asked) DESC, min(retry_at)
"""

_OF_STREAM = f"{_STREAMS} AND tenant = $2 AND stream = $3 GROUP BY tenant, stream"

_FIRST = """
SELECT tenant, stream, min(version) AS first
FROM stream_parked JOIN unnest($1::text[], $2::text[]) AS batch(tenant, stream) USING (tenant, stream)
GROUP BY tenant, stream
"""

_PARK = """
INSERT INTO stream_parked
    (tenant, stream, version, source, position, type, kind, reason, parked_at, tried, retry_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (tenant, stream, version)
"""

_TRIED = f"""{_PARK} DO UPDATE SET kind = EXCLUDED.kind, reason = EXCLUDED.reason, tried = EXCLUDED.tried,
    retry_at = EXCLUDED.retry_at, position = EXCLUDED.position, type = EXCLUDED.type
"""

_BEHIND = f"{_PARK} DO NOTHING"

_ANSWERED = "UPDATE stream_parked SET asked = false WHERE tenant = $1 AND stream = $2"

_UNPARK = """
DELETE FROM stream_parked p USING unnest($1::text[], $2::text[], $3::bigint[]) AS done(tenant, stream, version)
WHERE (p.tenant, p.stream, p.version) = (done.tenant, done.stream, done.version)
"""

_FORGET = "DELETE FROM stream_parked WHERE tenant = $1 AND stream = $2 AND version > $3"
