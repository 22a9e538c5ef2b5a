"""`read_all` from the start: events a second, and how it changes with the size of the log."""

from collections.abc import Callable

import uvloop

from bench.apart import apart
from bench.ours import fill
from bench.rows import Row, measured
from eventlog.events import Position
from eventlog.postgres.store import PostgresStore
from tests.support.postgres import running_server

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
#: So many events are read of each log: the last ones of a large one, all of a small one again and again.
EVENTS = 1_000_000
PAGE = 5_000


def run() -> list[Row]:
    """The curve."""
    rows = []
    with running_server() as server:
        dsn = server.dsn(server.create_database())
        for size in SIZES:
            apart(fill, dsn, size)
            load = apart(read, dsn, min(size, EVENTS))
            rows.append(measured(f"read_all of a log of {size:,}", load.rate, "events/s", 200_000, 300_000))
    return rows


def read(dsn: str, events: int, start: Callable[[], None]) -> int:
    return uvloop.run(_read(dsn, events, start))


async def _read(dsn: str, events: int, start: Callable[[], None]) -> int:
    async with await PostgresStore.open(dsn, "bench") as store:
        head = (await store.head()).position
        await store.read_all(Position(0), PAGE)
        start()
        return sum([await _read_end(store, head, events) for _ in range(EVENTS // events)])


async def _read_end(store: PostgresStore, head: Position, events: int) -> int:
    count, after = 0, Position(head - events)
    while after < head:
        page = await store.read_all(after, PAGE)
        count += len(page.events)
        after = page.scanned
    if count != events:
        raise RuntimeError(f"read {count} of {events} events")
    return count
