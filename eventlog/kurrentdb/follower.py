"""Keeps what is known of a log up to date: hears what others write, and asks when it must be certain. The index
follows."""

import asyncio
import logging
from contextlib import aclosing

from eventlog.errors import NotSafe
from eventlog.kurrentdb.index import Index
from eventlog.kurrentdb.known import Head, Known
from eventlog.kurrentdb.records import Record, from_kurrentdb
from eventlog.kurrentdb.stream import Away, LogStream

#: Who is further behind than this looks if another process has indexed the rest: that is faster than reading it.
PAGE = 128
ROWS_MAX = 5_000
#: The index follows in steps, so that a step carries more than one append.
INDEX_PAUSE_S = 0.01
AGAIN_S = 0.5

log = logging.getLogger("baton.log.kurrentdb")


class Follower:
    """`fresh` is certain, `run` is early. Two connections: what is read does not wait behind what is heard."""

    def __init__(self, known: Known, reading: LogStream, following: LogStream, index: Index) -> None:
        self._known = known
        self._reading = reading
        self._following = following
        self._index = index
        self._turn: asyncio.Task[None] | None = None
        self._looks: set[asyncio.Task[None]] = set()
        self._looking = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, *, listen: bool = True) -> None:
        """Bring the index behind, and listen to what others write."""
        self._tasks = [asyncio.create_task(self._bring_index(), name=f"indexing {self._following.name}")]
        if listen:
            self._tasks.append(asyncio.create_task(self._listen(), name=f"following {self._following.name}"))

    async def close(self) -> None:
        tasks = {*self._tasks, *self._looks}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def fresh(self) -> None:
        """Know everything that was answered, by any process, before this call. Raises `Away`, `NotSafe`.

        Callers share a look that has not begun yet: one that has may have passed what they must see."""
        if self._turn is None:
            self._turn = asyncio.create_task(self._look(), name=f"looking at {self._reading.name}")
            self._looks.add(self._turn)
            self._turn.add_done_callback(self._looked)
        await asyncio.shield(self._turn)

    def _looked(self, look: asyncio.Task[None]) -> None:
        self._looks.discard(look)
        if not look.cancelled():
            look.exception()  # for those who wait; nobody may be left

    async def _look(self) -> None:
        async with self._looking:
            self._turn = None
            await self.catch_up()

    async def catch_up(self) -> None:
        """Read up to where the end was; what another process has indexed meanwhile is passed over. A process that read
        all, up to an end that moves on, could be slower than one that writes, and would never be done.

        The last record known is read again: a log that ends before it, or has another one there, was restored."""
        end: int | None = None
        while end is None or self._known.head.revision < end:
            await self._known.room()
            head = self._known.head
            found = [from_kurrentdb(each) for each in await self._reading.read(max(head.revision, 0), PAGE + 1)]
            _refuse_another_log(head, found[0] if found else None)
            async with self._known.still:
                self._known.apply(found)
            if len(found) <= PAGE:
                return
            if end is None:
                last = await self._reading.last()
                end = last.stream_position if last else -1
            await self.pass_over_the_indexed()

    async def come_level(self, losses: int) -> None:
        """Know the log as it is, after the place that was meant was taken. Who loses again and again asks for a turn:
        a process that writes as fast as it can leaves no moment in which to read what it wrote."""
        if losses > 1:
            await self._index.ask_for_a_turn()
        await self.pass_over_the_indexed()
        await self.fresh()

    async def pass_over_the_indexed(self) -> None:
        """Know what another process has indexed, without reading it."""
        checkpoint = await self._index.checkpoint()
        async with self._known.still:
            self._known.jump(checkpoint)

    async def confirm(self, head: Head, found: Record | None = None) -> None:
        """Raises `NotSafe` when a record that was the last one known, and is read here if it was not `found` already,
        does not stand in the log any more."""
        if found is None and head.revision >= 0:
            recorded = await self._reading.read(head.revision, 1)
            found = from_kurrentdb(recorded[0]) if recorded else None
        _refuse_another_log(head, found)

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except Away as error:
                log.info("following %s again: %s", self._following.name, error)
            except NotSafe as error:
                # Whoever asks for something finds the same, and is told.
                log.critical("following %s: %s", self._following.name, error)
                return
            await asyncio.sleep(AGAIN_S)

    async def _hear(self) -> None:
        """Apply what comes, until that is old, because it comes faster than it can be heard; then others do better
        who read and pass over what is indexed."""
        async with aclosing(self._following.follow(self._known.head.revision)) as heard:
            async for event in heard:
                if event.stream_position < self._known.head.revision - PAGE:
                    return
                if event.stream_position > self._known.head.revision:
                    await self._known.room()
                    async with self._known.still:
                        self._known.apply([from_kurrentdb(event)])
        raise Away("the server has ended the subscription")

    async def _bring_index(self) -> None:
        while True:
            await self._known.something_unindexed()
            rows = self._known.unindexed(ROWS_MAX)
            try:
                self._known.give_way(await self._index.save(rows))
            except Away:
                await asyncio.sleep(AGAIN_S)
                continue
            except NotSafe as error:
                log.critical("indexing %s: %s", self._following.name, error)
                return
            self._known.indexed(rows[-1])
            if len(rows) < ROWS_MAX:
                await asyncio.sleep(INDEX_PAUSE_S)


def _refuse_another_log(head: Head, found: Record | None) -> None:
    """Raises `NotSafe` unless what was found where the known log ended is its last record."""
    if head.revision >= 0 and (found is None or found.id != head.id):
        now = "not in the log any more" if found is None else "another one now"
        raise NotSafe(
            f"record {head.revision}, which this process has seen, is {now}: the log was restored while Baton ran; stop"
            " every process of this department (docs/kurrentdb.md, Restored to an earlier moment)"
        )
