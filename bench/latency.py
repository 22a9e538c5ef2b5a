"""From the answer of a write to its row in the own department's list, and in another department's view."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import quantiles

import asyncpg
import httpx

from bench.rows import Row, at_most
from tests.support.postgres import running_server
from tests.support.running import running

WRITES_PER_S = 500
SECONDS = 10.0
#: Every so many writes one is followed until it is seen.
FOLLOW_EVERY = 10
POLL_S = 0.001


def run() -> list[Row]:
    """p99 of both, in milliseconds, at 500 writes/s."""
    with running_server() as server, tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(server.dsn("postgres"), Path(folder)))


async def _run(dsn: str, folder: Path) -> list[Row]:
    async with (
        running(folder / "home", BATON_DATABASE_URL=dsn) as baton,
        await baton.client("bench", "clerk-1", "manager", branch="riga") as http,
        asyncpg.create_pool(dsn, database="marketing") as own,
        asyncpg.create_pool(dsn, database="contacts") as other,
    ):
        return await _measure(http, own, other)


async def _measure(http: httpx.AsyncClient, own: asyncpg.Pool, other: asyncpg.Pool) -> list[Row]:
    seen: dict[str, list[float]] = {"own": [], "other": []}
    interval, writing = 1 / WRITES_PER_S, []
    began = time.perf_counter()
    for n in range(int(WRITES_PER_S * SECONDS)):
        await asyncio.sleep(max(0.0, began + n * interval - time.perf_counter()))
        writing.append(asyncio.create_task(_write(http, own, other, seen, follow=n % FOLLOW_EVERY == 0)))
    await asyncio.gather(*writing)
    rate = len(writing) / (time.perf_counter() - began)
    note = f"{rate:.0f} writes/s, {len(seen['own'])} followed"
    own_ms, other_ms = _p99(seen["own"]), _p99(seen["other"])
    return [
        at_most("answer of a write to its row in the own list, p99", own_ms, "ms", 20, 10, note),
        at_most("answer of a write to another department's view, p99", other_ms, "ms", 50, 25, note),
    ]


def _p99(seconds: list[float]) -> float:
    return quantiles(seconds, n=100)[98] * 1000


async def _write(
    http: httpx.AsyncClient, own: asyncpg.Pool, other: asyncpg.Pool, seen: dict[str, list[float]], follow: bool
) -> None:
    response = await http.post("/v1/leads", json={"source": "bench", "branch": "riga"})
    response.raise_for_status()
    answered, id = time.perf_counter(), response.json()["id"]
    if follow:
        lead = "SELECT count(*) FROM views.leads WHERE tenant = 'bench' AND id = $1"
        heard = "SELECT count(*) FROM views.heads WHERE tenant = 'bench' AND stream = 'marketing.lead-' || $1"
        seen["own"].append(await _until(lambda: own.fetchval(lead, id)) - answered)
        seen["other"].append(await _until(lambda: other.fetchval(heard, id)) - answered)


async def _until(there: Callable[[], Awaitable[int]]) -> float:
    while not await there():  # noqa: ASYNC110 - what is measured is a table of another process
        await asyncio.sleep(POLL_S)
    return time.perf_counter()
