"""Baton's event log under the same load as its peers."""

import asyncio
import time
from collections.abc import Callable
from uuid import uuid4

import uvloop

from bench.peers import METADATA, PAYLOAD
from eventlog.events import NewEvent
from eventlog.postgres.store import PostgresStore
from eventlog.store import ANY, NO_STREAM, Append, Command, StreamWrite

EVENT = NewEvent("bench.happened", 1, PAYLOAD, METADATA)
HMAC = bytes(32)


def one(stream: str, expected=NO_STREAM, count: int = 1) -> Append:  # type: ignore[no-untyped-def]
    """An append of `count` events to one stream, under a command of its own."""
    return Append("bench", Command(uuid4(), HMAC), (StreamWrite(stream, expected, (EVENT,) * count),))


def appends(dsn: str, writers: int, seconds: float, batch: int, one_stream: bool, start: Callable[[], None]) -> int:
    """Durable appends of `batch` events from so many concurrent writers; answers how many events were written."""
    return uvloop.run(_appends(dsn, writers, seconds, batch, one_stream, start))


async def _appends(
    dsn: str, writers: int, seconds: float, batch: int, one_stream: bool, start: Callable[[], None]
) -> int:
    async with await PostgresStore.open(dsn, "bench") as store:
        await store.append(one(f"warm-{uuid4()}", NO_STREAM, batch))
        start()
        until = time.perf_counter() + seconds

        async def write() -> int:
            count = 0
            while time.perf_counter() < until:
                append = one("the-one", ANY, batch) if one_stream else one(f"s-{uuid4()}", NO_STREAM, batch)
                await store.append(append, timeout_s=30)
                count += batch
            return count

        return sum(await asyncio.gather(*(write() for _ in range(writers))))


def fill(dsn: str, events: int, start: Callable[[], None]) -> int:
    """Bring a log to at least so many events."""
    return uvloop.run(_fill(dsn, events))


async def _fill(dsn: str, events: int) -> int:
    async with await PostgresStore.open(dsn, "bench") as store:
        missing = events - (await store.head()).position
        for done in range(0, missing, 20_000):
            chunk = min(20_000, missing - done)
            await asyncio.gather(
                *(store.append(one(f"f-{uuid4()}", NO_STREAM, 100), timeout_s=60) for _ in range(-(-chunk // 100)))
            )
        return max(missing, 0)
