"""A department that was away catches up on another one's topic: read model, ledger, heads and marks, in one process.
Beside it a Faust agent that writes the same rows of the first facts, event by event and in batches.

The records are those of a relay, all headers on, payloads of 300 bytes. Nothing is sealed in them: what opening costs
is measured elsewhere."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import uvloop

from bench import faust_agent
from bench.apart import apart
from bench.relay import TRACE
from bench.rows import Row, at_most, compared, measured
from eventlog.codec import Codec, Origin
from eventlog.events import Place, Position
from eventlog.feed import PostgresFeed
from eventlog.kafka.feed import KafkaFeed
from eventlog.kafka.relay import Relay
from eventlog.kafka.topics import Topics, prepare
from eventlog.keyring import MemoryKeyring
from eventlog.memory import MemoryStore
from eventlog.postgres.store import PostgresStore
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

EVENTS = 1_000_000
#: Faust needs minutes for as many: in batches, and event by event.
FAUST_BATCHED, FAUST_EACH = 60_000, 20_000
FACTS_A_PERSON = 4
#: Facts that are appended side by side.
CHUNK = 40_000
HEARD_S = 600.0
LOOK_S = 0.05
TOPICS = Topics.of("contacts")
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
        log, views, each, batched = (server.dsn(server.create_database()) for _ in range(4))
        return uvloop.run(_run(Path(folder), log, views, each, batched, events))


async def _run(folder: Path, log: str, views: str, each: str, batched: str, events: int) -> list[Row]:
    async with _kafka(folder) as kafka:
        await asyncio.to_thread(apart, fill, log, kafka.bootstrap, events)
        ours = await asyncio.to_thread(apart, catch_up, log, kafka.bootstrap, views, events)
        peer = partial(apart, faust_agent.upserts, kafka.bootstrap, TOPICS.facts.name)
        singly = await asyncio.to_thread(lambda: peer(each, min(events, FAUST_EACH), False))
        theirs = await asyncio.to_thread(lambda: peer(batched, min(events, FAUST_BATCHED), True))
    note = f"CPU, of one core: Baton {ours.cpu:.2f}, Faust {singly.cpu:.2f} by event, {theirs.cpu:.2f} by batch"
    name = "Kafka feed → read model and ledger"
    away = f"catch-up of a department that was away for {events:,} facts"
    return [
        measured(name, ours.rate, "facts/s", 15_000, 25_000, note=note),
        compared(f"{name}, against Faust by event", ours.rate, "facts/s", "a Faust agent", singly.rate, 5, 5, note),
        compared(f"{name}, against Faust in batches", ours.rate, "facts/s", "a Faust agent", theirs.rate, 5, 5, note),
        at_most(away, ours.seconds, "s", 90 * events / EVENTS, 50 * events / EVENTS),
    ]


@asynccontextmanager
async def _kafka(folder: Path) -> AsyncIterator[KafkaServer]:
    server = KafkaServer.of(folder, jars())
    try:
        await server.start()
        yield server
    finally:
        await asyncio.gather(*(broker.kill() for broker in server.brokers.values()))


def fill(dsn: str, bootstrap: str, events: int, start: Callable[[], None]) -> int:
    """A log of so many facts, told by a relay to its last one."""
    return uvloop.run(_fill(dsn, bootstrap, events))


async def _fill(dsn: str, bootstrap: str, events: int) -> int:
    codec = Codec(REGISTRY, MemoryKeyring())
    async with await PostgresStore.open(dsn, "contacts") as store:
        for first in range(0, events, CHUNK):
            people = range(first // FACTS_A_PERSON, min(first + CHUNK, events) // FACTS_A_PERSON)
            await asyncio.gather(*(_person(store, codec, str(UUID(int=n))) for n in people))
        await prepare(bootstrap, TOPICS.facts, TOPICS.watermarks)
        relay = Relay(store, dsn, bootstrap, TOPICS)
        telling = asyncio.create_task(relay.run())
        while relay.watermark is None or relay.watermark.position < events:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)
        telling.cancel()
        await asyncio.wait({telling})
    return events


async def _person(store: PostgresStore, codec: Codec, id: str) -> None:
    command = uuid4()
    facts: list[PersonRegistered | PersonUpdated] = [PersonRegistered(person_id=id, branch="riga", tags=(TAG,))]
    facts += [PersonUpdated(person_id=id, fields=("tags",), tags=(TAG,)) for _ in range(1, FACTS_A_PERSON)]
    events, _ = await codec.encode(facts, Origin("bench", "riga", "clerk-1", traceparent=TRACE), command)
    write = StreamWrite(f"contacts.person-{id}", NO_STREAM, events)
    await store.append(Append("bench", Command(command, bytes(32)), [write]), timeout_s=60)


def catch_up(log: str, bootstrap: str, dsn: str, events: int, start: Callable[[], None]) -> int:
    collect_rarely()  # as a projector's process does
    return uvloop.run(_catch_up(log, bootstrap, dsn, events, start))


async def _catch_up(log: str, bootstrap: str, dsn: str, events: int, start: Callable[[], None]) -> int:
    owner, views = await PostgresStore.open(log, "contacts"), await Views.open(dsn)
    await views.define(DDL)
    feed = KafkaFeed(owner, "sales", bootstrap)
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
    await owner.close()
    return events
