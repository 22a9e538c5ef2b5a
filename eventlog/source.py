"""One source of one department: pages in; rows, ledger, todos and checkpoint out, in one transaction a batch."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, aclosing, suppress
from typing import Any

import asyncpg

from eventlog import metrics, release, tracing
from eventlog.ahead import ahead, either
from eventlog.checkpoints import Waiters, heard, heard_completely, saved
from eventlog.codec import Recorded
from eventlog.completeness import Expected
from eventlog.department import Department
from eventlog.entry import ALARM, FAULT, NEWER, Entry, Parked
from eventlog.errors import Poison
from eventlog.events import Offset, Position, StreamKey, Version
from eventlog.feed import Feed, Told, complete, mark_table
from eventlog.fold import Folding, said
from eventlog.generations import Generations, passes
from eventlog.ledger import Examined, Gap, alarm, examine, read_heads, trust, unequal
from eventlog.marks import NOWHERE, WHOLE, Mark, Marks, Superseded, moved
from eventlog.parked import alarmed_positions, bounds, forgetting, parked_streams, parking, unparking
from eventlog.restored import Restored
from eventlog.todos import written
from eventlog.topologies import States, read_states
from eventlog.trouble import described, is_infrastructure, is_program, loudness, tried_again, wait_s
from eventlog.views import SCHEMA
from eventlog.writing import Statement, commit

#: Events that are written together while catching up: few enough that requests beside it do not wait for long.
BATCH_EVENTS = 1000

#: A batch begins no sooner after the one before. A transaction costs about the same for one fact as for twenty, and
#: under load they wait for each other anyway; a fact that comes alone waits for nothing. Own facts are read back at
#: once by who wrote them, others' are not.
OWN_PACE_S, OTHERS_PACE_S = 0.004, 0.02

#: How often it is looked how far others have heard their parts, while something is expected of them.
LOOK_S = 0.05


class TooManyParked(Poison):
    """So many streams are parked that it is the program that is wrong, not the facts."""


class Source:
    """Reads one feed for one department, batch after batch, for ever."""

    def __init__(self, department: Department, feed: Feed, folding: Folding) -> None:
        self.feed = feed
        self.folding = folding
        self.heard = Waiters()
        self._department = department
        self._own = feed.department == department.name
        self._pace_s = OWN_PACE_S if self._own else OTHERS_PACE_S
        self._log = logging.getLogger(f"baton.projector.{department.name}.{feed.department}")
        self._batch_facts = metrics.HEARD_BATCH.labels(department.name, feed.department)
        self._batch_seconds = metrics.HEARD_SECONDS.labels(department.name, feed.department)
        self._table = mark_table(feed)
        #: What this one holds, and how often it took it. Nothing: it must be taken (again).
        self._marks: Marks = {}
        self._taken = 0
        self._batches = 0
        self._parked: dict[StreamKey, str] = {}
        restored = Restored(department.name, department.views, department.codec, feed, folding, department.clock)
        self._generations = Generations(feed, restored, department.renew, self._log)
        self._writing = asyncio.Lock()
        self._suspect = asyncio.Event()
        self._expected = Expected()
        self._news = asyncio.Event()
        department.views.when_lost(self._lost)

    async def run(self) -> None:
        """Until cancelled. Raises what waiting does not heal: `TooManyParked`, `NotSafe`, a program that is wrong."""
        failures = 0
        while True:
            batches = self._batches
            try:
                parts = await self.feed.parts()
                async with self._writing:
                    await self._resume(parts)
                    taken = self._taken
                await either(self._follow(taken), self._doubt(), *self._completing())
            except Superseded as error:
                self._log.info("%s", error)
            except Exception as error:
                failures = failures + 1 if self._batches == batches else 1
                if not (is_infrastructure(error) or passes(error, failures)):
                    raise
                tried_again(self._log, error)
                said = (described(error), wait_s(failures))
                self._log.log(loudness(failures), "%s: trying again in %.2f s", *said)
                await asyncio.sleep(wait_s(failures))

    def _lost(self) -> None:
        self.heard.doubt()
        self._suspect.set()

    async def _follow(self, taken: int) -> None:
        await self._retry_newer()
        async with aclosing(ahead(self._entries(), BATCH_EVENTS)) as batches:
            async for batch in batches:
                begun = time.monotonic()
                await self._next(batch, taken)
                await asyncio.sleep(begun + self._pace_s - time.monotonic())

    async def _doubt(self) -> None:
        """Look whether the marks are still there whenever a connection ended: their commit may not have reached the
        disk before a crash. A source that hears nothing new would else never notice."""
        while True:
            await self._suspect.wait()
            self._suspect.clear()
            async with self._writing:
                async with self._department.views.pool.acquire() as connection:
                    stand = await self._table.read(connection)
                    place = await heard(connection, self.feed.department)
                if not self._marks or self._marks != {part: stand.get(part) for part in self._marks}:
                    raise Superseded(f"the checkpoint of {self.feed.department} is no longer what was saved")
                self.heard.reached(place)

    def _completing(self) -> "Iterable[Any]":
        """A log's mark says how far it was heard completely. Of parts, watermarks and all who hear them do."""
        return () if self.feed.topic is None else (self._expect(), self._complete())

    async def _expect(self) -> None:
        async with aclosing(self.feed.watermarks()) as watermarks:
            async for watermark in watermarks:
                self._generations.refuse_another(watermark.place.generation)
                if not self._expected.expect(watermark):
                    raise Superseded(f"{self.feed.topic} was filled anew")
                self._news.set()

    async def _complete(self) -> None:
        """Say how far the source was heard completely. Behind the commits of what was heard, so it is never too much;
        read from the table, where others who hear parts of it say how far they are."""
        while True:
            with suppress(TimeoutError):
                # Not `wait_for`, which forgets that it was cancelled when there are news at the same moment.
                async with asyncio.timeout(LOOK_S if self._expected else None):
                    await self._news.wait()
            self._news.clear()
            if not self._expected:
                continue
            async with self._department.views.deriving.acquire() as connection:
                stand = await self._table.read(connection)
                place = self._expected.reached({part: mark.offset for part, mark in stand.items()})
                if place is not None:
                    self.heard.reached(await heard_completely(connection, self.feed.department, place))
                    self._department.told()

    async def _take(self, parts: Iterable[int]) -> None:
        """Take the assignment of parts, and read what is known of the source. Raises `NotSafe` where the tables are of
        another release."""
        async with self._department.views.pool.acquire() as connection:
            # Here, because after a rebuild the tables may have other columns.
            await self._department.writer.load(connection, self.folding.tables)
            self._marks = await self._table.take(connection, parts)
            if self._department.release is not None:
                # Behind the take: a swap from now on is behind it as well, and supersedes it.
                await release.require(connection, self._department.release)
            self._taken += 1
            self._parked = await parked_streams(connection, self.feed.department)
            await self._generations.read(connection)
            place = await heard(connection, self.feed.department)
        self.heard.reached(place)

    async def _resume(self, parts: Iterable[int]) -> None:
        """Take parts, and make sure that what their marks name is what was heard."""
        await self._take(parts)
        if await self._generations.catch_up():
            self._department.wake()
            await self._take(parts)
        if await self._generations.renewed():
            await self._take(parts)
        gone = list(await self.feed.gone(self._marks))
        if gone:
            self._log.warning("%d parts are no longer what was heard, heard again from their start", len(gone))
            anew = [Mark(mark.part, Offset(0), NOWHERE, None, mark.epoch) for mark in gone]
            await self._commit(saved(self._table, gone, anew, (), own=True), ())
            self._marks = {**self._marks, **{mark.part: mark for mark in anew}}

    async def _retry_newer(self) -> None:
        """Facts of a newer program: this one may be it."""
        for stream in [stream for stream, kind in self._parked.items() if kind == NEWER]:
            if await self.hears(stream):
                await self.heal(stream)

    def alarmed(self) -> list[StreamKey]:
        """Streams that are parked because a digest was not what the bytes give."""
        return [stream for stream, kind in self._parked.items() if kind == ALARM]

    async def hears(self, stream: StreamKey) -> bool:
        """Whether the part that a stream belongs to is heard here, now."""
        return await self.feed.part_of(stream[1]) in self._marks

    async def set_right(self, stream: StreamKey) -> bool:
        """Hear an alarmed stream again. What was spoiled may be its very name: so the event is heard, too, that stands
        in its owner's log where the spoiled one says it does. True when nothing of the stream is parked afterwards."""
        async with self._department.views.pool.acquire() as connection:
            positions = await alarmed_positions(connection, stream)
        for position in positions:
            event = await self.feed.at(position)
            if event is not None and (event.tenant, event.stream) != stream:
                await self.heal((event.tenant, event.stream), event.version)
        return await self.heal(stream)

    async def heal(self, stream: StreamKey, upto: Version = Version(0)) -> bool:
        """Read what is parked of a stream, or what of it did not come up to a version, again from its owner's log.
        True when nothing of the stream is parked afterwards. Raises what the infrastructure raises."""
        part = await self.feed.part_of(stream[1])
        async with self._writing:
            if part not in self._marks:
                await self._take({part})
            try:
                return await self._hear_again(stream, part, upto)
            except Superseded:
                await self._take({part})
                return await self._hear_again(stream, part, upto)

    async def _hear_again(self, stream: StreamKey, part: int, upto: Version) -> bool:
        async with self._department.views.pool.acquire() as connection:
            after, last = await bounds(connection, stream)
        events = await self.feed.refetch(*stream, after, max(upto, last)) if max(upto, last) > after else ()
        stopped = self._parked.pop(stream, None)
        try:
            if events:
                await self._apply(await self._decoded(Told.beside(part, events)))
            if last > (ended := events[-1].version if events else after):
                await self._forget(stream, part, ended)
        except BaseException:
            if stopped:
                self._parked[stream] = stopped
            # It may have been committed all the same: only the tables know what is parked now.
            self._marks = {}
            self._suspect.set()
            raise
        return stream not in self._parked

    async def _forget(self, stream: StreamKey, part: int, ended: Version) -> None:
        """What is parked behind the end of its stream never was a fact of its owner."""
        self._log.error(
            "ALARM %s ends at version %d in its owner's log: what is parked behind it goes", stream[1], ended
        )
        mark = [self._marks[part]]
        await self._commit(saved(self._table, mark, mark, (), own=True), [forgetting(stream, ended)])

    async def _next(self, batch: list[Entry], taken: int) -> None:
        """Write what was read under an assignment. When that was taken again meanwhile (by a retry), it begins anew:
        what was read ahead may be too early or too late for where the marks are now."""
        async with self._writing:
            if not self._marks or self._taken != taken:
                raise Superseded(f"the assignment of {self.feed.department} was taken again")
            begun = time.monotonic()
            with self._span(batch):
                await self._apply(batch)
            self._batch_facts.observe(len(batch))
            self._batch_seconds.observe(time.monotonic() - begun)

    def _span(self, batch: Sequence[Entry]) -> AbstractContextManager[None]:
        attributes: tracing.Attributes = {
            "messaging.system": "kafka" if self.feed.topic else "baton",
            "messaging.operation.type": "process",
            "messaging.destination.name": self.feed.topic or self.feed.department,
            "messaging.batch.message_count": len(batch),
            "baton.department": self._department.name,
        }
        traces = (tracing.trace_of(entry.event.metadata) for entry in batch)
        return tracing.batch(f"hear {self.feed.department}", "consumer", attributes, traces)

    async def _entries(self) -> AsyncGenerator[list[Entry], None]:
        after = self._marks[WHOLE].place.position if self.feed.topic is None else Position(0)
        async with aclosing(self.feed.pages(self._marks)) as pages:
            async for page in pages:
                if isinstance(page, Told):
                    yield await self._decoded(page)
                    continue
                self._generations.refuse_later(page.generation)
                events = await complete(self.feed, page, after)
                after = page.scanned
                if events:
                    yield await self._decoded(Told.in_sequence(events))

    async def _decoded(self, told: Told) -> list[Entry]:
        """Entries. Events without offsets were fetched beside the feed, and move no mark."""
        folding, codec, events = self.folding, self._department.codec, told.events
        # What this program does not know at all is read as well, and so parked: a newer one may react to it.
        wants = [folding.wants(event.type) or not codec.knows(event.type, event.schema) for event in events]
        wanted = [event for event, wanted in zip(events, wants, strict=True) if wanted]
        read: Iterator[Recorded | Poison] = iter(())
        if wanted:
            read = iter(await codec.decode_many(self.feed.department, wanted))
        return [
            Entry(event, next(read) if wanted else None, part, offset)
            for event, wanted, part, offset in zip(events, wants, told.parts, told.offsets, strict=True)
        ]

    async def _apply(self, entries: list[Entry]) -> None:
        """Write a batch; one that the database refuses is halved until the fact that is to blame stands alone."""
        try:
            await self._write(entries, None)
        except Exception as error:
            if is_infrastructure(error) or is_program(error) or isinstance(error, Superseded | TooManyParked):
                raise
            if len(entries) == 1:
                await self._write(entries, Parked(entries[0], FAULT, said(error)))
                return
            middle = len(entries) // 2
            await self._apply(entries[:middle])
            await self._apply(entries[middle:])

    async def _write(self, entries: list[Entry], fault: Parked | None) -> None:
        examined = await self._examine(await self._generations.still_told(entries))
        if examined.gaps:
            await self._apply(await self._completed(entries, examined.gaps))
            return
        if fault is not None:
            examined = Examined(parked=[fault] if fault.entry.digest else examined.parked)
        folded = self.folding.fold(examined.accepted, await self._states(examined.accepted))
        folded.keep_states()
        parked = [*examined.parked, *folded.parked]
        resolved = [entry for entry in (*folded.done, *examined.repeats) if entry.offset is None]
        department, now = self._department, self._department.clock()
        marks = moved(self._table, self._marks, entries)
        old = [self._marks[part] for part in marks]
        following = [
            *department.writer.statements(folded.changes),
            *written(folded.todos, now),
            *unparking(resolved),
            *parking(self.feed.department, parked, now),
        ]
        save = saved(self._table, old, list(marks.values()), folded.done, own=self._own)
        await self._commit(save, following, apart=folded.changes.apart and not resolved)
        self._committed({**self._marks, **marks}, parked, len(entries), bool(folded.todos))

    async def _commit(self, save: Statement, following: Sequence[Statement], *, apart: bool = False) -> None:
        try:
            await commit(self._department.views.deriving, save, following, apart=apart)
        except asyncpg.DivisionByZeroError:
            raise Superseded(f"the checkpoint of {self.feed.department} is no longer what was read") from None

    async def _examine(self, entries: Sequence[Entry]) -> Examined:
        if self._own:
            return trust(entries, self._parked)
        async with self._department.views.deriving.acquire() as connection:
            examined = examine(entries, await read_heads(connection, entries), self._parked)
            if examined.repeats and not examined.gaps:
                examined.parked.extend(alarm(entry) for entry in await unequal(connection, examined.repeats))
        return examined

    async def _states(self, entries: Sequence[Entry]) -> States:
        """The topologies' states of the streams in a batch. Nobody else moves them: a save from another's is refused
        with its checkpoint."""
        keys = self.folding.state_keys(entries)
        if not keys:
            return {}
        async with self._department.views.deriving.acquire() as connection:
            return await read_states(connection, SCHEMA, keys)

    async def _completed(self, entries: Sequence[Entry], gaps: Sequence[Gap]) -> list[Entry]:
        """The entries with what did not come, fetched from the owner's log, each in front of the one that showed it."""
        missing: dict[int, list[Entry]] = {}
        for gap in gaps:
            event = gap.before.event
            self._log.warning("%s: versions %d to %d did not come, refetched", event.stream, gap.after + 1, gap.upto)
            metrics.REFETCHED.labels(self._department.name, self.feed.department).inc(gap.upto - gap.after)
            events = await self.feed.refetch(event.tenant, event.stream, gap.after, gap.upto)
            if [each.version for each in events] != list(range(gap.after + 1, gap.upto + 1)):
                gap.before.cut_off = True
                continue
            missing[id(gap.before)] = await self._decoded(Told.beside(gap.before.part, events))
        return [each for entry in entries for each in (*missing.get(id(entry), ()), entry)]

    def _committed(self, marks: Marks, parked: Sequence[Parked], count: int, todos: bool) -> None:
        self._marks = marks
        self._batches += 1
        for each in parked:
            self._parked.setdefault(each.entry.stream, each.kind)
            if each.kind == ALARM:
                metrics.ALARMS.labels(self._department.name, self.feed.department).inc()
                self._log.error("ALARM %s", each.reason)
        metrics.HEARD.labels(self._department.name, self.feed.department).inc(count)
        if self.feed.topic is None:
            self.heard.reached(marks[WHOLE].place)
        self._news.set()
        self._department.told()
        if todos:
            self._department.wake()
        self.feed.saved(marks)
        if len(self._parked) > self._department.parked_streams_max:
            raise TooManyParked(f"{len(self._parked)} streams of {self.feed.department} are parked: not their fault")
