"""One source of one department: pages in; rows, ledger, todos and checkpoint out, in one transaction a batch."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import asyncpg

from eventlog import metrics
from eventlog.ahead import ahead, either
from eventlog.checkpoints import NOT_TAKEN, NOWHERE, Checkpoint, Superseded, Waiters, read, saved, take
from eventlog.codec import Codec, Recorded
from eventlog.entry import ALARM, FAULT, NEWER, Entry, Parked, StreamKey
from eventlog.errors import NotSafe, Poison
from eventlog.events import Event, Place, Version
from eventlog.feed import Feed, complete
from eventlog.fold import Folding, said
from eventlog.ledger import Examined, Gap, alarm, examine, read_heads, trust, unequal
from eventlog.parked import bounds, parked_streams, parking, unparking
from eventlog.todos import written
from eventlog.trouble import is_infrastructure, is_program, wait_s
from eventlog.views import Views
from eventlog.writing import Statement, Writer, commit

#: Events that are written together while catching up: few enough that requests beside it do not wait for long.
BATCH_EVENTS = 1000

#: A batch begins no sooner after the one before. A transaction costs about the same for one fact as for twenty, and
#: under load they wait for each other anyway; a fact that comes alone waits for nothing. Own facts are read back at
#: once by who wrote them, others' are not.
OWN_PACE_S, OTHERS_PACE_S = 0.004, 0.02


class TooManyParked(Poison):
    """So many streams are parked that it is the program that is wrong, not the facts."""


@dataclass(frozen=True, slots=True)
class Department:
    """What all sources of one department share."""

    name: str
    views: Views
    codec: Codec
    writer: Writer
    clock: Callable[[], datetime]
    wake: Callable[[], None]
    parked_streams_max: int = 1000


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
        self._checkpoint = Checkpoint(feed.department, NOWHERE, None, NOT_TAKEN)
        self._parked: dict[StreamKey, str] = {}
        self._writing = asyncio.Lock()
        self._suspect = asyncio.Event()
        department.views.when_lost(self._lost)

    async def run(self) -> None:
        """Until cancelled. Raises what waiting does not heal: `TooManyParked`, `NotSafe`, a program that is wrong."""
        failures = 0
        while True:
            place = self._checkpoint.place
            try:
                async with self._writing:
                    await self._resume()
                    epoch = self._checkpoint.epoch
                await either(self._follow(epoch), self._doubt())
            except Superseded as error:
                self._log.info("%s", error)
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                failures = failures + 1 if self._checkpoint.place == place else 1
                self._log.warning("%s: trying again in %.2f s", type(error).__name__, wait_s(failures))
                await asyncio.sleep(wait_s(failures))

    def _lost(self) -> None:
        self.heard.doubt()
        self._suspect.set()

    async def _follow(self, epoch: int) -> None:
        await self._retry_newer()
        async with aclosing(ahead(self._entries(), BATCH_EVENTS)) as batches:
            async for batch in batches:
                begun = time.monotonic()
                await self._next(batch, epoch)
                await asyncio.sleep(begun + self._pace_s - time.monotonic())

    async def _doubt(self) -> None:
        """Look whether the checkpoint is still there whenever a connection ended: its commit may not have reached the
        disk before a crash. A source that hears nothing new would else never notice."""
        while True:
            await self._suspect.wait()
            self._suspect.clear()
            async with self._writing:
                async with self._department.views.pool.acquire() as connection:
                    found = await read(connection, self.feed.department)
                if found != self._checkpoint:
                    raise Superseded(f"the checkpoint of {self.feed.department} is no longer what was saved")
                self.heard.reached(found.place)

    async def _resume(self) -> None:
        async with self._department.views.pool.acquire() as connection:
            # Here, because after a rebuild the tables may have other columns.
            await self._department.writer.load(connection, self.folding.tables)
            self._checkpoint = checkpoint = await take(connection, self.feed.department)
            self._parked = await parked_streams(connection, self.feed.department)
        await self._check_history(checkpoint)
        self.heard.reached(checkpoint.place)

    async def _check_history(self, checkpoint: Checkpoint) -> None:
        """The event that the checkpoint names must be the one that was heard: a log that was restored to an earlier
        moment gives the same positions to other events."""
        if checkpoint.digest is None:
            return
        event = await self.feed.at(checkpoint.place.position)
        if event is None or event.digest != checkpoint.digest:
            raise NotSafe(
                f"position {checkpoint.place} of the log of {self.feed.department} is not the event that was heard:"
                " the log was restored to an earlier moment, or is another one"
            )

    async def _retry_newer(self) -> None:
        """Facts of a newer program: this one may be it."""
        for stream in [stream for stream, kind in self._parked.items() if kind == NEWER]:
            await self.heal(stream)

    def alarmed(self) -> list[StreamKey]:
        """Streams that are parked because a digest was not what the bytes give."""
        return [stream for stream, kind in self._parked.items() if kind == ALARM]

    async def heal(self, stream: StreamKey, upto: Version = Version(0)) -> bool:
        """Read what is parked of a stream, or what of it did not come up to a version, again from its owner's log.
        True when nothing of the stream is parked afterwards. Raises what the infrastructure raises."""
        async with self._writing:
            if self._checkpoint.epoch == NOT_TAKEN:
                await self._resume()
            try:
                return await self._hear_again(stream, upto)
            except Superseded:
                await self._resume()
                return await self._hear_again(stream, upto)

    async def _hear_again(self, stream: StreamKey, upto: Version) -> bool:
        async with self._department.views.pool.acquire() as connection:
            after, last = await bounds(connection, stream)
        events = await self.feed.refetch(*stream, after, max(upto, last)) if max(upto, last) > after else ()
        stopped = self._parked.pop(stream, None)
        try:
            await self._apply(await self._decoded(events, moving=False))
        except BaseException:
            if stopped:
                self._parked[stream] = stopped
            # It may have been committed all the same: only the tables know what is parked now.
            self._checkpoint = replace(self._checkpoint, epoch=NOT_TAKEN)
            self._suspect.set()
            raise
        return stream not in self._parked

    async def _next(self, batch: list[Entry], epoch: int) -> None:
        """Write what was read under an assignment. When that was taken again meanwhile (by a retry), it begins anew:
        what was read ahead may be too early or too late for where the checkpoint is now."""
        async with self._writing:
            if self._checkpoint.epoch != epoch:
                raise Superseded(f"the assignment of {self.feed.department} was taken again")
            await self._apply(batch)

    async def _entries(self) -> AsyncGenerator[list[Entry], None]:
        after = self._checkpoint.place
        async with aclosing(self.feed.pages(after if after.position else None)) as pages:
            async for page in pages:
                events = page.events
                if self.feed.in_one_sequence:
                    events = await complete(self.feed, page, after.position)
                after = Place(page.generation, page.scanned)
                if events:
                    yield await self._decoded(events, moving=True)

    async def _decoded(self, events: Sequence[Event], *, moving: bool) -> list[Entry]:
        """Entries; events that were fetched beside the feed are not `moving` the checkpoint."""
        folding, codec = self.folding, self._department.codec
        # What this program does not know at all is read as well, and so parked: a newer one may react to it.
        wants = [folding.wants(event.type) or not codec.knows(event.type, event.schema) for event in events]
        wanted = [event for event, wanted in zip(events, wants, strict=True) if wanted]
        read: Iterator[Recorded | Poison] = iter(())
        if wanted:
            read = iter(await codec.decode_many(self.feed.department, wanted))
        return [
            Entry(event, next(read) if wanted else None, moving) for event, wanted in zip(events, wants, strict=True)
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
        examined = await self._examine(entries)
        if examined.gaps:
            await self._apply(await self._completed(entries, examined.gaps))
            return
        if fault is not None:
            examined = Examined(parked=[fault] if fault.entry.digest else examined.parked)
        folded = self.folding.fold(examined.accepted)
        parked = [*examined.parked, *folded.parked]
        resolved = [entry for entry in (*folded.done, *examined.repeats) if not entry.moves]
        department, now = self._department, self._department.clock()
        checkpoint, save = self._saved(entries, folded.done)
        following = [
            *department.writer.statements(folded.changes),
            *written(folded.todos, now),
            *unparking(resolved),
            *parking(self.feed.department, parked, now),
        ]
        try:
            await commit(department.views.deriving, save, following, apart=folded.changes.apart and not resolved)
        except asyncpg.DivisionByZeroError:
            raise Superseded(f"the checkpoint of {self.feed.department} is no longer what was read") from None
        self._committed(checkpoint, parked, len(entries), bool(folded.todos))

    async def _examine(self, entries: Sequence[Entry]) -> Examined:
        if self._own:
            return trust(entries, self._parked)
        async with self._department.views.deriving.acquire() as connection:
            examined = examine(entries, await read_heads(connection, entries), self._parked)
            if examined.repeats and not examined.gaps:
                examined.parked.extend(alarm(entry) for entry in await unequal(connection, examined.repeats))
        return examined

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
            missing[id(gap.before)] = await self._decoded(events, moving=False)
        return [each for entry in entries for each in (*missing.get(id(entry), ()), entry)]

    def _saved(self, entries: Sequence[Entry], done: Sequence[Entry]) -> tuple[Checkpoint, Statement]:
        old = self._checkpoint
        place, digest = old.place, old.digest
        last = max((entry for entry in entries if entry.moves), key=_position, default=None)
        if last is not None and last.event.place > old.place:
            place, digest = last.event.place, last.digest if last.digest == last.event.digest else None
        ledger: list[list[Any]] = [[], [], [], [], []]
        if not self._own:
            rows = [(*entry.stream, entry.event.version, entry.digest, entry.event.position) for entry in done]
            ledger = [list(column) for column in zip(*rows, strict=True)] or ledger
        newest = {entry.stream: (entry.event.version, entry.digest) for entry in done}
        heads = sorted((*stream, *head) for stream, head in newest.items())
        columns = [list(column) for column in zip(*heads, strict=True)] or [[], [], [], []]
        return saved(old, place, digest, ledger, columns)

    def _committed(self, checkpoint: Checkpoint, parked: Sequence[Parked], count: int, todos: bool) -> None:
        self._checkpoint = checkpoint
        for each in parked:
            self._parked.setdefault(each.entry.stream, each.kind)
            if each.kind == ALARM:
                metrics.ALARMS.labels(self._department.name, self.feed.department).inc()
                self._log.error("ALARM %s", each.reason)
        metrics.HEARD.labels(self._department.name, self.feed.department).inc(count)
        metrics.PARKED.labels(self._department.name, self.feed.department).set(len(self._parked))
        self.heard.reached(checkpoint.place)
        if todos:
            self._department.wake()
        if len(self._parked) > self._department.parked_streams_max:
            raise TooManyParked(f"{len(self._parked)} streams of {self.feed.department} are parked: not their fault")


def _position(entry: Entry) -> int:
    return entry.event.position
