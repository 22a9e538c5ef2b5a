"""The port of the event log. Every adapter passes the one suite in `tests/contract/store_contract.py`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol
from uuid import UUID

from eventlog.events import Event, Fork, NewEvent, Place, Position, Version, byte_size


class Mode(Enum):
    """What an append expects of its stream."""

    EXACT = "exact"
    NO_STREAM = "no stream"
    EXISTS = "exists"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Expected:
    """The expected state of a stream: mandatory, so that nobody forgets to think of the other writer."""

    mode: Mode
    version: Version = Version(0)

    def __str__(self) -> str:
        return f"version {self.version}" if self.mode is Mode.EXACT else self.mode.value

    def holds(self, version: int) -> bool:
        """Whether a stream at this version is as expected."""
        match self.mode:
            case Mode.EXACT:
                return version == self.version
            case Mode.NO_STREAM:
                return version == 0
            case Mode.EXISTS:
                return version > 0
            case Mode.ANY:
                return True


NO_STREAM = Expected(Mode.NO_STREAM)
EXISTS = Expected(Mode.EXISTS)
ANY = Expected(Mode.ANY)


def exact(version: Version) -> Expected:
    """The stream is at `version`; version 0 means that it does not exist."""
    return Expected(Mode.EXACT, version) if version else NO_STREAM


@dataclass(frozen=True, slots=True)
class Command:
    """Who asks: the id under which a write happens once, and a keyed HMAC of what was asked (32 bytes)."""

    id: UUID
    hmac: bytes


@dataclass(frozen=True, slots=True)
class StreamWrite:
    """Events for one stream, with what is expected of it. No events: only the condition is checked."""

    stream: str
    expected: Expected
    events: Sequence[NewEvent]


@dataclass(frozen=True, slots=True)
class Append:
    """One transaction: events for one or several streams of one tenant, under one command. No events at all is a
    no-op that is remembered like any other answer. `outcome` is stored and given back to a repeated command."""

    tenant: str
    command: Command
    writes: Sequence[StreamWrite]
    outcome: bytes = b""


@dataclass(frozen=True, slots=True)
class Appended:
    """The answer to an append, and, unchanged but for `repeated`, to every repetition of it.

    `versions` names each stream written to with its version after the append. `first` and `last` bound the
    positions (both are the head's when nothing was written). `recorded_at` is that of the appended events (all events
    of one append have the same). Events are durable when this is returned. A repeated command is recognised before
    any condition is checked."""

    generation: int
    first: Position
    last: Position
    versions: Mapping[str, Version]
    outcome: bytes
    recorded_at: datetime
    repeated: bool = False

    @property
    def place(self) -> Place:
        return Place(self.generation, self.last)


@dataclass(frozen=True, slots=True)
class Filter:
    """Narrows `read_all` and `subscribe`; empty means all."""

    tenant: str | None = None
    types: frozenset[str] = field(default_factory=frozenset)
    stream: str | None = None

    def matches(self, event: Event) -> bool:
        return (
            self.tenant in (None, event.tenant)
            and self.stream in (None, event.stream)
            and (not self.types or event.type in self.types)
        )


EVERYTHING = Filter()


@dataclass(frozen=True, slots=True)
class Page:
    """Events in position order. `scanned` is the last position looked at, whether it matched or not: go on from
    there. `generation` and `head` are the log's, and its last position, when the page was read."""

    generation: int
    events: Sequence[Event]
    scanned: Position
    head: Position


#: A page ends behind the event with which payloads and metadata come to so many bytes, however many were asked for: so
#: it takes this much memory and one event more, and fits into a message.
PAGE_BYTES = 8 * 1024 * 1024


def bounded(events: Sequence[Event], scanned: Position) -> tuple[Sequence[Event], Position]:
    """What one page holds of these, and the last position looked at then; else `scanned`."""
    size = 0
    for count, event in enumerate(events, 1):
        size += byte_size(event)
        if size >= PAGE_BYTES:
            return events[:count], event.position
    return events, scanned


class Log(Protocol):
    """A department's log as others read it, in place or from afar: all tenants, one order. Raises `Unavailable`."""

    @property
    def department(self) -> str: ...

    async def read_stream(
        self, tenant: str, stream: str, *, after: Version = Version(0), limit: int | None = None
    ) -> Sequence[Event]:
        """Events of one stream with versions over `after`, in order. Unknown: empty."""
        ...

    async def read_all(self, after: Position, limit: int = 1000) -> Page:
        """The next page after a position. Scans at most `limit` positions, which are contiguous."""
        ...

    async def head(self) -> Place:
        """The last position of the log, and its generation. An empty log is at position 0."""
        ...

    async def forks(self) -> Sequence[Fork]:
        """Where its generations began, in their order; none for a log that was never restored."""
        ...

    def once_restored(self, shared: Position | None = None, above: int = 0) -> str:
        """The command by which an operator says that the log was restored to an earlier moment, and shares positions
        up to `shared` (None: to its end) with what was heard of it, in generations up to `above`."""
        ...

    def subscribe(self, after: Position) -> AsyncIterator[Page]:
        """Pages after a position, for ever: first what stands there, then what comes, without gap or repeat. A page
        may be empty of events: it still moves `scanned`."""
        ...


class Store(Log, Protocol):
    """A log of one department, to write as well."""

    @property
    def generation(self) -> int: ...

    async def append(self, append: Append, *, timeout_s: float = 5.0) -> Appended:
        """Append, durably, or raise: `Conflict`, `CommandReused`, `TooLarge`, `Overloaded`, `Unavailable`.

        A cancelled or timed-out append has happened or not; the same command asked again tells which."""
        ...

    async def answered(self, tenant: str, command: Command) -> Appended | None:
        """The stored answer of a command, or None if it was never answered. Raises `CommandReused`. Waits for the
        same command when it is running in this process."""
        ...

    async def answered_to(self) -> Position:
        """The last position that an answer names: a log that ends before it lacks its last events. May read every
        answer."""
        ...

    async def stream_version(self, tenant: str, stream: str) -> Version:
        """The version of a stream; 0 if it does not exist."""
        ...

    async def read_stream(
        self,
        tenant: str,
        stream: str,
        *,
        after: Version = Version(0),
        limit: int | None = None,
        backwards: bool = False,
    ) -> Sequence[Event]:
        """As any log's, or the last ones first."""
        ...

    async def read_all(self, after: Position, limit: int = 1000, only: Filter = EVERYTHING) -> Page:
        """As any log's; of what it scans, what the filter lets through."""
        ...

    def subscribe(self, after: Position, only: Filter = EVERYTHING) -> AsyncIterator[Page]:
        """As any log's; of what it scans, what the filter lets through."""
        ...
