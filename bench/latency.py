"""From the answer of a write to its row in the own department's list, and in another department's view."""

import asyncio
import time
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

import asyncpg
import orjson
import uvloop

from bench.committed import COMMITTED, waits
from bench.http_load import Client, connected, request
from bench.rows import Row, at_most
from tests.support.postgres import running_server
from tests.support.running import running

WRITES_PER_S = 500
SECONDS = 10.0
CLIENTS = 32

#: Nothing changes a lead without a person after it was made.
LEADS = f"SELECT id, {COMMITTED} FROM views.leads AS t WHERE tenant = 'bench' AND id = ANY($1)"
#: The leads of $1 that have entries in timelines.
TIMELINES = f"""SELECT l.id, {COMMITTED} FROM unnest($1::text[]) AS l(id)
JOIN views.timeline AS t ON tenant = 'bench' AND stream = 'marketing.lead-' || l.id"""


def run() -> list[Row]:
    """p99 of both, in milliseconds, at 500 writes/s."""
    with running_server(track_commit_timestamp="on") as server, TemporaryDirectory() as folder:
        return uvloop.run(_run(server.dsn("postgres"), Path(folder)))


async def _run(dsn: str, folder: Path) -> list[Row]:
    async with (
        running(folder / "home", BATON_DATABASE_URL=dsn) as baton,
        asyncpg.create_pool(dsn, database="marketing", min_size=1, max_size=1) as own,
        asyncpg.create_pool(dsn, database="contacts", min_size=1, max_size=1) as other,
    ):
        token = await baton.token("bench", "clerk-1", "manager", branch="riga")
        answered, rate = await _written(await connected(baton.port, CLIENTS), baton.port, token)
        own_p99, other_p99 = [
            _p99_ms(await waits(pool, sql, answered)) for pool, sql in ((own, LEADS), (other, TIMELINES))
        ]
    note = f"{rate:.0f} writes/s, {len(answered)} of them"
    return [
        at_most("answer of a write to its row in the own list, p99", own_p99, "ms", 20, 10, note),
        at_most("answer of a write to another department's view, p99", other_p99, "ms", 50, 25, note),
    ]


def _p99_ms(waited: list[tuple[float, float]]) -> float:
    return quantiles([took for _, took in waited], n=100)[98] * 1000


async def _written(clients: list[Client], port: int, token: str) -> tuple[dict[str, float], float]:
    """Post at the same pace whatever the answers take: when each was answered, and the rate that came out."""
    free: asyncio.Queue[Client] = asyncio.Queue()
    for client in clients:
        free.put_nowait(client)
    asked = request(port, "/v1/leads", token, orjson.dumps({"source": "bench", "branch": "riga"}))
    answered: dict[str, float] = {}

    async def write() -> None:
        client = await free.get()
        status, body = await client.ask(asked)
        at = time.time()
        free.put_nowait(client)
        if status != 201:
            raise RuntimeError(f"{status}: {body!r}")
        answered[orjson.loads(body)["id"]] = at

    writing, began = [], time.perf_counter()
    for n in range(int(WRITES_PER_S * SECONDS)):
        await asyncio.sleep(max(0.0, began + n / WRITES_PER_S - time.perf_counter()))
        writing.append(asyncio.create_task(write()))
    await asyncio.gather(*writing)
    return answered, len(writing) / (time.perf_counter() - began)
