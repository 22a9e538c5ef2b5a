"""A batch of facts as Kafka brought them -> rows, derived records and what is known of their streams.

    lost         what its log does not have since it was restored to an earlier moment is passed over
    repeats      a version that was folded is dropped, before anything is derived from it
    gaps         a version that did not come is read from its owner's log, in front of the one that showed it
    alarms       what does not follow by its digest is not folded: its stream waits, and is read from its owner's log
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
from dataclasses import dataclass
from typing import Any, Protocol

from eventlog import metrics
from eventlog.changes import Changes
from eventlog.clock import Clock
from eventlog.codec import Codec, Recorded
from eventlog.entry import ALARM, FOLLOWS, Entry
from eventlog.errors import NotSafe, Poison
from eventlog.events import Event, Place, Position, StreamKey, Version
from eventlog.fold import Folded, Folding
from eventlog.marks import Superseded
from eventlog.projections import At, Projection
from eventlog.streaming import examining, heard, waiting
from eventlog.streaming.examining import Batch, Examining
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


class Owner(Forked, examining.Owner, Protocol):
    """A department's log itself, part of `eventlog.feed.Feed`."""

    async def at(self, position: Position) -> Event | None: ...

    async def head(self) -> Place: ...


@dataclass(frozen=True)
class Telling:
    """Where the results go besides the rows; each returns once it is durable there."""

    derived: Callable[[Sequence[tuple[At, Derived]]], Awaitable[None]]
    waiting: Callable[[Sequence[Waiting]], Awaitable[None]]


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
        clock: Clock,
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
        batch = await self._examined(source, events, streams, again)
        entries = await self._decoded(source, batch.ready)
        states = self._states_of(batch)
        folded = self._foldings[source].fold(entries, states)
        parked, behind = self._waiting(source, batch, folded, again)
        await self._telling.waiting([*parked, *behind])
        await self._telling.derived(folded.derived)
        async with self._locked(source) as (connection, upto):
            await self._write(connection, source, upto, folded, states)
            await waiting.park(connection, parked, behind, self._clock())
            if again:
                await waiting.answered(connection, again)
            await waiting.unpark(connection, [*(entry.event for entry in folded.done), *batch.repeats])
        self._keep(batch, folded, streams)
        self._tell_alarms(source, batch)
        metrics.STREAMED.labels(self._department, source).inc(len(folded.done))

    def _waiting(
        self, source: str, batch: Batch, folded: Folded, again: Due | None
    ) -> tuple[Sequence[Waiting], Sequence[Waiting]]:
        """What waits because of itself or was tried, and what came behind it. Where an alarm stands in its log, only
        the log can say."""
        tried, now = again.tried + 1 if again else 1, self._clock()
        at = waiting.again_at(tried, now)
        placed = again is not None
        return [
            *(Waiting(source, each.event, ALARM, each.reason, tried, at, placed) for each in batch.alarms),
            *(Waiting(source, each.entry.event, each.kind, each.reason, tried, at) for each in folded.parked),
        ], [Waiting(source, event, FOLLOWS, _BEHIND, tried, now) for event in batch.behind]

    def _tell_alarms(self, source: str, batch: Batch) -> None:
        for alarm in (*batch.alarms, *batch.unequal):
            metrics.ALARMS.labels(self._department, source).inc()
            self._log.error("ALARM %s", alarm.reason)

    async def require_epoch(self) -> None:
        """Raises `Superseded` when another epoch began."""
        await heard.require_epoch(self._views, self._epoch)

    async def missing(self, source: str) -> Missing | None:
        """The positions that its log has and the rows have not, unless they are parked. They may be on their way."""
        return await heard.missing(self._views, source, await self._head(source))

    async def close_gap(self, source: str, position: Position, upto: Position) -> None:
        """Fold a position that never came: Faust can lose a stream's last fact, which no later one of the stream
        shows. Its stream is folded from its beginning, beside whoever keeps it, and with it what else of it may be
        missing up to `upto`. One that waits is tried by that: a position that it waits at is not missing."""
        event = await self._owners[source].at(position)
        if event is None:
            raise NotSafe(f"the log of {source} lacks position {position}")
        self._log.warning("position %s of %s did not come, read from its log", event.place, source)
        metrics.REFETCHED.labels(self._department, source).inc()
        await self._learn_discarded()
        last = Version(event.version + _GAP_EVENTS)
        whole = await self._owners[source].refetch(event.tenant, event.stream, Version(0), last)
        again = await waiting.of_stream(self._views, source, event.tenant, event.stream)
        await self.handle(
            source, [each for each in whole if each.position <= max(position, upto)], Unkept(), again=again
        )

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
        events = await self._owners[due.source].refetch(due.tenant, due.stream, Version(last), due.last)
        if [each.version for each in events] != list(range(last + 1, last + len(events) + 1)):
            raise NotSafe(f"the log of {due.source} lacks versions between {last + 1} and {due.last} of {due.stream}")
        await self.handle(due.source, events, streams, again=due)
        if last + len(events) < due.last:
            await self._forget(due, Version(last + len(events)))

    async def _forget(self, due: Due, ended: Version) -> None:
        """What waits behind the end of its stream never was a fact of its owner."""
        self._log.error("ALARM %s ends at version %d in its log: what waits behind it goes", due.stream, ended)
        async with self._locked(due.source) as (connection, _):
            await waiting.forget(connection, due, ended)

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

    async def _examined(self, source: str, events: Sequence[Event], streams: Streams, again: Due | None) -> Batch:
        stopped = {} if again else await waiting.first_waiting(self._views, {_stream(event) for event in events})
        forks = None if again else await self._restores.known(source)
        owner = self._owners[source]
        return await Examining(self._department, source, owner, streams, stopped, forks).batch(events)

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

    def _states_of(self, batch: Batch) -> States:
        return {
            StateKey(self._states, tenant, topology, stream): state
            for (tenant, stream), known in batch.known.items()
            for topology, state in known.states.items()
        }

    # ----------------------------------------------------------------------------------------------- after the rows

    def _keep(self, batch: Batch, folded: Folded, streams: Streams) -> None:
        newest = {entry.stream: entry.event for entry in folded.done}
        states: dict[StreamKey, dict[str, Any]] = {}
        for key, state in folded.states.items():
            states.setdefault((key.tenant, key.stream), {})[key.topology] = stored(state)
        for stream, event in newest.items():
            known = batch.known[stream]
            streams.write(stream, Known(event.version, {**known.states, **states.get(stream, {})}, event.digest))


def _stream(event: Event) -> StreamKey:
    return event.tenant, event.stream
