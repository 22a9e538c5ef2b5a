"""A feed that passes everything on to another one; a test overrides what it spoils."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import cast

from eventlog.events import Event, Fork, Place, Position, Version
from eventlog.feed import Feed, LogFeed, Told, Watermark
from eventlog.marks import Mark, Marks
from eventlog.store import Page


class WrappedFeed:
    """Wraps a feed. `refetch`, `at` and `head` are the owner's log itself."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed

    @property
    def department(self) -> str:
        return self.feed.department

    @property
    def topic(self) -> str | None:
        return self.feed.topic

    async def parts(self) -> frozenset[int]:
        return await self.feed.parts()

    async def part_of(self, stream: str) -> int:
        return await self.feed.part_of(stream)

    async def gone(self, marks: Marks) -> Iterable[Mark]:
        return await self.feed.gone(marks)

    def pages(self, marks: Marks) -> AsyncGenerator[Page | Told, None]:
        return self.feed.pages(marks)

    def watermarks(self) -> AsyncGenerator[Watermark, None]:
        return self.feed.watermarks()

    def saved(self, marks: Marks) -> None:
        self.feed.saved(marks)

    def in_log_order(self) -> LogFeed:
        """What is wrapped is a log, unless a test says otherwise."""
        return cast(LogFeed, self)

    async def refetch(self, tenant: str, stream: str, after: Version, upto: Version) -> Sequence[Event]:
        return await self.feed.refetch(tenant, stream, after, upto)

    async def at(self, position: Position) -> Event | None:
        return await self.feed.at(position)

    async def head(self) -> Place:
        return await self.feed.head()

    async def generation(self) -> int:
        return await self.feed.generation()

    async def forks(self) -> Sequence[Fork]:
        return await self.feed.forks()
