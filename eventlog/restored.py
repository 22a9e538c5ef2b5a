"""A department's log was restored to an earlier moment: those who hear it forget what they heard of it since.

The log is of a new generation then. What was heard and stands in it still is shared; behind the last of that, all was
lost. It goes from the ledger, and with it heads, parked and discarded events, and todos that came of it; the read
models are computed anew. What was done because of a lost fact is a fact of this department, and stays. So other events
can be heard at the same positions, streams and versions, and none of them is taken for a repeat.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from eventlog import metrics
from eventlog.clock import Clock
from eventlog.codec import Codec, Recorded
from eventlog.entry import Entry
from eventlog.errors import NotSafe
from eventlog.events import Event, Fork, Place, Position, StreamKey, Version, generation_at, is_lost
from eventlog.feed import Feed
from eventlog.fold import Asked, Folding
from eventlog.marks import supersede
from eventlog.parting import Parting, stands
from eventlog.parting import parting as parting_of
from eventlog.projections import At
from eventlog.reactions import Cancel, Lost
from eventlog.todos import written
from eventlog.views import Views

#: Computes the department's read models anew and swaps them.
Renew = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class KnownForks:
    """The forks of a source's log that a department knows of: in which generation it hears the source."""

    forks: Sequence[Fork] = ()

    @property
    def generation(self) -> int:
        return self.forks[-1].generation if self.forks else 1

    def lost(self, event: Event) -> bool:
        """Whether an event was told before its log was restored to an earlier moment."""
        return bool(self.forks) and is_lost(event.place, self.forks)

    def fits(self, event: Event) -> bool:
        """Whether an event that is not lost says the generation that its position is of."""
        return event.generation == (generation_at(event.position, self.forks) if self.forks else 1)


async def known_forks(connection: Any, source: str) -> KnownForks:
    rows = await connection.fetch(_KNOWN, source)
    return KnownForks([Fork(row["generation"], Position(row["position"])) for row in rows])


@dataclass(frozen=True, slots=True)
class _Forgetting:
    """What is to be forgotten, and what takes its place."""

    generation: int
    forks: Sequence[Fork]
    parting: Parting
    completely: Place
    digest: bytes | None
    discarded: Sequence[tuple[str, str, int]] = ()
    todos: Sequence[Asked | tuple[At, Cancel]] = ()
    streams: Sequence[Lost] = ()


