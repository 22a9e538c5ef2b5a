"""A department's read models computed anew from the logs, beside the live ones; compared, and swapped.

The fresh tables stand in a schema of their own and follow the logs up to where the live ones are. Then the live
checkpoints are locked, so that both stand still at one position; the differences are found, and the tables change
places in that same transaction. Readers never see a gap: they read the old tables until it commits. Reactions never
run here. Ledger, todos and parked events are no read models and stay.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from eventlog import release
from eventlog.ahead import ahead
from eventlog.codec import Codec
from eventlog.compare import Difference, compare
from eventlog.entry import Entry
from eventlog.errors import LogError
from eventlog.events import Event, Place, Position, StreamKey
from eventlog.feed import Feed, LogFeed, complete
from eventlog.fold import Folding
from eventlog.ledger import ledgered, unequal
from eventlog.marks import NOWHERE, hold, supersede, whole
from eventlog.postgres.patience import HELD, lock_tables, patiently
from eventlog.projections import Projection
from eventlog.topologies import read_states
from eventlog.views import SCHEMA, Views
from eventlog.writing import Writer

FRESH, OLD = "views_rebuild", "views_old"

#: Events that are written together.
BATCH_EVENTS = 2000

#: Behind by no more than this, the rest is folded while the live projector stands still.
CLOSE_EVENTS = 5000


class RebuildFailed(LogError):
    """The fresh tables are not to be trusted, or could not take the live ones' place; the live ones are unchanged."""


class RebuildBusy(RebuildFailed):
    """Another rebuild is under way, perhaps of another process."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came out: facts folded, the position of each source at which both were compared, and the differences."""

    events: int
    places: Mapping[str, Place]
    differences: Sequence[Difference]


@dataclass(slots=True)
class _Course:
    """How far one source was folded here: up to `place`, and what is `ahead` of it (positions). Nobody else can go on
    with it: a rebuild that dies starts over."""

    feed: LogFeed
    folding: Folding
    place: Place = NOWHERE
    ahead: set[Position] = field(default_factory=set)


class _Live(NamedTuple):
    """Up to where the live tables have anything of a source. What was heard in parts is read in the order of its log as
    well, but of what comes behind the slowest part the live tables have only what is ledgered."""

    place: Place
    in_parts: bool


