"""A department catches up on another one's topic: read model, ledger, heads and marks, in one process.

The records are as the relay writes them, all headers on, payloads of 300 bytes. Nothing is sealed in them: what opening
costs is measured elsewhere."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import uvloop
from aiokafka import AIOKafkaProducer

from bench.apart import apart
from bench.rows import Row, measured
from eventlog.codec import Codec, Origin
from eventlog.events import Event, Offset, Place, Position
from eventlog.feed import PostgresFeed
from eventlog.kafka.feed import KafkaFeed
from eventlog.kafka.gathering import Partitioner
from eventlog.kafka.records import to_record
from eventlog.kafka.topics import Topics, prepare
from eventlog.kafka.watermarks import nothing_told
from eventlog.keyring import MemoryKeyring
from eventlog.memory import MemoryStore
from eventlog.projections import At, Change, Insert, Projection, Update
from eventlog.projector import Projector
from eventlog.store import NO_STREAM, Append, Command, StreamWrite
from eventlog.views import Views
from facts.contacts import PersonRegistered, PersonUpdated
from facts.registry import REGISTRY
from runtime.kafka_server import KafkaServer
from runtime.memory import collect_rarely
from tests.support.kafka import jars
from tests.support.postgres import running_server

EVENTS = 300_000
FACTS_A_PERSON = 4
HEARD_S = 600.0
#: With what else a fact holds, its payload has 300 bytes.
TAG = "x" * 140

DDL = """
CREATE TABLE IF NOT EXISTS people (
    tenant text, id text, version int, create_time timestamptz, branch text, PRIMARY KEY (tenant, id)
);
CREATE INDEX IF NOT EXISTS people_branch ON people (tenant, branch);
"""


def people() -> Projection:
    projection = Projection("people", tables={"people": ("tenant", "id")}, sources=("contacts",))

    @projection.on(PersonRegistered)
    def registered(fact: PersonRegistered, at: At) -> Iterable[Change]:
        columns = {"version": at.version, "create_time": at.recorded_at, "branch": fact.branch}
        yield Insert("people", {"tenant": at.tenant, "id": fact.person_id, **columns})

    @projection.on(PersonUpdated)
    def updated(fact: PersonUpdated, at: At) -> Iterable[Change]:
        yield Update("people", {"tenant": at.tenant, "id": fact.person_id}, {"version": at.version})

    return projection


def run(events: int = EVENTS) -> list[Row]:
    """Facts a second, from the first fetch to the moment when the department was heard completely."""
    with tempfile.TemporaryDirectory() as folder, running_server() as server:
        return uvloop.run(_run(Path(folder), server.dsn(server.create_database()), events))


async def _run(folder: Path, dsn: str, events: int) -> list[Row]:
    async with _kafka(folder) as kafka:
        await asyncio.to_thread(apart, fill, kafka.bootstrap, events)
        load = await asyncio.to_thread(apart, catch_up, kafka.bootstrap, dsn, events)
    note = f"process CPU, of one core: {load.cpu:.2f}"
    return [measured("Kafka feed → read model and ledger", load.rate, "facts/s", 15_000, 25_000, note=note)]


@asynccontextmanager
async def _kafka(folder: Path) -> AsyncIterator[KafkaServer]:
    server = KafkaServer.of(folder, jars())
    try:
        await server.start()
        yield server
    finally:
        await asyncio.gather(*(broker.kill() for broker in server.brokers.values()))


def fill(bootstrap: str, events: int, start: Callable[[], None]) -> int:
    return uvloop.run(_fill(bootstrap, events))


async def _fill(bootstrap: str, events: int) -> int:
    store, codec = MemoryStore("contacts"), Codec(REGISTRY, MemoryKeyring())
    for n in range(events // FACTS_A_PERSON):
        await _person(store, codec, str(UUID(int=n)))
    topics = Topics.of("contacts")
    await prepare(bootstrap, topics.facts, topics.watermarks)
    log = (await store.read_all(Position(0), events)).events
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=5) as producer:
        offsets = await _produce(producer, topics, log)
        watermark = nothing_told(1, topics.facts.partitions).after(log[-1], offsets)
        await producer.send_and_wait(topics.watermarks.name, watermark.value(), watermark.key, partition=0)
    return events


async def _person(store: MemoryStore, codec: Codec, id: str) -> None:
    command = uuid4()
    facts: list[PersonRegistered | PersonUpdated] = [PersonRegistered(person_id=id, branch="riga", tags=(TAG,))]
    facts += [PersonUpdated(person_id=id, fields=("tags",), tags=(TAG,)) for _ in range(1, FACTS_A_PERSON)]
    events, _ = await codec.encode(facts, Origin("bench", "riga", "clerk-1"), command)
    write = StreamWrite(f"contacts.person-{id}", NO_STREAM, events)
    await store.append(Append("bench", Command(command, bytes(32)), [write]))


async def _produce(producer: AIOKafkaProducer, topics: Topics, log: Iterable[Event]) -> dict[int, Offset]:
    partition_of, last = Partitioner(topics.facts.partitions), {}
    for event in log:
        record = to_record("contacts", event)
        partition = partition_of(record.key)
        last[partition] = await producer.send(
            topics.facts.name, record.value, record.key, partition, headers=record.headers
        )
    await producer.flush()
    return {partition: Offset((await sent).offset + 1) for partition, sent in last.items()}


def catch_up(bootstrap: str, dsn: str, events: int, start: Callable[[], None]) -> int:
    collect_rarely()  # as a projector's process does
    return uvloop.run(_catch_up(bootstrap, dsn, events, start))


async def _catch_up(bootstrap: str, dsn: str, events: int, start: Callable[[], None]) -> int:
    views = await Views.open(dsn)
    await views.define(DDL)
    feed = KafkaFeed(MemoryStore("contacts"), "sales", bootstrap)
    codec = Codec(REGISTRY, MemoryKeyring())
    projector = Projector("sales", views, codec, [PostgresFeed(MemoryStore("sales")), feed], [people()])
    await feed.parts()
    start()
    running = asyncio.create_task(projector.run())
    async with asyncio.timeout(HEARD_S):
        await projector.sources["contacts"].heard.wait(Place(1, Position(events)))
    if await views.fetchval("SELECT count(*) FROM ledger") != events:
        raise RuntimeError("the ledger is not the log")
    running.cancel()
    await asyncio.wait({running})
    await feed.leave()
    await views.close()
    return events