class Restored:
    """What one department does about one source whose log was restored."""

    def __init__(self, name: str, views: Views, codec: Codec, feed: Feed, folding: Folding, clock: Clock) -> None:
        self._name = name
        self._views = views
        self._codec = codec
        self._feed = feed
        self._folding = folding
        self._clock = clock
        self._own = feed.department == name
        self._log = logging.getLogger(f"baton.restored.{name}.{feed.department}")

    async def notice(self, generation: int) -> None:
        """The source is of this generation now. Raises `NotSafe` where the own log parted from the own views."""
        async with self._alone():
            if (await known_forks(self._views.pool, self._feed.department)).generation >= generation:
                return  # Another process has noticed, too.
            async with self._views.transaction() as connection:
                # From here on nobody saves what was heard under the former generation: who takes the assignment again
                # comes here first.
                await supersede(connection, self._feed.department)
            forgetting = await self._forgetting(generation)
            async with self._views.transaction() as connection:
                await supersede(connection, self._feed.department)
                facts = await self._forget(connection, forgetting)
        if facts:
            metrics.FORGOTTEN.labels(self._name, self._feed.department).inc(facts)
            self._log.error(
                "ALARM the log of %s was restored: it is in generation %d and shares what was heard up to position %d;"
                " %d facts of %d streams that were heard behind it are lost, and forgotten here",
                *(self._feed.department, generation, forgetting.parting.shared, facts, len(forgetting.streams)),
            )

    async def renew(self, renew: Renew | None) -> bool:
        """Compute the read models anew, if they still show what is forgotten; whether that was necessary."""
        if not await self._views.fetchval(_DIRTY):
            return False
        async with self._alone():
            dirty = await self._views.fetch(_DIRTY_ROWS)
            if dirty:
                if renew is None:
                    raise NotSafe(f"the views of {self._name} show what was lost: run `baton rebuild {self._name}`")
                await renew()
                await self._views.executemany(_RENEWED, [tuple(row) for row in dirty])
        return True

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        async with self._views.pool.acquire() as connection:
            await connection.execute("SELECT pg_advisory_lock(hashtextextended('baton.restored', 0))")
            try:
                yield
            finally:
                await connection.execute("SELECT pg_advisory_unlock(hashtextextended('baton.restored', 0))")

    async def _forgetting(self, generation: int) -> _Forgetting:
        forks = [each for each in await self._feed.forks() if each.generation <= generation]
        row = await self._views.fetchrow(_CHECKPOINT, self._feed.department)
        place = Place(row["generation"], Position(row["position"])) if row else Place(0, Position(0))
        is_heard = not place.position or await stands(self._feed, place.position, row["digest"] if row else None)
        if self._own:
            if not is_heard:
                raise NotSafe(
                    f"the views of {self._name} heard {place} of the own log, which is not there: restore both to the"
                    " same moment"
                )
            here = Place(generation, place.position)
            return _Forgetting(generation, forks, Parting(place.position), here, row["digest"] if row else None)
        parting = await parting_of(self._views, self._feed.department, partial(stands, self._feed))
        upto = place.position
        if not (is_heard or (self._feed.topic is not None and parting.lost is None)):
            upto = min(upto, parting.shared)
        known_before = await known_forks(self._views.pool, self._feed.department)
        upto = min([upto, *(each.position for each in forks if each.generation > known_before.generation)])
        event = await self._feed.at(upto) if upto and self._feed.topic is None else None
        streams = [] if parting.lost is None else await self._lost_streams(parting.lost)
        return _Forgetting(
            *(generation, forks, parting, Place(generation, upto), event.digest if event else None),
            discarded=await self._lost_discards(),
            todos=await self._asked_before(streams, parting),
            streams=streams,
        )

    async def _lost_streams(self, lost: Position) -> list[Lost]:
        rows = await self._views.fetch(_LOST_STREAMS, self._feed.department, lost)
        return [Lost(row["tenant"], row["stream"], Version(row["version"])) for row in rows]

    async def _lost_discards(self) -> list[tuple[str, str, int]]:
        """Discarded events that their log no longer has."""
        found = []
        for row in await self._views.fetch(_DISCARDED, self._feed.department):
            version = Version(row["version"])
            events = await self._feed.refetch(row["tenant"], row["stream"], Version(version - 1), version)
            if [event.digest for event in events] != [row["digest"]]:
                found.append((row["tenant"], row["stream"], row["version"]))
        return found

    async def _asked_before(self, streams: Sequence[Lost], parting: Parting) -> list[Asked | tuple[At, Cancel]]:
        """What the streams' shared facts asked for under a key, in which a lost fact may have taken its place. Their
        command ids are what they were, so what was done already is answered."""
        found: list[Asked | tuple[At, Cancel]] = []
        for tenant, stream in ((each.tenant, each.stream) for each in streams):
            rows = await self._views.fetch(_SHARED_VERSIONS, tenant, stream, parting.lost)
            shared = {row["version"] for row in rows}
            events = await self._feed.refetch(tenant, stream, Version(0), Version(max(shared))) if shared else ()
            wanted = [event for event in events if event.version in shared and self._folding.wants(event.type)]
            decoded = await self._codec.decode_many(self._feed.department, wanted)
            entries = [
                Entry(event, each) for event, each in zip(wanted, decoded, strict=True) if isinstance(each, Recorded)
            ]
            found.extend(
                each
                for each in self._folding.fold(entries).todos
                if not isinstance(each, Asked) or each.todo.key is not None
            )
        return found

    async def _forget(self, connection: Any, what: _Forgetting) -> int:
        """How many ledgered facts that were."""
        source, lost = self._feed.department, what.parting.lost
        facts = 0
        if what.discarded:
            await connection.executemany(_FORGET_DISCARDED, what.discarded)
        if lost is not None:
            facts = await connection.fetchval(_FORGET_LEDGERED, source, lost)
            await connection.execute(_FORGET_TODOS, source, lost)
        behind = what.completely.position if self._feed.topic is None and not self._own else None
        await self._forget_parked(connection, what.forks, behind)
        streams = [(each.tenant, each.stream) for each in what.streams]
        await self._set_heads(connection, [*streams, *((tenant, stream) for tenant, stream, _ in what.discarded)])
        await self._ask_again(connection, what.todos)
        losses = [asked for each in what.streams for asked in self._folding.lost(each, what.generation)]
        for statement in written(losses, self._clock()):
            await connection.execute(statement.sql, *statement.arrays)
        await connection.execute(_CONTINUE, source, *_columns(what.completely), what.digest)
        rows = {each.generation: each.position for each in what.forks}
        rows.setdefault(what.generation, what.parting.shared)
        for generation, position in rows.items():
            count = facts if generation == what.generation else 0
            await connection.execute(_NOTED, source, generation, position, count, not count)
        return facts

    async def _forget_parked(self, connection: Any, forks: Sequence[Fork], behind: Position | None) -> None:
        """What of a log in one sequence stands `behind` where it goes on is heard again, and perhaps parked again."""
        rows = await connection.fetch(_PARKED, self._feed.department)
        gone = [
            (row["tenant"], row["stream"], row["version"])
            for row in rows
            if is_lost(Place(row["generation"], Position(row["position"])), forks)
            or (behind is not None and row["position"] > behind)
        ]
        if gone:
            await connection.executemany(_FORGET_PARKED, gone)

    async def _set_heads(self, connection: Any, streams: Sequence[StreamKey]) -> None:
        columns = [[each[n] for each in dict.fromkeys(streams)] for n in range(2)]
        await connection.execute(_FORGET_HEADS, *columns)
        await connection.execute(_SET_HEADS, *columns)

    async def _ask_again(self, connection: Any, todos: Sequence[Asked | tuple[At, Cancel]]) -> None:
        """What stands in the table still was asked by a fact that is not lost."""
        standing = {tuple(row) for row in await connection.fetch(_STANDING)} if todos else set()
        wanted = [each for each in todos if _key(each) not in standing]
        for statement in written(wanted, self._clock()):
            await connection.execute(statement.sql, *statement.arrays)


