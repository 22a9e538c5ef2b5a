"""A cluster under load: how soon sales has what marketing recorded, how long a process that was killed is missed, and
what the way over gRPC costs a request."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from uuid import uuid4

import asyncpg
import uvloop

from bench.apart import Load, apart, interleaved
from bench.http_load import posts
from bench.latency import LOOK_S, OF_LEADS, Watched
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
#: Every so many facts one is followed until it is seen.
FOLLOW_EVERY = 10
#: Who is killed, one after the other, and how long the load goes on after that.
VICTIMS, AFTER_S = ("sales-project", "marketing-relay"), 25.0
#: Nothing lags when nothing that was followed waits for longer than this.
LAG_S = 0.25
CLIENTS, REST_S = 8, 5.0

#: Of marketing's facts sales keeps the ledger and the heads: its other rows come from what contacts says of them.
HEARD = OF_LEADS.format(table="heads")


def run() -> list[Row]:
    """All rows of this part."""
    return uvloop.run(_run())


async def _run() -> list[Row]:
    with TemporaryDirectory() as folder, running_server() as ours, running_server() as others:
        async with running_cluster(Path(folder) / "cluster", BATON_DATABASE_URL=ours.dsn("postgres")) as cluster:
            async with load(ours.dsn("marketing"), ours.dsn("sales")) as watched:
                rows = [*await _latency(watched), await _recovery(cluster, watched)]
            async with running(Path(folder) / "home", BATON_DATABASE_URL=others.dsn("postgres")) as embedded:
                return [*rows, await _rest(cluster, embedded)]


@asynccontextmanager
async def load(marketing: str, sales: str) -> AsyncIterator[Watched]:
    """Facts appended in marketing's log at an even pace, as long as it is entered, and watched for in sales."""
    async with (
        await PostgresStore.open(marketing, "marketing") as store,
        asyncpg.create_pool(sales, min_size=1, max_size=1) as pool,
    ):
        watched = Watched(pool, HEARD)
        tasks = [asyncio.create_task(watched.watch()), asyncio.create_task(_append(store, watched))]
        try:
            yield watched
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def _append(store: PostgresStore, watched: Watched) -> None:
    codec, began, n = Codec(REGISTRY, MemoryKeyring()), time.perf_counter(), 0
    async with asyncio.TaskGroup() as writing:
        while True:
            await asyncio.sleep(max(0.0, began + n / FACTS_PER_S - time.perf_counter()))
            writing.create_task(_captured(store, codec, watched if n % FOLLOW_EVERY == 0 else None))
            n += 1


async def _captured(store: PostgresStore, codec: Codec, watched: Watched | None) -> None:
    command, id = uuid4(), str(uuid4())
    fact = LeadCaptured(lead_id=id, source="bench", branch="riga", captured_at=datetime.now(UTC))
    events, _ = await codec.encode([fact], Origin("bench", "riga", "clerk-1", traceparent=TRACE), command)
    write = StreamWrite(f"marketing.lead-{id}", NO_STREAM, events)
    await store.append(Append("bench", Command(command, bytes(32)), [write]), timeout_s=30)
    if watched is not None:
        watched.answered[id] = time.perf_counter()


async def _latency(watched: Watched) -> list[Row]:
    await asyncio.sleep(SECONDS / 10)
    watched.seconds.clear()
    await asyncio.sleep(SECONDS)
    at = quantiles(watched.seconds, n=100)
    note = f"{FACTS_PER_S} facts/s for {SECONDS:.0f} s, {len(watched.seconds)} followed"
    name = "append in marketing to row in sales, cluster"
    return [
        at_most(f"{name}, p50", at[49] * 1000, "ms", 25, 15, note),
        at_most(f"{name}, p99", at[98] * 1000, "ms", 100, 60, note),
    ]


async def _recovery(cluster: Baton, watched: Watched) -> Row:
    took = {victim: await _killed(cluster, watched, victim) for victim in VICTIMS}
    note = ", ".join(f"{victim} {seconds:.1f} s" for victim, seconds in took.items())
    return at_most("recovery after kill -9 of one process, until nothing lags", max(took.values()), "s", 10, 5, note)


async def _killed(cluster: Baton, watched: Watched, victim: str) -> float:
    """Seconds from the kill to the last moment at which something lagged."""
    processes(cluster)[victim].kill()
    killed = lagged = time.perf_counter()
    while (now := time.perf_counter()) < killed + AFTER_S:
        if now - min(watched.answered.values(), default=now) > LAG_S:
            lagged = now
        await asyncio.sleep(LOOK_S)
    return lagged - killed


async def _rest(cluster: Baton, embedded: Baton) -> Row:
    work: dict[str, Callable[[], Load]] = {"cluster": await _posts(cluster), "embedded": await _posts(embedded)}
    loads = await asyncio.to_thread(interleaved, work)
    name = f"REST create of a person through a cluster, {CLIENTS} clients"
    rates = loads["cluster"].rate, "/s", "one process", loads["embedded"].rate
    return compared(name, *rates, 0.5, 0.8)


async def _posts(baton: Baton) -> Callable[[], Load]:
    token = await baton.token("bench", "clerk-1", "manager", branch="riga")
    return partial(apart, partial(posts, "/v1/people", token, CLIENTS, REST_S, person), baton.port)
