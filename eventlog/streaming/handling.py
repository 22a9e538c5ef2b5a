"""A batch of facts as Kafka brought them -> rows, derived records and what is known of their streams.

    lost         what its log does not have since it was restored to an earlier moment is passed over
    repeats      a version that was folded is dropped, before anything is derived from it
    gaps         a version that did not come is read from its owner's log, in front of the one that showed it
    parked       a fact whose function raises waits, with all that follow in its stream: in its row, and as told in the
                 retry topic
    derived      told under ids that follow from their facts
    rows         one transaction: of facts that are not in the rows yet, and of no others
    known        what is known of the streams, last

A crash between any two of these repeats the batch, and each of them may be repeated. What is in the rows was told.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from eventlog import metrics
from eventlog.changes import Changes
from eventlog.codec import Codec, Recorded
from eventlog.entry import FOLLOWS, Entry, StreamKey
from eventlog.errors import NotSafe, Poison
from eventlog.events import Event, Place, Position, Version
from eventlog.fold import Folded, Folding
from eventlog.marks import Superseded
from eventlog.projections import At, Projection
from eventlog.streaming import heard, waiting
from eventlog.streaming.heard import LaterGeneration, Missing, TakenBack
from eventlog.streaming.restores import Forked, Restores
from eventlog.streaming.streams import Known, Streams, Unkept
from eventlog.streaming.waiting import Due, Waiting
from eventlog.topologies import Derived, StateKey, States, stored
from eventlog.views import Views
from eventlog.writing import Writer

_BEHIND = "an earlier fact of its stream waits"

#: Of one stream, so many facts behind one that never came are read with it.
_GAP_EVENTS = 1000


class Owner(Forked, Protocol):
    """A department's log itself, part of `eventlog.feed.Feed`."""

    async def refetch(self, tenant: str, stream: str, after: Version, upto: Version) -> Sequence[Event]: ...

    async def at(self, position: Position) -> Event | None: ...

    async def head(self) -> Place: ...


@dataclass(frozen=True)
class Telling:
    """Where the results go besides the rows; each returns once it is durable there."""

    derived: Callable[[Sequence[tuple[At, Derived]]], Awaitable[None]]
    waiting: Callable[[Sequence[Waiting]], Awaitable[None]]


@dataclass(slots=True)
class _Batch:
    """What is to be folded, in this order; what was folded before; what comes behind a fact that waits; what was known
    of each stream."""

    ready: list[Event] = field(default_factory=list)
    repeats: list[Event] = field(default_factory=list)
    behind: list[Event] = field(default_factory=list)
    known: dict[StreamKey, Known] = field(default_factory=dict)


