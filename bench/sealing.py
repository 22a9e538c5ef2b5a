"""What sealing personal fields costs on the append path: the same decisions, with and without."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from uuid import uuid4

import asyncpg
import uvloop

from bench.apart import apart, interleaved
from bench.rows import Row, at_most
from eventlog.codec import Codec, Origin
from eventlog.decider import Decider
from eventlog.handling import Handler
from eventlog.keyring import MasterKey
from eventlog.postgres.keyring import PostgresKeyring
from eventlog.postgres.store import PostgresStore
from eventlog.store import Command
from facts.contacts import Email, PersonRegistered
from facts.registry import REGISTRY, Registry
from tests.support.postgres import running_server

SECONDS = 5.0
WRITERS = 64


def run() -> list[Row]:
    """The share of throughput that sealing takes, with 64 writers."""
    with running_server() as server:
        dsn, keys = server.dsn(server.create_database()), server.dsn(server.create_database())
        loads = interleaved(
            {
                "sealed": partial(apart, registrations, dsn, keys, True),
                "open": partial(apart, registrations, dsn, keys, False),
            }
        )
    cost = (1 - loads["sealed"].rate / loads["open"].rate) * 100
    note = f"sealed {loads['sealed'].rate:.0f}/s, open {loads['open'].rate:.0f}/s"
    return [at_most("cost of encryption on the append path", cost, "%", 15, 10, note)]


class OpenPerson(PersonRegistered):
    """A person as nobody should store one: the same fact with nothing marked as personal."""


OpenPerson.personal, OpenPerson.personal_defaults = {}, {}


def registrations(dsn: str, keys: str, sealed: bool, start: Callable[[], None]) -> int:
    return uvloop.run(_registrations(dsn, keys, sealed, start))


async def _registrations(dsn: str, keys: str, sealed: bool, start: Callable[[], None]) -> int:
    registry = REGISTRY if sealed else Registry({PersonRegistered.name: OpenPerson}, {})
    fact = PersonRegistered if sealed else OpenPerson
    person = Decider("contacts.person", None, lambda state, fact: None)
    async with (
        asyncpg.create_pool(keys, min_size=1, max_size=4) as pool,
        await PostgresStore.open(dsn, "contacts") as store,
    ):
        keyring = await PostgresKeyring.open(pool, MasterKey(bytes(64)))
        handler = Handler(store, Codec(registry, keyring), keyring)
        start()
        until = time.perf_counter() + SECONDS

        async def write() -> int:
            count = 0
            while time.perf_counter() < until:
                id = str(uuid4())
                registered = fact(
                    person_id=id, given_name="Vera", family_name="Ozola", emails=(Email(address="v@example.org"),)
                )
                origin = Origin("bench", "riga", "clerk-1")
                await handler.handle(person, id, Command(uuid4(), bytes(32)), origin, _told(registered), create=True)
                count += 1
            return count

        return sum(await asyncio.gather(*(write() for _ in range(WRITERS))))


def _told(fact: PersonRegistered) -> Callable[..., list[PersonRegistered]]:
    return lambda state, fact_id: [fact]
