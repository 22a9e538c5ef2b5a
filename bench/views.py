"""A view with two secondary indexes, rebuilt from a log of a million facts with a sealed field each."""

import asyncio
from collections.abc import Callable, Iterable
from uuid import UUID, uuid4

import asyncpg
import uvloop

from bench.apart import apart
from bench.rows import Row, measured
from eventlog.codec import Codec, Origin
from eventlog.events import Place
from eventlog.feed import PostgresFeed
from eventlog.keyring import MasterKey
from eventlog.postgres.keyring import PostgresKeyring
from eventlog.postgres.store import PostgresStore
from eventlog.projections import At, Change, Insert, Projection, Update
from eventlog.projector import Projector
from eventlog.rebuild import Rebuild
from eventlog.store import NO_STREAM, Append, Command, StreamWrite
from eventlog.views import Views
from facts.contacts import PersonRegistered, PersonUpdated
from facts.registry import REGISTRY
from runtime.memory import collect_rarely
from tests.support.postgres import running_server

EVENTS = 1_000_000
FACTS_A_PERSON = 4
CHUNK = 5_000

DDL = """
CREATE TABLE IF NOT EXISTS people (
    tenant text, id text, version int, create_time timestamptz, branch text, family_name text, PRIMARY KEY (tenant, id)
);
CREATE INDEX IF NOT EXISTS people_branch ON people (tenant, branch);
CREATE INDEX IF NOT EXISTS people_family_name ON people (tenant, family_name);
"""


def people() -> Projection:
    """One row a person; the family name is sealed in the log."""
    projection = Projection("people", tables={"people": ("tenant", "id")})

    @projection.on(PersonRegistered)
    def registered(fact: PersonRegistered, at: At) -> Iterable[Change]:
        columns = {"version": at.version, "create_time": at.recorded_at, "branch": fact.branch}
        yield Insert("people", {"tenant": at.tenant, "id": fact.person_id, "family_name": fact.family_name, **columns})

    @projection.on(PersonUpdated)
    def updated(fact: PersonUpdated, at: At) -> Iterable[Change]:
        key = {"tenant": at.tenant, "id": fact.person_id}
        yield Update("people", key, {"version": at.version, "family_name": fact.family_name})

    return projection


def run(events: int = EVENTS) -> list[Row]:
    """Events a second of the whole rebuild: read, open, fold, write, index, compare, swap."""
    with running_server() as server:
        dsn, keys = server.dsn(server.create_database()), server.dsn(server.create_database())
        apart(fill, dsn, keys, events)
        load = apart(rebuild, dsn, keys)
    note = f"process CPU, of one core: {load.cpu:.2f}"
    return [measured(f"one view rebuilt from {events:,} events", load.rate, "events/s", 35_000, 50_000, note=note)]


def fill(dsn: str, keys: str, events: int, start: Callable[[], None]) -> int:
    return uvloop.run(_fill(dsn, keys, events))


async def _fill(dsn: str, keys: str, events: int) -> int:
    async with asyncpg.create_pool(keys) as pool, await PostgresStore.open(dsn, "contacts") as store:
        codec = Codec(REGISTRY, await PostgresKeyring.open(pool, MasterKey(bytes(64))))
        for first in range(0, events // FACTS_A_PERSON, CHUNK):
            await asyncio.gather(*(_register(store, codec, n, 10) for n in range(first, first + CHUNK, 10)))
        await _project(store, codec, dsn, events)
    return events


async def _register(store: PostgresStore, codec: Codec, first: int, count: int) -> None:
    """So many people with four facts each under one command, each with a data key of their own."""
    command, writes = uuid4(), []
    for n in range(count):
        facts = _told(str(UUID(int=first + n)), f"Ozola {first + n}")
        origin = Origin("bench", "riga", "clerk-1")
        events, _ = await codec.encode(facts, origin, command, n * FACTS_A_PERSON)
        writes.append(StreamWrite(f"contacts.person-{facts[0].person_id}", NO_STREAM, events))
    await store.append(Append("bench", Command(command, bytes(32)), writes), timeout_s=60)


def _told(id: str, name: str) -> list[PersonRegistered | PersonUpdated]:
    renamed = [
        PersonUpdated(person_id=id, fields=("family_name",), family_name=f"{name}-{n}")
        for n in range(1, FACTS_A_PERSON)
    ]
    return [PersonRegistered(person_id=id, family_name=name, branch="riga"), *renamed]


async def _project(store: PostgresStore, codec: Codec, dsn: str, events: int) -> None:
    """The live view, caught up."""
    views = await Views.open(dsn)
    await views.define(DDL)
    projector = Projector("contacts", views, codec, [PostgresFeed(store)], [people()], [])
    running = asyncio.create_task(projector.run())
    await projector.wait_for("contacts", Place(1, (await store.head()).position), 600.0)
    running.cancel()
    await asyncio.wait({running})
    await views.close()


def rebuild(dsn: str, keys: str, start: Callable[[], None]) -> int:
    collect_rarely()  # as `baton up` does
    return uvloop.run(_rebuild(dsn, keys, start))


async def _rebuild(dsn: str, keys: str, start: Callable[[], None]) -> int:
    async with asyncpg.create_pool(keys) as pool, await PostgresStore.open(dsn, "contacts") as store:
        codec = Codec(REGISTRY, await PostgresKeyring.open(pool, MasterKey(bytes(64))))
        views = await Views.open(dsn)
        start()
        rebuilt = await Rebuild("contacts", views, codec, [PostgresFeed(store)], [people()], DDL).run()
        if any(each.differing for each in rebuilt.differences):
            raise RuntimeError(f"the rebuilt view differs: {rebuilt.differences[:3]}")
        await views.close()
        return rebuilt.events
