"""Recompute every chain of a log from the bytes in hand. Reads events and nothing else, so it judges any copy."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from eventlog.events import CHAIN_START, Event, Position, StreamKey, Version, digest_of
from eventlog.store import EVERYTHING, Filter, Store

PAGE_LIMIT = 5000

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Broken:
    """Where a chain does not hold. No stream: the log as a whole."""

    tenant: str
    stream: str
    version: Version
    position: Position
    reason: str


@dataclass(slots=True)
class Verified:
    """What a log was found to be. It is whole when `broken` is empty."""

    events: int = 0
    streams: int = 0
    broken: list[Broken] = field(default_factory=list)


class Verifier:
    """Takes the events of a log in order. A break is reported once: behind it the chain goes on from what is stored.

    `whole` says that every position is given, so a missing one is a break; false for the events of one tenant."""

    def __init__(self, *, whole: bool = True) -> None:
        self.found = Verified()
        self._whole = whole
        self._position = 0
        self._recorded_at = _LONG_AGO
        self._heads: dict[StreamKey, tuple[Version, bytes]] = {}

    def add(self, events: Iterable[Event]) -> None:
        for event in events:
            self._add(event)

    def end(self, head: Position) -> Verified:
        """All is given; the log says that it ends at `head`, or that writers were told so."""
        if self._whole and self._position != head:
            reason = f"the log should end at {head}, its events end at {self._position}"
            self.found.broken.append(Broken("", "", Version(0), Position(0), reason))
        return self.found

    def _add(self, event: Event) -> None:
        key = event.tenant, event.stream
        version, digest = self._heads.get(key, (Version(0), CHAIN_START))
        if self._whole and event.position != self._position + 1:
            reason = f"position {event.position} follows {self._position}"
            self.found.broken.append(Broken("", "", Version(0), event.position, reason))
        for reason in self._reasons(event, version, digest):
            self.found.broken.append(Broken(event.tenant, event.stream, event.version, event.position, reason))
        self.found.events += 1
        self.found.streams += version == 0
        self._position = event.position
        self._recorded_at = event.recorded_at
        self._heads[key] = event.version, event.digest

    def _reasons(self, event: Event, version: Version, digest: bytes) -> Iterable[str]:
        if event.recorded_at < self._recorded_at:
            yield "recorded before the event in front of it"
        if event.version != version + 1:
            yield f"version {event.version} follows {version}"
        elif digest_of(digest, event) != event.digest:
            yield "the digest is not that of the event and its past"


async def verify(store: Store, only: Filter = EVERYTHING) -> Verified:
    """Verify a log up to its present head; `only` may narrow it to a tenant or a stream."""
    verifier = Verifier(whole=only == EVERYTHING)
    head = max((await store.head()).position, await store.answered_to())
    async for page in _pages(store, head, only):
        verifier.add(page)
    return verifier.end(head)


async def _pages(store: Store, head: Position, only: Filter) -> AsyncIterator[Iterable[Event]]:
    after = Position(0)
    while after < head:
        page = await store.read_all(after, min(PAGE_LIMIT, head - after), only)
        if page.scanned == after:
            return
        after = page.scanned
        yield page.events
