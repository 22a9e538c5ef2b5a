"""What tests append, and what they check after it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from eventlog.events import CHAIN_START, Event, NewEvent, Position, digest_of
from eventlog.store import ANY, Append, Command, Expected, Page, Store, StreamWrite

DEADLINE_S = 30.0
TENANT = "olist"


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self, at: datetime = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, by: timedelta) -> None:
        self.at += by


def an_event(data: bytes | str = b'{"note": "called"}', type: str = "sales.deal-moved") -> NewEvent:
    payload = data.encode() if isinstance(data, str) else data
    return NewEvent(type, 1, payload, b'{"employee": "anna"}')


def events(n: int) -> list[NewEvent]:
    return [an_event(f'{{"n": {i}}}') for i in range(n)]


def an_append(
    stream: str = "sales.deal-7",
    expected: Expected = ANY,
    facts: Sequence[NewEvent] | int = 1,
    *,
    tenant: str = TENANT,
    command: UUID | None = None,
    request: bytes = b"request",
    outcome: bytes = b"",
) -> Append:
    write = StreamWrite(stream, expected, events(facts) if isinstance(facts, int) else facts)
    return Append(tenant, a_command(command, request), [write], outcome)


def a_command(id: UUID | None = None, request: bytes = b"request") -> Command:
    return Command(id or uuid4(), request.ljust(32, b".")[:32])


async def whole_log(store: Store, page_limit: int = 1000) -> list[Event]:
    """Every event, checked: positions contiguous, times not going back, every chain whole."""
    found: list[Event] = []
    after = Position(0)
    while True:
        page = await store.read_all(after, page_limit)
        found.extend(page.events)
        if page.scanned == after:
            break
        after = page.scanned
    check_log(found)
    return found


def check_log(found: Sequence[Event]) -> None:
    """The invariants of a log that was read from its start."""
    assert [event.position for event in found] == list(range(1, len(found) + 1))
    assert [event.recorded_at for event in found] == sorted(event.recorded_at for event in found)
    assert len({event.id for event in found}) == len(found)
    heads: dict[tuple[str, str], tuple[int, bytes]] = {}
    for event in found:
        version, digest = heads.get((event.tenant, event.stream), (0, CHAIN_START))
        assert event.version == version + 1
        assert event.digest == digest_of(digest, event)
        heads[event.tenant, event.stream] = event.version, event.digest


async def collect(pages: AsyncIterator[Page], until: Position) -> list[Event]:
    """Follow a subscription until it has scanned a position."""
    found: list[Event] = []
    async with asyncio.timeout(DEADLINE_S):
        async for page in pages:
            found.extend(page.events)
            if page.scanned >= until:
                break
    return found


async def eventually(condition: Callable[[], Awaitable[bool]], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Wait for a condition, at most so long."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + deadline_s
    while not await condition():
        assert loop.time() < deadline, f"not within {deadline_s} s: {what}"
        await asyncio.sleep(0.001)
