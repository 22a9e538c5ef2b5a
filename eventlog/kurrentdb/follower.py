"""Keeps what is known of a log up to date: hears what others write, and asks when it must be certain. The index
follows."""

import asyncio
import logging
from contextlib import aclosing

from eventlog.errors import NotSafe
from eventlog.kurrentdb.index import Index
from eventlog.kurrentdb.known import Known
from eventlog.kurrentdb.records import from_kurrentdb
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
        all, up to an end that moves on, could be slower than one that writes, and would never be done."""
        end: int | None = None
        while end is None or self._known.head.revision < end:
            await self._known.room()
            found = await self._reading.read(self._known.head.revision + 1, PAGE)
            async with self._known.still:
                self._known.apply(map(from_kurrentdb, found))
            if len(found) < PAGE:
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

    async def refuse_a_shorter_log(self) -> None:
        """Raises `NotSafe` when the log does not reach as far as this process knows it."""
        last = await self._reading.last()
        if last is None or last.stream_position < self._known.head.revision:
            raise NotSafe(
                f"the log ends at record {last.stream_position if last else 'none'}, this process has seen record"
                f" {self._known.head.revision}: the log was restored while Baton ran; stop every process of this"
                " department"
            )

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
