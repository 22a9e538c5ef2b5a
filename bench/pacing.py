"""How long a fact waits for the relay at different paces: `python -m bench.pacing` prints the curve of docs/kafka.md.

A writer, the relay and a reader are processes of their own, as in a cluster. The time counts from the answer to the
append to the moment when a `read_committed` reader has the record.
"""

import asyncio
import multiprocessing
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import uuid4

import psutil
import uvloop
from aiokafka import AIOKafkaConsumer

from bench.relay import an_append
from eventlog.kafka.relay import Relay
from eventlog.kafka.topics import Topics, prepare
from eventlog.postgres.store import PostgresStore
from runtime.kafka_server import KafkaServer
from tests.support.kafka import jars
from tests.support.postgres import running_server

PACES_MS = (0, 2, 5, 10, 15, 20, 30, 50, 100)
RATES = (20, 500)
SECONDS = 10.0


def main() -> None:
    with running_server() as server, tempfile.TemporaryDirectory() as folder:
        kafka = KafkaServer.of(Path(folder), jars())
        asyncio.run(kafka.start())
        try:
            print("| pace, ms | events/s | p50, ms | p90, ms | p99, ms | transactions/s | relay CPU |")
            print("|---|---|---|---|---|---|---|")
            for rate in RATES:
                for pace_ms in PACES_MS:
                    dsn = server.dsn(server.create_database())
                    print(uvloop.run(measure(dsn, kafka.bootstrap, pace_ms, rate)), flush=True)
        finally:
            asyncio.run(kafka.stop())


async def measure(dsn: str, bootstrap: str, pace_ms: float, rate: int) -> str:
    """A row of the curve."""
    topics = Topics.of(f"bench-{uuid4()}")
    await prepare(bootstrap, topics.facts, topics.watermarks)
    context = multiprocessing.get_context("spawn")
    async with await PostgresStore.open(dsn, "bench") as store:
        relay = context.Process(target=relaying, args=(dsn, bootstrap, topics.facts.name, pace_ms), daemon=True)
        relay.start()
        consumer = AIOKafkaConsumer(
            topics.facts.name,
            topics.watermarks.name,
            bootstrap_servers=bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            return await _measured(store, consumer, relay, pace_ms, rate)
        finally:
            await consumer.stop()
            relay.kill()
            relay.join()


async def _measured(store: PostgresStore, consumer: Any, relay: Any, pace_ms: float, rate: int) -> str:
    answered: dict[int, float] = {}
    heard: dict[int, float] = {}
    watermarks = 0
    await store.append(an_append("bench.warm", 1))
    await consumer.getone()
    begun, cpu = time.perf_counter(), _cpu(relay.pid)

    async def write(n: int) -> None:
        await asyncio.sleep(begun + n / rate - time.perf_counter())
        appended = await store.append(an_append(f"bench.thing-{uuid4()}", 1))
        answered[appended.last] = time.perf_counter()

    count = int(rate * SECONDS)
    writing = asyncio.gather(*(write(n) for n in range(count)))
    while len(heard) < count:
        if writing.done():
            await writing
        for records in (await consumer.getmany(timeout_ms=100)).values():
            at = time.perf_counter()
            for record in records:
                position = dict(record.headers).get("position")
                watermarks += position is None
                if position is not None and int(position) > 1:
                    heard[int(position)] = at
    await writing
    seconds = time.perf_counter() - begun
    waits = [1000 * max(0.0, heard[position] - answered[position]) for position in answered]
    cuts = quantiles(waits, n=100)
    used = (_cpu(relay.pid) - cpu) / seconds
    shown = " | ".join(f"{value:.1f}" for value in (median(waits), cuts[89], cuts[98]))
    return f"| {pace_ms:g} | {rate} | {shown} | {watermarks / seconds:.0f} | {used:.0%} |"


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def relaying(dsn: str, bootstrap: str, facts: str, pace_ms: float) -> None:
    """The relay's process."""
    uvloop.run(_relaying(dsn, bootstrap, facts, pace_ms))


async def _relaying(dsn: str, bootstrap: str, facts: str, pace_ms: float) -> None:
    topics = Topics.of(facts.removeprefix("baton.").removesuffix(".v1"))
    async with await PostgresStore.open(dsn, "bench") as store:
        await Relay(store, dsn, bootstrap, topics, pace_s=pace_ms / 1000).run()


if __name__ == "__main__":
    main()