@dataclass
class Rebuild:
    """`ddl` is the department's `schema.sql`, in names without a schema. One of `feeds` is the department's own log."""

    department: str
    views: Views
    codec: Codec
    feeds: Iterable[Feed]
    projections: Sequence[Projection]
    ddl: str
    _events: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._log = logging.getLogger(f"baton.rebuild.{self.department}")
        self._tables = {table: tuple(key) for each in self.projections for table, key in each.tables.items()}
        self._writer = Writer(FRESH)
        self._courses = [
            _Course(feed.in_log_order(), Folding(feed.department, self.department, self.projections))
            for feed in self.feeds
        ]

    @property
    def tables(self) -> Collection[str]:
        """The tables that are computed."""
        return self._tables.keys()

    async def run(
        self, *, check: bool = False, tenant: str | None = None, compared: bool = True, reshaped: bool = False
    ) -> Rebuilt:
        """Build, compare (one tenant's rows, or all) and, unless it is only a check, swap. `compared` is false where
        the rows need not be equal, `reshaped` true where the live tables are of another release. Raises
        `RebuildFailed`; `NotSafe` where they are, and were not to be."""
        async with self._alone():
            try:
                indexes = await self._lay_out()
                left_out = await self._left_out(self.views.pool)
                while await self._follow(await self._live(self.views.pool), left_out) > CLOSE_EVENTS:
                    pass
                for statement in (*indexes, *(f'ANALYZE {FRESH}."{table}"' for table in self._tables)):
                    await self.views.execute(statement)
                return await self._meet(
                    left_out, self._tables if compared else {}, check=check, tenant=tenant, reshaped=reshaped
                )
            finally:
                await self.views.execute(f"DROP SCHEMA IF EXISTS {FRESH} CASCADE")

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        async with self.views.pool.acquire() as connection:
            if not await connection.fetchval("SELECT pg_try_advisory_lock(hashtextextended('baton.rebuild', 0))"):
                raise RebuildBusy(f"another rebuild of {self.department} is under way")
            try:
                yield
            finally:
                await connection.execute("SELECT pg_advisory_unlock(hashtextextended('baton.rebuild', 0))")

    async def _lay_out(self) -> list[str]:
        """Empty tables without their secondary indexes, which are cheaper to make over what was loaded. Returns the
        statements that make them."""
        async with self.views.transaction() as connection:
            await connection.execute(f"DROP SCHEMA IF EXISTS {FRESH} CASCADE; CREATE SCHEMA {FRESH}")
            await connection.execute(f"SET LOCAL search_path = {FRESH}")
            await connection.execute(self.ddl)
            await self._writer.load(connection, self._tables)
            rows = await connection.fetch(_SECONDARY_INDEXES, FRESH, list(self._tables))
            for row in rows:
                await connection.execute(f'DROP INDEX {FRESH}."{row["name"]}"')
        return [row["definition"] for row in rows]

    async def _live(self, connection: Any) -> dict[str, _Live]:
        rows = await connection.fetch(_LIVE)
        return {
            row["source"]: _Live(Place(row["generation"], Position(row["position"])), row["in_parts"]) for row in rows
        }

    async def _left_out(self, connection: Any) -> dict[StreamKey, set[int]]:
        """Parked and discarded events are not in the live tables, and must not be in the fresh ones: a retry adds a
        parked one to whatever tables are live then."""
        found: dict[StreamKey, set[int]] = {}
        for row in await connection.fetch(_LEFT_OUT):
            found.setdefault((row["tenant"], row["stream"]), set()).add(row["version"])
        return found

    async def _follow(self, live: Mapping[str, _Live], left_out: Mapping[StreamKey, set[int]]) -> int:
        """Fold every source up to where the live tables are. Returns how many events that were."""
        before = self._events
        for course in self._courses:
            target = live.get(course.feed.department)
            if target is None or target.place.position <= course.place.position:
                continue
            if (await course.feed.head()).position < target.place.position:
                raise RebuildFailed(f"the log of {course.feed.department} ends before {target.place}, which was heard")
            await self._fold(course, target, left_out)
        return self._events - before

    async def _fold(self, course: _Course, target: _Live, left_out: Mapping[StreamKey, set[int]]) -> None:
        reached = target.place
        async with aclosing(ahead(self._pages(course, target.place), BATCH_EVENTS)) as batches:
            async for entries in batches:
                counted = [e for e in entries if e.event.version not in left_out.get(e.stream, ())]
                if target.in_parts and counted:
                    entries, late = await self._heard(course, counted)
                    counted, reached = entries, min([reached, *late])
                await self._compare_with_ledger(course, counted)
                await self._write(course.folding, counted)
                self._events += len(entries)
        course.place = reached
        course.ahead = {position for position in course.ahead if position > reached.position}

    async def _heard(self, course: _Course, entries: Sequence[Entry]) -> tuple[list[Entry], list[Place]]:
        """Of what is not folded yet, what the live tables have, and up to where the log may be gone over where they
        lack something."""
        async with self.views.deriving.acquire() as connection:
            found = await ledgered(connection, entries)
        known = {entry.event.position for entry in found}
        late = [entry.event.place for entry in entries if entry.event.position not in known]
        new = [entry for entry in found if entry.event.position not in course.ahead]
        course.ahead |= known
        return new, [Place(place.generation, Position(place.position - 1)) for place in late]

    async def _pages(self, course: _Course, target: Place) -> AsyncGenerator[list[Entry], None]:
        after = course.place.position
        async with aclosing(course.feed.pages(whole(course.place))) as pages:
            async for page in pages:
                events = await complete(course.feed, page, after)
                after = page.scanned
                yield await self._decoded(course, [event for event in events if event.position <= target.position])
                if page.scanned >= target.position:
                    return

    async def _decoded(self, course: _Course, events: Sequence[Event]) -> list[Entry]:
        wanted = [event for event in events if course.folding.wants(event.type)]
        decoded = await self.codec.decode_many(course.feed.department, wanted)
        return [Entry(event, recorded) for event, recorded in zip(wanted, decoded, strict=True)]

    async def _compare_with_ledger(self, course: _Course, entries: Sequence[Entry]) -> None:
        if not entries or course.feed.department == self.department:
            return
        async with self.views.deriving.acquire() as connection:
            found = await unequal(connection, entries)
        for entry in found:
            raise RebuildFailed(f"version {entry.event.version} of {entry.event.stream} is not what was ledgered")

    async def _write(self, folding: Folding, entries: Sequence[Entry]) -> None:
        async with self.views.deriving.acquire() as connection, connection.transaction():
            folded = folding.fold(entries, await read_states(connection, FRESH, folding.state_keys(entries)))
            folded.keep_states()
            if folded.parked:
                first = folded.parked[0].entry.event
                raise RebuildFailed(f"version {first.version} of {first.stream}: {folded.parked[0].reason}")
            for statement in self._writer.statements(folded.changes):
                await connection.execute(statement.sql, *statement.arrays)

    async def _meet(
        self,
        left_out: Mapping[StreamKey, set[int]],
        compared: Mapping[str, Sequence[str]],
        *,
        check: bool,
        tenant: str | None,
        reshaped: bool,
    ) -> Rebuilt:
        """Stop both at one position, compare, swap. Whoever has folded so much comes back for the swap alone."""

        async def attempt() -> Rebuilt:
            async with self.views.transaction() as connection:
                await hold(connection)
                if await self._left_out(connection) != left_out:
                    raise RebuildFailed("streams were parked, retried or discarded meanwhile: rebuild again")
                if not reshaped and await release.remembered(connection):
                    await release.require(connection, release.digest(self.ddl))
                live = await self._live(connection)
                await self._follow(live, left_out)
                differences = [
                    await compare(connection, SCHEMA, FRESH, table, key, tenant)
                    for table, key in sorted(compared.items())
                ]
                if not check:
                    await self._swap(connection)
                    if reshaped:
                        await release.remember(connection, release.UNDER_WAY)
            return Rebuilt(self._events, {source: each.place for source, each in live.items()}, differences)

        try:
            return await patiently(attempt, "the swap", self._log)
        except HELD as error:
            raise RebuildFailed("readers held the tables through all attempts to swap") from error

    async def _swap(self, connection: Any) -> None:
        await lock_tables(connection, sorted(self._tables))
        await connection.execute(f"DROP SCHEMA IF EXISTS {OLD} CASCADE; CREATE SCHEMA {OLD}")
        for table in sorted(self._tables):
            await connection.execute(f'ALTER TABLE {SCHEMA}."{table}" SET SCHEMA {OLD}')
            await connection.execute(f'ALTER TABLE {FRESH}."{table}" SET SCHEMA {SCHEMA}')
        await connection.execute(f"DROP SCHEMA {OLD} CASCADE")
        # What the live projector is computing was meant for the old tables.
        await supersede(connection)


#: Up to where the live tables have anything: of a source that is heard in parts, that is what its ledger has.
_LIVE = """
SELECT c.source, c.generation, c.position, false AS in_parts FROM views.checkpoints c
WHERE NOT EXISTS (SELECT FROM views.marks m WHERE m.source = c.source)
UNION ALL
SELECT m.source, l.generation, l.position, true FROM (SELECT DISTINCT source FROM views.marks) m
JOIN LATERAL (
    SELECT generation, position FROM views.ledger WHERE department = m.source
    ORDER BY generation DESC, position DESC LIMIT 1
) l ON true
"""

_SECONDARY_INDEXES = """
SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE n.nspname = $1 AND t.relname = ANY($2) AND NOT i.indisunique
"""

_LEFT_OUT = """
SELECT tenant, stream, version FROM views.parked UNION ALL SELECT tenant, stream, version FROM views.discarded
"""
