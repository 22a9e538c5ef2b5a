"""Where facts come from: a department's log, read in place or heard through Kafka. The port hides which."""

from collections.abc import AsyncGenerator, Sequence
from operator import attrgetter
from typing import Protocol

from eventlog.errors import NotSafe
from eventlog.events import Event, Place, Position, Version
from eventlog.store import Page, Store
from eventlog.tail import Tail

#: Events read at once while catching up: few enough that requests beside it do not wait for long.
CATCH_UP_EVENTS = 1000


class Feed(Protocol):
    """The facts of one department, in an order that keeps each stream's order, none left out, some perhaps repeated.

    Nobody has to trust that: the projector recomputes every digest, drops repeats and refetches gaps."""

    @property
    def department(self) -> str: ...

    @property
    def in_one_sequence(self) -> bool:
        """Whether pages follow each other by position, so that every position up to `scanned` must be there. Kafka's
        partitions promise the order of each stream only."""
        ...

    def pages(self, after: Place | None) -> AsyncGenerator[Page, None]:
        """Pages after a place (None: from the start), for ever: first what stands there, then what comes."""
        ...

    async def refetch(self, tenant: str, stream: str, after: Version, upto: Version) -> Sequence[Event]:
        """Events of one stream with `after` < version <= `upto`, from the owner's log itself."""
        ...

    async def at(self, position: Position) -> Event | None:
        """The event at a position of the log as it is now, or None."""
        ...

    async def head(self) -> Place:
        """The end of the log."""
        ...


async def complete(feed: Feed, page: Page, after: Position) -> Sequence[Event]:
    """The page's events in the order of their positions, and what is missing between `after` and its end fetched from
    the log: a checkpoint over a position that was never heard would lose it for good. Raises `NotSafe` when the log
    itself lacks a position: they are contiguous, so that proves a deletion."""
    expected = range(after + 1, page.scanned + 1)
    if len(page.events) == len(expected) and all(map(_stands_at, page.events, expected)):
        return page.events
    missing = sorted(set(expected) - {event.position for event in page.events})
    found = [*page.events]
    for position in missing:
        event = await feed.at(Position(position))
        if event is None:
            raise NotSafe(f"the log of {feed.department} lacks position {position}: events were deleted")
        found.append(event)
    return sorted(found, key=attrgetter("position"))


def _stands_at(event: Event, position: int) -> bool:
    return event.position == position


class PostgresFeed:
    """Reads the department's log where it stands (its own log, or another's in the embedded house)."""

    in_one_sequence = True

    def __init__(self, store: Store, page_events: int = CATCH_UP_EVENTS) -> None:
        self._store = store
        self._page_events = page_events
        self._tail = Tail(store)

    @property
    def department(self) -> str:
        return self._store.department

    async def pages(self, after: Place | None) -> AsyncGenerator[Page, None]:
        position = after.position if after else Position(0)
        with self._tail:
            while True:
                page = self._tail.after(position) or await self._store.read_all(position, self._page_events)
                if page.scanned > position:
                    position = page.scanned
                    yield page
                if position >= page.head:
                    await self._tail.grown(position)

    async def refetch(self, tenant: str, stream: str, after: Version, upto: Version) -> Sequence[Event]:
        return await self._store.read_stream(tenant, stream, after=after, limit=upto - after)

    async def at(self, position: Position) -> Event | None:
        page = await self._store.read_all(Position(position - 1), 1)
        return page.events[0] if page.events else None

    async def head(self) -> Place:
        return await self._store.head()
