"""Where facts come from: a department's log, read in place or heard through Kafka. The port hides which."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Protocol

from eventlog.checks import check_name
from eventlog.errors import NotSafe
from eventlog.events import Event, Fork, Offset, Place, Position, Version
from eventlog.marks import WHOLE, ByPartition, InOneSequence, Mark, Marks, MarkTable, Superseded
from eventlog.parting import stands
from eventlog.store import Log, Page
from eventlog.tail import Tail

#: Events read at once while catching up: few enough that requests beside it do not wait for long.
CATCH_UP_EVENTS = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """Events of a feed, each with the part to which it belongs and the offset at which it stood there; None: it was
    fetched beside the feed."""

    events: Sequence[Event]
    parts: Sequence[int]
    offsets: Sequence[Offset | None]

    @classmethod
    def beside(cls, part: int, events: Sequence[Event]) -> "Told":
        """Events of one part that were fetched beside the feed."""
        return cls(events, [part] * len(events), [None] * len(events))

    @classmethod
    def in_sequence(cls, events: Sequence[Event]) -> "Told":
        """Events of a log in one sequence, in which the position is the offset."""
        return cls(events, [WHOLE] * len(events), [Offset(event.position) for event in events])


class Watermark(Protocol):
    """Whoever has heard partition p up to `offsets[p]`, for every p, has heard the department up to `place`."""

    @property
    def place(self) -> Place: ...

    @property
    def offsets(self) -> Sequence[Offset]: ...


class Feed(Protocol):
    """The facts of one department, in an order that keeps each stream's order, none left out, some perhaps repeated.

    Nobody has to trust that: the projector recomputes every digest, drops repeats and refetches gaps. A feed has parts,
    each with an order of its own; a stream belongs to one of them."""

    @property
    def department(self) -> str: ...

    @property
    def topic(self) -> str | None:
        """The topic whose partitions are its parts, which promise the order of each stream only. None for a log, which
        is one part: its pages follow each other by position, and every position up to `scanned` must be there."""
        ...

    async def parts(self) -> frozenset[int]:
        """The parts that are this reader's to hear, as soon as there are any."""
        ...

    async def part_of(self, stream: str) -> int:
        """The part that a stream belongs to."""
        ...

    async def gone(self, marks: Marks) -> Iterable[Mark]:
        """Those marks that name an event which no longer stands where it was heard, so that their parts begin anew.
        Raises `NotSafe` where facts would be missed by that."""
        ...

    def pages(self, marks: Marks) -> AsyncGenerator[Page | Told, None]:
        """What comes after these marks, for ever: first what stands there, then what comes. Raises `Superseded` when
        their parts are no longer those that are this reader's to hear, or end before them."""
        ...

    def watermarks(self) -> AsyncGenerator[Watermark, None]:
        """How far the parts must be heard, for ever, beginning with the newest; for a feed through a topic."""
        ...

    def saved(self, marks: Marks) -> None:
        """These marks were saved: for those who look from outside."""
        ...

    def in_log_order(self) -> "LogFeed":
        """A feed of the same facts from the log itself: for whoever reads them all once more."""
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

    async def generation(self) -> int:
        """The generation that is told; 0 before anything is."""
        ...

    async def forks(self) -> Sequence[Fork]:
        """Where the log's generations began, as it says itself."""
        ...


class LogFeed(Feed, Protocol):
    """The facts of one department in the order of its log."""

    def pages(self, marks: Marks) -> AsyncGenerator[Page, None]: ...


def mark_table(feed: Feed) -> MarkTable:
    """Where the marks of this feed's parts stand."""
    return ByPartition(feed.department, feed.topic) if feed.topic else InOneSequence(feed.department)


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


class OwnersLog:
    """What every feed asks the owner's log itself."""

    def __init__(self, log: Log) -> None:
        self.log = log

    @property
    def department(self) -> str:
        return self.log.department

    async def refetch(self, tenant: str, stream: str, after: Version, upto: Version) -> Sequence[Event]:
        try:
            check_name("tenant", tenant)
            check_name("stream", stream)
        except ValueError:
            return ()  # A spoiled record may name what no log takes.
        return await self.log.read_stream(tenant, stream, after=after, limit=upto - after)

    async def at(self, position: Position) -> Event | None:
        page = await self.log.read_all(Position(position - 1), 1)
        return page.events[0] if page.events else None

    async def head(self) -> Place:
        return await self.log.head()

    async def forks(self) -> Sequence[Fork]:
        return await self.log.forks()


class PostgresFeed(OwnersLog):
    """Reads the department's log where it stands (its own log, or another's in the embedded house)."""

    topic = None

    def __init__(self, log: Log, page_events: int = CATCH_UP_EVENTS) -> None:
        super().__init__(log)
        self._page_events = page_events
        self._tail = Tail(log)

    async def parts(self) -> frozenset[int]:
        return frozenset({WHOLE})

    async def part_of(self, stream: str) -> int:
        return WHOLE

    async def generation(self) -> int:
        return (await self.head()).generation

    async def gone(self, marks: Marks) -> Iterable[Mark]:
        """The event that the mark names must be the one that was heard: a log that was restored to an earlier moment
        gives the same positions to other events. Its generation must say so; until it does, nobody goes on."""
        for mark in marks.values():
            if mark.digest is not None and not await stands(self, mark.place.position, mark.digest):
                raise NotSafe(
                    f"position {mark.place} of the log of {self.department} is not the event that was heard: the log"
                    " was restored to an earlier moment, or is another one. If it was restored, run"
                    f" `{self.log.once_restored()}`"
                )
        return ()

    async def pages(self, marks: Marks) -> AsyncGenerator[Page, None]:
        position = marks[WHOLE].place.position if marks else Position(0)
        with self._tail:
            while True:
                page = self._tail.after(position) or await self.log.read_all(position, self._page_events)
                if page.head < position:
                    raise Superseded(f"the log of {self.department} ends at {page.head} and was heard up to {position}")
                if page.scanned > position:
                    position = page.scanned
                    yield page
                if position >= page.head:
                    await self._tail.grown(position)

    async def watermarks(self) -> AsyncGenerator[Watermark, None]:
        """None: its own mark says it."""
        never: tuple[Watermark, ...] = ()
        for each in never:
            yield each

    def saved(self, marks: Marks) -> None:
        """Nobody looks: the checkpoint says it."""

    def in_log_order(self) -> LogFeed:
        return self
