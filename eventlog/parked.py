"""Streams that were stopped by a fact that could not be handled: that event and all later ones of its stream wait here
with the reason, while everything else goes on. Nothing is ever skipped silently.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from eventlog.entry import ALARM, Entry, Parked
from eventlog.events import Event, Place, Position, StreamKey, Version
from eventlog.marks import supersede
from eventlog.views import Views
from eventlog.writing import Statement


@dataclass(frozen=True, slots=True)
class Stopped:
    """One parked stream: its first parked event, why it is parked, and how many wait with it."""

    source: str
    tenant: str
    stream: str
    version: Version
    type: str
    kind: str
    reason: str
    parked_at: datetime
    events: int


@dataclass(frozen=True, slots=True)
class Discarding:
    """To go on without one event of a stream. `record` makes that a fact, under a command id derived from the event's
    id, before anything is discarded."""

    tenant: str
    stream: str
    version: Version
    reason: str
    now: datetime
    record: Callable[[Event], Awaitable[None]]


async def parked_streams(connection: Any, source: str) -> dict[StreamKey, str]:
    """The parked streams of a source, each with the kind of its first parked event."""
    rows = await connection.fetch(_STREAMS, source)
    return {(row["tenant"], row["stream"]): row["kind"] for row in rows}


def parking(source: str, parked: Sequence[Parked], now: datetime) -> list[Statement]:
    """Statements that park. Of an event that came twice, what is wrong with it stays, not that it follows itself."""
    first: dict[tuple[str, str, int], Parked] = {}
    for each in parked:
        first.setdefault((*each.entry.stream, each.entry.event.version), each)
    rows = [(source, *_row(each), now) for each in first.values()]
    return [Statement(_PARK, list(zip(*rows, strict=True)))] if rows else []


def unparking(entries: Sequence[Entry]) -> list[Statement]:
    """Statements that forget the rows of events that were handled after all."""
    rows = [(*entry.stream, entry.event.version) for entry in entries]
    return [Statement(_UNPARK, list(zip(*rows, strict=True)))] if rows else []


def forgetting(stream: StreamKey, after: Version) -> Statement:
    """A statement that forgets what is parked of a stream behind a version."""
    return Statement(_FORGET, (*stream, after))


async def bounds(connection: Any, stream: StreamKey) -> tuple[Version, Version]:
    """The version up to which a stream was handled, and the last one of it that is parked (0: none)."""
    row = await connection.fetchrow(_BOUNDS, *stream)
    first = row["first"]
    handled = row["handled"] if first is None else max(0, min(row["handled"], first - 1))
    return Version(handled), Version(row["last"] or 0)


async def alarmed_positions(connection: Any, stream: StreamKey) -> list[Position]:
    """Where the events stand, as they say themselves, whose digests raised an alarm for a stream."""
    return [Position(row["position"]) for row in await connection.fetch(_ALARMED, *stream, ALARM)]


class ParkedStreams:
    """What `baton parked` does. `heal` is the projector's: it hears a stream again from its owner's log."""

    def __init__(self, views: Views, heal: Callable[[str, StreamKey], Awaitable[bool]]) -> None:
        self._views = views
        self._heal = heal

    async def list(self, tenant: str | None = None) -> Sequence[Stopped]:
        """Every parked stream (of one tenant), the longest parked first."""
        return [Stopped(**row) for row in await self._views.fetch(_LIST, tenant)]

    async def show(self, tenant: str, stream: str) -> Sequence[tuple[Event, str, str]]:
        """The parked events of a stream, each with the kind and reason of its parking."""
        rows = await self._views.fetch(_SHOW, tenant, stream)
        return [(_event(row), row["kind"], row["reason"]) for row in rows]

    async def retry(self, tenant: str, stream: str) -> bool:
        """Handle the stream's events again, as its owner's log has them; True when none remains parked."""
        source = await self._source(tenant, stream)
        return await self._heal(source, (tenant, stream)) if source else True

    async def discard(self, what: Discarding) -> bool:
        """Go on without an event, where it is the first of its stream that is parked. It is never ledgered: no receipt
        stands on it. True when nothing of the stream remains parked."""
        rows = await self._views.fetch(_SHOW, what.tenant, what.stream)
        if not rows or rows[0]["version"] != what.version:
            return not rows
        await what.record(_event(rows[0]))
        async with self._views.transaction() as connection:
            await supersede(connection, rows[0]["source"])
            await connection.execute(_DISCARD, what.tenant, what.stream, what.version, what.reason, what.now)
        return await self._heal(rows[0]["source"], (what.tenant, what.stream))

    async def _source(self, tenant: str, stream: str) -> str | None:
        found = await self._views.fetchval(
            "SELECT source FROM views.parked WHERE tenant = $1 AND stream = $2 LIMIT 1", tenant, stream
        )
        return str(found) if found else None


def _row(parked: Parked) -> tuple[Any, ...]:
    entry, event = parked.entry, parked.entry.event
    return (
        *(event.tenant, event.stream, event.version, event.generation, event.position, event.id, event.type),
        *(event.schema, event.recorded_at, event.metadata, event.data, event.digest, entry.digest or None),
        *(parked.kind, parked.reason),
    )


def _event(row: Any) -> Event:
    place = Place(row["generation"], Position(row["position"]))
    return Event(
        *(place.generation, place.position, row["tenant"], row["stream"], Version(row["version"]), row["event_id"]),
        *(row["type"], row["schema"], row["recorded_at"], row["metadata"], row["data"], row["digest"]),
    )


_STREAMS = """
SELECT DISTINCT ON (tenant, stream) tenant, stream, kind FROM views.parked
WHERE source = $1 ORDER BY tenant, stream, version
"""

_PARK = """
INSERT INTO views.parked (source, tenant, stream, version, generation, position, event_id, type, schema, recorded_at,
    metadata, data, digest, recomputed, kind, reason, parked_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::uuid[],
    $8::text[], $9::integer[], $10::timestamptz[], $11::bytea[], $12::bytea[], $13::bytea[], $14::bytea[], $15::text[],
    $16::text[], $17::timestamptz[])
