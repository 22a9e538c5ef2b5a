"""A cluster under load: how soon sales has what marketing recorded, how long a process that was killed is missed, and
what the way over gRPC costs a request."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from uuid import uuid4

import asyncpg
import uvloop

from bench.apart import Load, apart, interleaved
from bench.committed import COMMITTED, waits
from bench.http_load import posts
from bench.relay import TRACE
from bench.rest import person
from bench.rows import Row, at_most, compared
from eventlog.codec import Codec, Origin
from eventlog.keyring import MemoryKeyring
from eventlog.postgres.store import PostgresStore
from eventlog.store import NO_STREAM, Append, Command, StreamWrite
from facts.marketing import LeadCaptured
from facts.registry import REGISTRY
from tests.support.cluster import processes, running_cluster
from tests.support.postgres import running_server
from tests.support.running import Baton, running

FACTS_PER_S = 500
SECONDS = 60.0
#: Who is killed, one after the other, and how long the load goes on before and after that.
VICTIMS, BEFORE_S, AFTER_S = ("sales-project", "marketing-relay"), 10.0, 25.0
#: A fact lags that waits for longer than this, and for longer than twice what 99 of 100 waited before the kill.
LAG_S = 0.5
CLIENTS, REST_S = 8, 5.0

#: Of marketing's facts sales keeps the ledger and the heads: its other rows come from what contacts says of them.
HEARD = f"""SELECT l.id, {COMMITTED} FROM unnest($1::text[]) AS l(id)
JOIN views.ledger AS t ON tenant = 'bench' AND stream = 'marketing.lead-' || l.id"""


def run() -> list[Row]:
    """All rows of this part."""
    return uvloop.run(_run())


async def _run() -> list[Row]:
    remembering = running_server(track_commit_timestamp="on")
    with TemporaryDirectory() as folder, remembering as ours, running_server() as others:
        async with running_cluster(Path(folder) / "cluster", BATON_DATABASE_URL=ours.dsn("postgres")) as cluster:
            async with load(ours.dsn("marketing"), ours.dsn("sales")) as followed:
                rows = [*await _latency(followed), await _recovery(cluster, followed)]
            async with running(Path(folder) / "home", BATON_DATABASE_URL=others.dsn("postgres")) as embedded:
                return [*rows, await _rest(cluster, embedded)]


@dataclass
class Followed:
    """When facts were answered by marketing's log, in seconds since 1970, and where sales hears them."""

    sales: asyncpg.Pool
    answered: dict[str, float] = field(default_factory=dict)

    async def since(self, began: float) -> list[tuple[float, float]]:
        """Of each fact that was answered from then on until now: when, and how many seconds later sales had it."""
        return await waits(self.sales, HEARD, {id: at for id, at in self.answered.items() if at >= began})


@asynccontextmanager
async def load(marketing: str, sales: str) -> AsyncIterator[Followed]:
    """Facts appended in marketing's log at an even pace, as long as it is entered."""
    async with (
        await PostgresStore.open(marketing, "marketing") as store,
        asyncpg.create_pool(sales, min_size=1, max_size=1) as pool,
    ):
        followed = Followed(pool)
        appending = asyncio.create_task(_append(store, followed.answered))
        try:
            yield followed
        finally:
            appending.cancel()
            await asyncio.wait({appending})


async def _append(store: PostgresStore, answered: dict[str, float]) -> None:
    codec, began, n = Codec(REGISTRY, MemoryKeyring()), time.perf_counter(), 0
    async with asyncio.TaskGroup() as writing:
        while True:
            await asyncio.sleep(max(0.0, began + n / FACTS_PER_S - time.perf_counter()))
            writing.create_task(_captured(store, codec, answered))
            n += 1


async def _captured(store: PostgresStore, codec: Codec, answered: dict[str, float]) -> None:
    command, id = uuid4(), str(uuid4())
    fact = LeadCaptured(lead_id=id, source="bench", branch="riga", captured_at=datetime.now(UTC))
    events, _ = await codec.encode([fact], Origin("bench", "riga", "clerk-1", traceparent=TRACE), command)
    write = StreamWrite(f"marketing.lead-{id}", NO_STREAM, events)
    await store.append(Append("bench", Command(command, bytes(32)), [write]), timeout_s=30)
    answered[id] = time.time()


async def _latency(followed: Followed) -> list[Row]:
    await asyncio.sleep(SECONDS / 10)
    began = time.time()
    await asyncio.sleep(SECONDS)
    seconds = [took for _, took in await followed.since(began)]
    at = quantiles(seconds, n=100)
    note = f"{FACTS_PER_S} facts/s for {SECONDS:.0f} s, {len(seconds)} of them"
    name = "append in marketing to row in sales, cluster"
    return [
        at_most(f"{name}, p50", at[49] * 1000, "ms", 25, 15, note),
        at_most(f"{name}, p99", at[98] * 1000, "ms", 100, 60, note),
    ]


async def _recovery(cluster: Baton, followed: Followed) -> Row:
    took = {victim: await _killed(cluster, followed, victim) for victim in VICTIMS}
    note = ", ".join(f"{victim} {seconds:.1f} s" for victim, seconds in took.items())
    return at_most("recovery after kill -9 of one process, until nothing lags", max(took.values()), "s", 10, 5, note)


async def _killed(cluster: Baton, followed: Followed, victim: str) -> float:
    """Seconds from the kill to the moment when the last fact came that lagged."""
    began = time.time()
    await asyncio.sleep(BEFORE_S)
    usual = quantiles([took for _, took in await followed.since(began)], n=100)[98]
    processes(cluster)[victim].kill()
    killed = time.time()
    await asyncio.sleep(AFTER_S)
    lagging = [at + took for at, took in await followed.since(killed) if took > max(LAG_S, 2 * usual)]
    return max(lagging, default=killed) - killed


async def _rest(cluster: Baton, embedded: Baton) -> Row:
    work: dict[str, Callable[[], Load]] = {"cluster": await _posts(cluster), "embedded": await _posts(embedded)}
    loads = await asyncio.to_thread(interleaved, work)
    name = f"REST create of a person through a cluster, {CLIENTS} clients"
    rates = loads["cluster"].rate, "/s", "one process", loads["embedded"].rate
    return compared(name, *rates, 0.5, 0.8)


async def _posts(baton: Baton) -> Callable[[], Load]:
    token = await baton.token("bench", "clerk-1", "manager", branch="riga")
    return partial(apart, partial(posts, "/v1/people", token, CLIENTS, REST_S, person), baton.port)