class Handling:
    """Folds for one department. `projection` is the one that names the topologies; its table of states is not used."""

    def __init__(
        self,
        department: str,
        views: Views,
        codec: Codec,
        projection: Projection,
        owners: Mapping[str, Owner],
        telling: Telling,
        clock: Callable[[], datetime],
        epoch: int,
    ) -> None:
        self.sources = tuple(projection.sources)
        self._department = department
        self._views = views
        self._codec = codec
        self._states = projection.states
        self._owners = owners
        self._telling = telling
        self._clock = clock
        self._epoch = epoch
        self._writer = Writer()
        self._all_tables = sorted(projection.tables)
        self._tables = [table for table in projection.tables if table != projection.states]
        self._foldings = {source: Folding(source, department, [projection]) for source in projection.sources}
        self._discarded: frozenset[tuple[str, str, bytes]] = frozenset()
        self._restores = Restores(owners)
        self._log = logging.getLogger(f"baton.stream.{department}")

    async def load(self) -> None:
        """Learn the columns of the tables, and what to go on without. Raises `LookupError`."""
        async with self._views.pool.acquire() as connection:
            await self._writer.load(connection, self._tables)
        await self._learn_discarded()

    async def _learn_discarded(self) -> None:
        """Only what waits can be discarded, so it is enough to look before it is tried again."""
        rows = await self._views.fetch("SELECT tenant, stream, digest FROM stream_discarded")
        self._discarded = frozenset((row["tenant"], row["stream"], row["digest"]) for row in rows)

    async def handle(self, source: str, events: Sequence[Event], streams: Streams, *, again: Due | None = None) -> None:
        """One batch of a source, each stream's facts in their order; or those of a stream that waited, `again`. Raises
        what the infrastructure raises; the same batch may be given again then. Raises `Superseded` when another epoch
        began, and begins one where the rows have what a restore of the log took back."""
        try:
            await self._handle(source, await self._restores.still_told(source, events), streams, again)
        except LaterGeneration:
            await self._restores.ask(source)
            await self._handle(source, await self._restores.still_told(source, events), streams, again)

    async def _handle(self, source: str, events: Sequence[Event], streams: Streams, again: Due | None) -> None:
        batch = await self._prepare(source, events, streams, again)
        entries = await self._decoded(source, batch.ready)
        states = self._states_of(batch)
        folded = self._foldings[source].fold(entries, states)
        tried, now = again.tried + 1 if again else 1, self._clock()
        retry_at = waiting.again_at(tried, now)
        parked = [Waiting(source, each.entry.event, each.kind, each.reason, tried, retry_at) for each in folded.parked]
        behind = [Waiting(source, event, FOLLOWS, _BEHIND, tried, now) for event in batch.behind]
        await self._telling.waiting([*parked, *behind])
        await self._telling.derived(folded.derived)
        async with self._locked(source) as (connection, upto):
            await self._write(connection, source, upto, folded, states)
            await waiting.park(connection, parked, behind, now)
            if again:
                await waiting.answered(connection, again)
            done = [*(entry.event.position for entry in folded.done), *(event.position for event in batch.repeats)]
            await waiting.unpark(connection, source, done)
        self._keep(batch, folded, streams)
        metrics.STREAMED.labels(self._department, source).inc(len(folded.done))

    async def missing(self, source: str) -> Missing | None:
        """The positions that its log has and the rows have not, unless they are parked. They may be on their way."""
        head = await self._head(source)
        reached = await heard.reached(self._views, source)
        metrics.STREAM_LAG.labels(self._department, source).set(head.position - reached)
        metrics.PARKED.labels(self._department, source).set(await self._views.fetchval(_PARKED_STREAMS, source))
        return await heard.missing(self._views, source, head)

    async def close_gap(self, source: str, position: Position, upto: Position) -> None:
        """Fold a position that never came: Faust can lose a stream's last fact, which no later one of the stream
        shows. Its stream is folded from its beginning, beside whoever keeps it, and with it what else of it may be
        missing up to `upto`."""
        event = await self._owners[source].at(position)
        if event is None:
            raise NotSafe(f"the log of {source} lacks position {position}")
        self._log.warning("position %s of %s did not come, read from its log", event.place, source)
        metrics.REFETCHED.labels(self._department, source).inc()
        await self._learn_discarded()
        last = Version(event.version + _GAP_EVENTS)
        whole = await self._owners[source].refetch(event.tenant, event.stream, Version(0), last)
        await self.handle(source, [each for each in whole if each.position <= max(position, upto)], Unkept())

    # ------------------------------------------------------------------------------------------------ what waits

    async def due(self, source: str) -> Sequence[Due]:
        """Streams of a source that are to be tried again now."""
        return await waiting.due(self._views, source, self._clock())

    async def retry(self, due: Due, streams: Streams) -> None:
        """Try a stream again, all of it that is not in the rows, as its owner's log has it. What was discarded of it
        counts as nothing. Raises what `handle` raises, also where a restore of the log took it back."""
        await self._head(due.source)
        await self._learn_discarded()
        last = min(streams.read((due.tenant, due.stream)).version, Version(due.first - 1))
        events = await self._refetched(due.source, due.tenant, due.stream, Version(last), due.last)
        await self.handle(due.source, events, streams, again=due)

    # --------------------------------------------------------------------------------------- a log that was restored

    async def _head(self, source: str) -> Place:
        """How far a log is. The rows are of its generation then: no fact may come that shows it."""
        head = await self._owners[source].head()
        if head.generation > (await self._restores.known(source)).generation:
            await self._restores.ask(source)
            async with self._locked(source):
                pass
        return head

    @asynccontextmanager
    async def _locked(self, source: str) -> AsyncIterator[tuple[Any, Position]]:
        """A transaction that holds the lock on a source, and up to where all of it is in the rows."""
        try:
            async with self._views.transaction() as connection:
                known = await self._restores.known(source)
                yield connection, await heard.lock(connection, source, known, self._epoch)
        except TakenBack as error:
            now = await heard.begin_anew_after(self._views, self._all_tables, self._epoch)
            self._log.error("ALARM %s: all is folded anew, in epoch %d", error, now)
            raise Superseded(f"the topologies began anew: epoch {now} follows {self._epoch}") from error

    # ---------------------------------------------------------------------------------------------- before the fold

    async def _prepare(self, source: str, events: Sequence[Event], streams: Streams, again: Due | None) -> _Batch:
        batch, newest = _Batch(), dict[StreamKey, Version]()
        stopped = {} if again else await waiting.first_waiting(self._views, {_stream(event) for event in events})
        for event in events:
            stream = _stream(event)
            known = batch.known.setdefault(stream, streams.read(stream))
            last = newest.get(stream, known.version)
            if event.version <= last:
                batch.repeats.append(event)
                continue
            if stream in stopped and event.version >= stopped[stream]:
                batch.behind.append(event)
                continue
            if event.version > last + 1:
                batch.ready += await self._gap(source, event, last)
            batch.ready.append(event)
            newest[stream] = event.version
        return batch

    async def _gap(self, source: str, event: Event, last: Version) -> Sequence[Event]:
        upto = Version(event.version - 1)
        found = await self._refetched(source, event.tenant, event.stream, last, upto)
        metrics.REFETCHED.labels(self._department, source).inc(len(found))
        self._log.warning("%s: versions %d to %d did not come, read from its log", event.stream, last + 1, upto)
        return found

    async def _refetched(self, source: str, tenant: str, stream: str, after: Version, upto: Version) -> Sequence[Event]:
        found = await self._owners[source].refetch(tenant, stream, after, upto)
        if [each.version for each in found] != list(range(after + 1, upto + 1)):
            raise NotSafe(f"the log of {source} lacks versions {after + 1} to {upto} of {stream}")
        return found

    async def _decoded(self, source: str, events: Sequence[Event]) -> list[Entry]:
        folding = self._foldings[source]
        wants = [
            (event.tenant, event.stream, event.digest) not in self._discarded
            and (folding.wants(event.type) or not self._codec.knows(event.type, event.schema))
            for event in events
        ]
        wanted = [event for event, want in zip(events, wants, strict=True) if want]
        read = iter(await self._codec.decode_many(source, wanted))
        found: list[Recorded | Poison | None] = [next(read) if want else None for want in wants]
        return [Entry(event, recorded) for event, recorded in zip(events, found, strict=True)]

    # ---------------------------------------------------------------------------------------------------- the rows

    async def _write(self, connection: Any, source: str, upto: Position, folded: Folded, states: States) -> None:
        positions = [entry.event.position for entry in folded.done]
        there = await heard.among(connection, source, positions, upto)
        changes = self._without(source, folded, there, states) if there else folded.changes
        for statement in self._writer.statements(changes):
            await connection.execute(statement.sql, *statement.arrays)
        fresh = [position for position in positions if position not in there]
        if fresh:
            await heard.add(connection, source, upto, fresh)

    def _without(self, source: str, folded: Folded, there: set[int], states: States) -> Changes:
        """Changes by those facts alone that are not in the rows yet; the others move the states. In a stream these come
        first: nobody writes a fact's rows without those before it."""
        folding = self._foldings[source]
        old = folding.fold([entry for entry in folded.done if entry.event.position in there], states)
        moved = {**states, **{key: stored(state) for key, state in old.states.items()}}
        return folding.fold([entry for entry in folded.done if entry.event.position not in there], moved).changes

    def _states_of(self, batch: _Batch) -> States:
        return {
            StateKey(self._states, tenant, topology, stream): state
            for (tenant, stream), known in batch.known.items()
            for topology, state in known.states.items()
        }

    # ----------------------------------------------------------------------------------------------- after the rows

    def _keep(self, batch: _Batch, folded: Folded, streams: Streams) -> None:
        versions: dict[StreamKey, Version] = {}
        for entry in folded.done:
            versions[entry.stream] = max(versions.get(entry.stream, Version(0)), entry.event.version)
        states: dict[StreamKey, dict[str, Any]] = {}
        for key, state in folded.states.items():
            states.setdefault((key.tenant, key.stream), {})[key.topology] = stored(state)
        for stream, version in versions.items():
            known = batch.known[stream]
            streams.write(stream, Known(version, {**known.states, **states.get(stream, {})}))


def _stream(event: Event) -> StreamKey:
    return event.tenant, event.stream


_PARKED_STREAMS = "SELECT count(DISTINCT (tenant, stream)) FROM stream_parked WHERE source = $1"
