"""The streams of the small server, and how an append to one is judged."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

NO_STREAM = -1
ANY = -2
EXISTS = -4

MAX_APPEND_SIZE = 1024 * 1024


@dataclass(frozen=True)
class Proposed:
    """An event as a client proposes it."""

    id: UUID
    type: str
    content_type: str
    data: bytes
    metadata: bytes

    @property
    def size(self) -> int:
        return len(self.data) + len(self.metadata) + 2 * len(self.type)


@dataclass(frozen=True)
class Stored:
    """An event as it stands in a stream; `position` is that of the whole database."""

    event: Proposed
    revision: int
    position: int


class WrongExpectedVersion(Exception):
    def __init__(self, found: int) -> None:
        self.found = found


class TooLarge(Exception):
    pass


@dataclass
class Streams:
    """All streams of the database. `max_append_size` is the server's option of that name, in bytes."""

    max_append_size: int = MAX_APPEND_SIZE
    streams: dict[str, list[Stored]] = field(default_factory=dict)
    position: int = 0
    grown: asyncio.Event = field(default_factory=asyncio.Event)

    def append(self, stream: str, expected: int, events: Sequence[Proposed]) -> Stored:
        """The last event that was written, or had been written before by this same append."""
        if sum(event.size for event in events) > self.max_append_size:
            raise TooLarge
        there = self.streams.get(stream, [])
        done = self._done_already(there, expected, events)
        if done is not None:
            return done
        self._check(there, expected)
        for event in events:
            self.position += 64 + event.size
            there.append(Stored(event, len(there), self.position))
        self.streams[stream] = there
        self.grown.set()
        self.grown = asyncio.Event()
        return there[-1]

    def restore(self, stream: str, count: int) -> None:
        """As after a restore to an earlier moment: the stream has `count` events."""
        del self.streams[stream][count:]

    def _done_already(self, there: list[Stored], expected: int, events: Sequence[Proposed]) -> Stored | None:
        """Only ids are compared, as the real server does."""
        ids = [event.id for event in events]
        if expected in (ANY, EXISTS):
            starts: Sequence[int] = [stored.revision for stored in there if stored.event.id == ids[0]]
        else:
            starts = [expected + 1]
        for start in starts:
            if [stored.event.id for stored in there[start : start + len(ids)]] == ids:
                return there[start + len(ids) - 1]
        return None

    def _check(self, there: list[Stored], expected: int) -> None:
        last = len(there) - 1
        if expected not in (ANY, last) and not (expected == EXISTS and there):
            raise WrongExpectedVersion(last)
