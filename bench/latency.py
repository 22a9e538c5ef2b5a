"""From the answer of a write to its row in the own department's list, and in another department's view."""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

import asyncpg
import orjson
import uvloop

from bench.http_load import Client, connected, request
from bench.rows import Row, at_most
from tests.support.postgres import running_server
from tests.support.running import running

WRITES_PER_S = 500
SECONDS = 10.0
CLIENTS = 32
#: Every so many writes one is followed until it is seen.
FOLLOW_EVERY = 10
#: How often it is looked for them: the figures are this much too large at most.
LOOK_S = 0.004

LEADS = "SELECT id FROM views.leads WHERE tenant = 'bench' AND id = ANY($1)"
#: The leads of $1 that have entries in timelines.
TIMELINES = """SELECT substr(stream, length('marketing.lead-') + 1) FROM views.timeline
WHERE tenant = 'bench' AND stream = ANY(SELECT 'marketing.lead-' || id FROM unnest($1::text[]) AS id)"""


def run() -> list[Row]:
    """p99 of both, in milliseconds, at 500 writes/s."""
    with running_server() as server, TemporaryDirectory() as folder:
        return uvloop.run(_run(server.dsn("postgres"), Path(folder)))


async def _run(dsn: str, folder: Path) -> list[Row]:
    async with (
        running(folder / "home", BATON_DATABASE_URL=dsn) as baton,
        asyncpg.create_pool(dsn, database="marketing", min_size=1, max_size=1) as own,
        asyncpg.create_pool(dsn, database="contacts", min_size=1, max_size=1) as other,
    ):
        token = await baton.token("bench", "clerk-1", "manager", branch="riga")
        lists = [Watched(own, LEADS), Watched(other, TIMELINES)]
        rate = await _measure(await connected(baton.port, CLIENTS), baton.port, token, lists)
    note = f"{rate:.0f} writes/s, {len(lists[0].seconds)} followed, looked for every {LOOK_S * 1000:.0f} ms"
    return [
        at_most("answer of a write to its row in the own list, p99", lists[0].p99_ms, "ms", 20, 10, note),
        at_most("answer of a write to another department's view, p99", lists[1].p99_ms, "ms", 50, 25, note),
    ]


@dataclass
class Watched:
    """A table in which rows appear: when each was answered, and how many seconds later it was seen."""

    pool: asyncpg.Pool
    sql: str
    answered: dict[str, float] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)

    @property
    def p99_ms(self) -> float:
        return quantiles(self.seconds, n=100)[98] * 1000

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            if self.answered:
                found = await self.pool.fetch(self.sql, list(self.answered))
                now = time.perf_counter()
                self.seconds += [now - self.answered.pop(row[0]) for row in found]
            await asyncio.sleep(LOOK_S)


async def _measure(clients: list[Client], port: int, token: str, lists: list[Watched]) -> float:
    """Post at the same pace whatever the answers take; answers the rate that came out."""
    free: asyncio.Queue[Client] = asyncio.Queue()
    for client in clients:
        free.put_nowait(client)
    asked = request(port, "/v1/leads", token, orjson.dumps({"source": "bench", "branch": "riga"}))

    async def write(follow: bool) -> None:
        client = await free.get()
        status, body = await client.ask(asked)
        answered = time.perf_counter()
        free.put_nowait(client)
        if status != 201:
            raise RuntimeError(f"{status}: {body!r}")
        if follow:
            for each in lists:
                each.answered[orjson.loads(body)["id"]] = answered

    watching = [asyncio.create_task(each.watch()) for each in lists]
    writing, began = [], time.perf_counter()
    for n in range(int(WRITES_PER_S * SECONDS)):
        await asyncio.sleep(max(0.0, began + n / WRITES_PER_S - time.perf_counter()))
        writing.append(asyncio.create_task(write(n % FOLLOW_EVERY == 0)))
    await asyncio.gather(*writing)
    rate = len(writing) / (time.perf_counter() - began)
    async with asyncio.timeout(10):
        while any(each.answered for each in lists):  # noqa: ASYNC110 - they are tables of another process
            await asyncio.sleep(LOOK_S)
    for each in watching:
        each.cancel()
    return rate
