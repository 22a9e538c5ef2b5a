"""The log in a list: the reference that says what the adapters must do, and a fast store for tests."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from eventlog.checks import check, check_name
from eventlog.clock import Clock, utc_now
from eventlog.errors import CommandReused, Conflict
from eventlog.events import (
    CHAIN_START,
    Event,
    Fork,
    NewEvent,
    Place,
    Position,
    StreamKey,
    Version,
    chain_digest,
    event_id,
)
from eventlog.store import EVERYTHING, Append, Appended, Command, Filter, Page, bounded

SUBSCRIPTION_PAGE = 1000


class MemoryStore:
    """A log that forgets everything when the process ends. One event loop; nothing in it waits, so every append is
    alone by itself."""

    def __init__(self, department: str, *, clock: Clock = utc_now) -> None:
        self._department = department
        self._clock = clock
        self._events: list[Event] = []
        self._streams: dict[StreamKey, list[Event]] = {}
        self._answers: dict[tuple[str, UUID], tuple[bytes, Appended]] = {}
        self._grown = asyncio.Event()

    @property
    def department(self) -> str:
        return self._department

    @property
    def generation(self) -> int:
        return 1

    async def append(self, append: Append, *, timeout_s: float = 5.0) -> Appended:
        check(append)
        answer = await self.answered(append.tenant, append.command)
        if answer is not None:
            return answer
        self._check_conditions(append)
        appended = self._write(append)
        self._answers[append.tenant, append.command.id] = append.command.hmac, replace(appended, repeated=True)
        self._grown.set()
        self._grown = asyncio.Event()
        return appended

    async def answered(self, tenant: str, command: Command) -> Appended | None:
        stored = self._answers.get((tenant, command.id))
        if stored is None:
            return None
        if not hmac.compare_digest(stored[0], command.hmac):
            raise CommandReused(f"command {command.id} stands for another request")
        return stored[1]

    def _check_conditions(self, append: Append) -> None:
        for write in append.writes:
            version = self._version(append.tenant, write.stream)
            if not write.expected.holds(version):
                raise Conflict(write.stream, str(write.expected), version)

    def _write(self, append: Append) -> Appended:
        before = len(self._events)
        recorded_at = max(self._clock(), self._events[-1].recorded_at) if self._events else self._clock()
        for write in append.writes:
            for event in write.events:
                n = len(self._events) - before
                self._add(append.tenant, write.stream, event_id(append.command.id, n), event, recorded_at)
        last = len(self._events)
        versions = {write.stream: self._version(append.tenant, write.stream) for write in append.writes}
        first = min(before + 1, last)
        return Appended(1, Position(first), Position(last), versions, append.outcome, recorded_at)

    def _add(self, tenant: str, stream: str, id: UUID, new: NewEvent, recorded_at: datetime) -> None:
        past = self._streams.setdefault((tenant, stream), [])
        version, previous = Version(len(past) + 1), past[-1].digest if past else CHAIN_START
        digest = chain_digest(
            previous, tenant, stream, version, id, new.type, new.schema, recorded_at, new.metadata, new.data
        )
        position = Position(len(self._events) + 1)
        event = Event(
            1, position, tenant, stream, version, id, new.type, new.schema, recorded_at, new.metadata, new.data, digest
        )
        past.append(event)
        self._events.append(event)

    def _version(self, tenant: str, stream: str) -> Version:
        return Version(len(self._streams.get((tenant, stream), ())))

    async def read_stream(
        self,
        tenant: str,
        stream: str,
        *,
        after: Version = Version(0),
        limit: int | None = None,
        backwards: bool = False,
    ) -> Sequence[Event]:
        check_name("tenant", tenant)
        check_name("stream", stream)
        events = self._streams.get((tenant, stream), [])[after:]
        return (events[::-1] if backwards else events)[:limit]

    async def read_all(self, after: Position, limit: int = 1000, only: Filter = EVERYTHING) -> Page:
        found = self._events[after : after + limit]
        events, scanned = bounded([each for each in found if only.matches(each)], Position(after + len(found)))
        return Page(1, events, scanned, Position(len(self._events)))

    async def head(self) -> Place:
        return Place(1, Position(len(self._events)))

    async def forks(self) -> Sequence[Fork]:
        return ()

    def once_restored(self, shared: Position | None = None, above: int = 0) -> str:
        return f"baton log restored {self.department}"

    async def answered_to(self) -> Position:
        return max((answer.last for _, answer in self._answers.values()), default=Position(0))

    async def stream_version(self, tenant: str, stream: str) -> Version:
        check_name("tenant", tenant)
        check_name("stream", stream)
        return self._version(tenant, stream)

    async def subscribe(self, after: Position, only: Filter = EVERYTHING) -> AsyncIterator[Page]:
        while True:
            grown = self._grown
            page = await self.read_all(after, SUBSCRIPTION_PAGE, only)
            if page.scanned > after:
                after = page.scanned
                yield page
            else:
                await grown.wait()

    async def close(self) -> None:
        """Nothing to give back; here because every store is closed."""