def _key(asked: Asked | tuple[At, Cancel]) -> tuple[str, str, str | None]:
    if isinstance(asked, Asked):
        return asked.at.tenant, asked.todo.kind, asked.todo.key
    at, cancel = asked
    return at.tenant, cancel.kind, cancel.key


def _columns(place: Place) -> tuple[int, int]:
    return place.generation, place.position


_KNOWN = "SELECT generation, position FROM views.forks WHERE source = $1 ORDER BY generation"
_DIRTY = "SELECT EXISTS (SELECT FROM views.forks WHERE NOT rebuilt)"
_DIRTY_ROWS = "SELECT source, generation FROM views.forks WHERE NOT rebuilt"
_RENEWED = "UPDATE views.forks SET rebuilt = true WHERE source = $1 AND generation = $2"

_CHECKPOINT = "SELECT generation, position, digest FROM views.checkpoints WHERE source = $1"

_LOST_STREAMS = """
SELECT tenant, stream, min(version) AS version FROM views.ledger WHERE department = $1 AND position >= $2
GROUP BY tenant, stream ORDER BY tenant, stream
"""
_SHARED_VERSIONS = "SELECT version FROM views.ledger WHERE tenant = $1 AND stream = $2 AND position < $3"
_DISCARDED = "SELECT tenant, stream, version, digest FROM views.discarded WHERE source = $1"
_PARKED = "SELECT tenant, stream, version, generation, position FROM views.parked WHERE source = $1"
_STANDING = "SELECT tenant, kind, key FROM views.todos WHERE key IS NOT NULL"

_FORGET_LEDGERED = """
WITH gone AS (DELETE FROM views.ledger WHERE department = $1 AND position >= $2 RETURNING 1) SELECT count(*) FROM gone
"""
_FORGET_TODOS = "DELETE FROM views.todos WHERE source = $1 AND position >= $2"
_FORGET_DISCARDED = "DELETE FROM views.discarded WHERE tenant = $1 AND stream = $2 AND version = $3"
_FORGET_PARKED = "DELETE FROM views.parked WHERE tenant = $1 AND stream = $2 AND version = $3"

_FORGET_HEADS = """
DELETE FROM views.heads h USING unnest($1::text[], $2::text[]) AS v(tenant, stream)
WHERE h.tenant = v.tenant AND h.stream = v.stream
"""
_SET_HEADS = """
INSERT INTO views.heads (tenant, stream, version, digest, department)
SELECT DISTINCT ON (tenant, stream) tenant, stream, version, digest, department
FROM (
    SELECT l.tenant, l.stream, l.version, l.digest, l.department
    FROM unnest($1::text[], $2::text[]) AS v(tenant, stream)
    JOIN views.ledger l ON l.tenant = v.tenant AND l.stream = v.stream
    UNION ALL
    SELECT d.tenant, d.stream, d.version, d.digest, d.source
    FROM unnest($1::text[], $2::text[]) AS v(tenant, stream)
    JOIN views.discarded d ON d.tenant = v.tenant AND d.stream = v.stream
) known
ORDER BY tenant, stream, version DESC
"""

_CONTINUE = """
INSERT INTO views.checkpoints AS c (source, generation, position, digest) VALUES ($1, $2, $3, $4)
ON CONFLICT (source) DO UPDATE SET generation = EXCLUDED.generation, position = EXCLUDED.position,
    digest = EXCLUDED.digest
"""
_NOTED = """
INSERT INTO views.forks (source, generation, position, facts, rebuilt) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
"""
