"""A feed in parts, as Kafka's partitions are, without Kafka: each part comes at a speed of its own."""

import asyncio
import random
import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from eventlog.events import Offset, Place
from eventlog.feed import LogFeed, Told
from eventlog.marks import NOWHERE, Mark, Marks, whole
from tests.support.wrapped_feed import WrappedFeed

PARTS = 4


@dataclass(frozen=True)
class Said:
    """A watermark."""

    place: Place
    offsets: tuple[Offset, ...]


class PartedFeed(WrappedFeed):
    """Brings what another feed does, in parts: a stream's part follows from its name, its offset is its position. Each
    page of a part comes up to `late_s` late, drawn from the seed; a part in `held` comes when its event is set."""

    topic = "parts"

    def __init__(self, feed: LogFeed, late_s: float = 0.0, seed: int = 0, parts: int = PARTS) -> None:
        super().__init__(feed)
        self.log = feed
        self.late_s = late_s
        self._random = random.Random(seed)
        self._parts = parts
        self.held: dict[int, asyncio.Event] = {}

    async def parts(self) -> frozenset[int]:
        return frozenset(range(self._parts))

    async def part_of(self, stream: str) -> int:
        return self._part_of(stream)

    def _part_of(self, stream: str) -> int:
        return zlib.crc32(stream.encode()) % self._parts

    async def gone(self, marks: Marks) -> list[Mark]:
        return []

    def in_log_order(self) -> LogFeed:
        return self.log

    async def pages(self, marks: Marks) -> AsyncGenerator[Told, None]:
        told: asyncio.Queue[Told] = asyncio.Queue()
        tasks = [asyncio.create_task(self._part(mark, told)) for mark in marks.values()]
        try:
            while True:
                yield await told.get()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _part(self, mark: Mark, told: "asyncio.Queue[Told]") -> None:
        async with aclosing(self.log.pages(whole(mark.place))) as pages:
            async for page in pages:
                events = [event for event in page.events if self._part_of(event.stream) == mark.part]
                if events:
                    await asyncio.sleep(self._random.uniform(0, self.late_s))
                    if mark.part in self.held:
                        await self.held[mark.part].wait()
                    offsets = [Offset(event.position) for event in events]
                    await told.put(Told(events, [mark.part] * len(events), offsets))

    async def watermarks(self) -> AsyncGenerator[Said, None]:
        offsets = [Offset(0)] * self._parts
        async with aclosing(self.log.pages(whole(NOWHERE))) as pages:
            async for page in pages:
                for event in page.events:
                    offsets[self._part_of(event.stream)] = Offset(event.position + 1)
                yield Said(Place(page.generation, page.scanned), tuple(offsets))
