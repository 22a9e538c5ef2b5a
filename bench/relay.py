"""The relay, from a log in PostgreSQL to Kafka, against a bare idempotent producer that has the same records in
memory."""

import asyncio
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import uuid4

import orjson
import uvloop
from aiokafka import AIOKafkaProducer

from bench.apart import apart, interleaved
from bench.peers import PAYLOAD
from bench.rows import Row, compared, measured
from eventlog.events import NewEvent, Position
from eventlog.kafka.records import to_record
from eventlog.kafka.relay import Relay
from eventlog.kafka.topics import Topics, prepare
from eventlog.postgres.store import PostgresStore
from eventlog.store import NO_STREAM, Append, Command, StreamWrite
from runtime.kafka_server import KafkaServer
from runtime.memory import collect_rarely
from tests.support.kafka import jars
from tests.support.postgres import running_server

EVENTS = 300_000
EVENTS_A_STREAM = 10
LOOK_S = 0.01
TRACE = f"00-{uuid4().hex}-{uuid4().hex[:16]}-01"


def run(events: int = EVENTS) -> list[Row]:
    """All rows of this part."""
    with running_server() as server, tempfile.TemporaryDirectory() as folder:
        kafka = KafkaServer.of(Path(folder), jars())
        asyncio.run(kafka.start())
        try:
            dsn = server.dsn(server.create_database())
            apart(fill, dsn, events)
            loads = interleaved(
                {
                    "relay": partial(apart, relayed, dsn, kafka.bootstrap, events),
                    "producer": partial(apart, produced, dsn, kafka.bootstrap, events),
                }
            )
            ours, peer = loads["relay"], loads["producer"]
            note = f"CPU, of one core: relay {ours.cpu:.2f}, producer {peer.cpu:.2f}"
            return [
                compared("relay from log to Kafka", ours.rate, "records/s", "aiokafka", peer.rate, 0.5, 0.7, note),
                measured("relay from log to Kafka, by itself", ours.rate, "records/s", 20_000, 20_000),
            ]
        finally:
            asyncio.run(kafka.stop())


def a_fact(stream: str) -> NewEvent:
    """300 bytes of payload, and metadata as a department writes it."""
    metadata = {
        "tenant": "bench",
        "branch": "riga",
        "actor": "importer",
        "employee": "anna.kalnina",
        "subjects": [stream, f"contacts.person-{uuid4()}"],
        "command": str(uuid4()),
        "correlation": str(uuid4()),
        "occurredAt": "2026-02-27T12:00:00+00:00",
        "trace": TRACE,
    }
    return NewEvent("bench.happened", 1, PAYLOAD, orjson.dumps(metadata))


def fill(dsn: str, events: int, start: Callable[[], None]) -> int:
    """A log of so many events, ten a stream."""
    return uvloop.run(_fill(dsn, events))


async def _fill(dsn: str, events: int) -> int:
    async with await PostgresStore.open(dsn, "bench") as store:
        for first in range(0, events, 20_000):
            streams = [f"bench.thing-{uuid4()}" for _ in range(first, min(first + 20_000, events), EVENTS_A_STREAM)]
            await asyncio.gather(*(store.append(an_append(stream), timeout_s=60) for stream in streams))
    return events


def an_append(stream: str, count: int = EVENTS_A_STREAM) -> Append:
    write = StreamWrite(stream, NO_STREAM, [a_fact(stream) for _ in range(count)])
    return Append("bench", Command(uuid4(), bytes(32)), [write])


def relayed(dsn: str, bootstrap: str, events: int, start: Callable[[], None]) -> int:
    """The whole log told by a relay, from its start to the commit of the last transaction."""
    return uvloop.run(_relayed(dsn, bootstrap, events, start))


async def _relayed(dsn: str, bootstrap: str, events: int, start: Callable[[], None]) -> int:
    collect_rarely()
    topics = Topics.of(f"bench-{uuid4()}")
    await prepare(bootstrap, topics.facts, topics.watermarks)
    async with await PostgresStore.open(dsn, "bench") as store:
        start()
        relay = Relay(store, dsn, bootstrap, topics)
        running = asyncio.create_task(relay.run())
        while relay.watermark is None or relay.watermark.position < events:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)
        running.cancel()
    return events


def produced(dsn: str, bootstrap: str, events: int, start: Callable[[], None]) -> int:
    """The same records, made before the time counts, by an idempotent producer without transactions."""
    return uvloop.run(_produced(dsn, bootstrap, events, start))


async def _produced(dsn: str, bootstrap: str, events: int, start: Callable[[], None]) -> int:
    collect_rarely()
    topics = Topics.of(f"bench-{uuid4()}")
    await prepare(bootstrap, topics.facts)
    records = []
    async with await PostgresStore.open(dsn, "bench") as store:
        for after in range(0, events, 10_000):
            page = await store.read_all(Position(after), 10_000)
            records += [to_record("bench", event) for event in page.events]
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, acks="all", max_batch_size=512 * 1024, linger_ms=5
    )
    await producer.start()
    start()
    for record in records:
        await producer.send(topics.facts.name, record.value, record.key, headers=record.headers)
    await producer.flush()
    await producer.stop()
    return len(records)