ON CONFLICT (tenant, stream, version) DO UPDATE SET
    data = EXCLUDED.data, metadata = EXCLUDED.metadata, digest = EXCLUDED.digest,
    recomputed = EXCLUDED.recomputed, kind = EXCLUDED.kind, reason = EXCLUDED.reason
WHERE EXCLUDED.kind <> 'FOLLOWS'
"""

_UNPARK = """
DELETE FROM views.parked p USING unnest($1::text[], $2::text[], $3::bigint[]) AS v(tenant, stream, version)
WHERE p.tenant = v.tenant AND p.stream = v.stream AND p.version = v.version
"""

_ALARMED = """
SELECT position FROM views.parked WHERE tenant = $1 AND stream = $2 AND kind = $3 AND position > 0 ORDER BY position
"""

_FORGET = "DELETE FROM views.parked WHERE tenant = $1 AND stream = $2 AND version > $3"

_BOUNDS = """
SELECT min(p.version) AS first, max(p.version) AS last,
    coalesce((SELECT version FROM views.heads WHERE tenant = $1 AND stream = $2), 0) AS handled
FROM views.parked p WHERE p.tenant = $1 AND p.stream = $2
"""

_LIST = """
SELECT DISTINCT ON (tenant, stream) source, tenant, stream, version, type, kind, reason, parked_at,
    count(*) OVER (PARTITION BY tenant, stream) AS events
FROM views.parked WHERE $1::text IS NULL OR tenant = $1 ORDER BY tenant, stream, version
"""

_SHOW = "SELECT * FROM views.parked WHERE tenant = $1 AND stream = $2 ORDER BY version"

_DISCARD = """
WITH gone AS (
    DELETE FROM views.parked WHERE tenant = $1 AND stream = $2 AND version = $3 RETURNING *
), kept AS (
    INSERT INTO views.discarded (source, tenant, stream, version, digest, type, reason, discarded_at)
    SELECT source, tenant, stream, version, digest, type, $4, $5 FROM gone
)
INSERT INTO views.heads AS h (tenant, stream, version, digest, department)
SELECT tenant, stream, version, digest, source FROM gone
ON CONFLICT (tenant, stream) DO UPDATE SET version = EXCLUDED.version, digest = EXCLUDED.digest
WHERE h.version < EXCLUDED.version
"""
