"""After a department's log was restored to an earlier moment: finds out where it parted from what others heard of it,
and begins a new generation there."""

import contextlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import asyncpg
from aiokafka.errors import KafkaError

from eventlog.errors import Unavailable
from eventlog.events import Place, Position, is_lost
from eventlog.feed import PostgresFeed
from eventlog.kafka.brokers import Bootstrap, Brokers
from eventlog.kafka.resuming import told_and_differing
from eventlog.kafka.topics import Topics
from eventlog.parting import parting, stands
from eventlog.postgres.store import PostgresStore
from runtime.databases import CONNECT_S, Databases, Passwords
from runtime.department import DEPARTMENTS
from runtime.home import locked
from runtime.kafka_server import KafkaServer
from runtime.postgres_server import PostgresServer
from runtime.settings import Settings
from runtime.usage import WrongUsage

log = logging.getLogger("baton.restoring")


@dataclass(frozen=True, slots=True)
class Witness:
    """Who heard the log before it was restored: up to where, and the first position at which that is not what stands in
    the log now; None: all of it stands there."""

    name: str
    heard: Place
    differs: Position | None


@dataclass(frozen=True)
class Found:
    """What is known of a log: `head` is where it ends, `unreachable` who could not be asked."""

    department: str
    head: Place
    witnesses: Sequence[Witness]
    unreachable: Sequence[str] = field(default_factory=tuple)

    @property
    def differing(self) -> Sequence[Witness]:
        return [each for each in self.witnesses if each.differs is not None]

    @property
    def shared(self) -> Position:
        """The last position that the log has in common with what was heard of it."""
        first = min((each.differs for each in self.witnesses if each.differs is not None), default=None)
        return self.head.position if first is None else Position(min(self.head.position, first - 1))

    @property
    def above(self) -> int:
        """The greatest generation that anybody heard of."""
        return max([self.head.generation, *(each.heard.generation for each in self.witnesses)])

    @property
    def is_restored(self) -> bool:
        return bool(self.differing) or self.above > self.head.generation


@contextlib.asynccontextmanager
async def reached(department: str, settings: Settings) -> AsyncIterator[tuple[str, Mapping[str, str]]]:
    """The department's database, and those of the others where they are at hand. The embedded server is started where
    it does not run. Raises `WrongUsage`, `AlreadyRunning`, `ServerFailed`."""
    if settings.keyring_url is not None:
        if settings.database_url is None:
            raise WrongUsage("BATON_DATABASE_URL is not set: expected the department's own database")
        yield settings.database_url, {}
        return
    if settings.database_url is not None:
        yield _of(Databases(settings.database_url, Passwords.at(settings.postgres_key)), department)
        return
    if not (settings.home / "postgres").exists():
        raise WrongUsage(f"there is no database in {settings.home}: set BATON_HOME or BATON_DATABASE_URL")
    server = PostgresServer.of(settings.home, Passwords.at(settings.postgres_key))
    if server.pid() is not None:
        yield _of(server.databases, department)
        return
    with locked(settings):
        try:
            await server.start()
            yield _of(server.databases, department)
        finally:
            await server.stop()


def _of(databases: Databases, department: str) -> tuple[str, Mapping[str, str]]:
    return databases.dsn(department), {each: databases.dsn(each) for each in DEPARTMENTS if each != department}


async def look(store: PostgresStore, others: Mapping[str, str], settings: Settings) -> Found:
    """Ask everybody at hand what they heard of a log."""
    witnesses: list[Witness] = []
    unreachable: list[str] = []
    for name, dsn in others.items():
        try:
            witness = await _ledger(store, name, dsn)
        except (OSError, TimeoutError, asyncpg.PostgresError) as error:
            log.warning("%s cannot be asked: %s", name, error)
            unreachable.append(name)
        else:
            witnesses.extend([witness] if witness else [])
    bootstrap = _kafka(settings)
    if bootstrap is not None:
        try:
            witness = await _topic(store, bootstrap)
        except (KafkaError, OSError, TimeoutError, Unavailable) as error:
            log.warning("Kafka cannot be asked: %s", error)
            unreachable.append("Kafka")
        else:
            witnesses.extend([witness] if witness else [])
    return Found(store.department, await store.head(), witnesses, unreachable)


async def _ledger(store: PostgresStore, name: str, dsn: str) -> Witness | None:
    """What another department's ledger says. What was lost before an earlier generation began is known already."""
    connection = await asyncpg.connect(dsn, timeout=CONNECT_S)
    try:
        if await connection.fetchval("SELECT to_regclass('views.ledger')") is None:
            return None
        heard = await connection.fetchrow(_HEARD, store.department)
        if heard is None:
            return None
        lost = (await parting(connection, store.department, partial(stands, PostgresFeed(store)))).lost
        if lost is not None:
            generation = await connection.fetchval(_GENERATION, store.department, lost)
            if is_lost(Place(generation, lost), await store.forks()):
                lost = None
        return Witness(name, Place(heard["generation"], Position(heard["position"])), lost)
    finally:
        await connection.close()


async def _topic(store: PostgresStore, bootstrap: Bootstrap) -> Witness | None:
    topics = Topics.of(store.department)
    found = await told_and_differing(bootstrap, topics, store)
    return Witness(f"topic {topics.facts.name}", *found) if found else None


def _kafka(settings: Settings) -> Bootstrap | None:
    """Where Kafka is: the one that is named, or that of a cluster that runs on this home, in the clear on loopback."""
    if settings.kafka_bootstrap is not None:
        return Brokers(settings.kafka_bootstrap, settings.kafka_security)
    if not (settings.home / "kafka" / "ports.json").exists():
        return None
    return KafkaServer.of(settings.home / "kafka").found_bootstrap()


async def begin(dsn: str, found: Found, reason: str) -> int:
    """Begin the new generation; which."""
    connection = await asyncpg.connect(dsn, timeout=CONNECT_S)
    try:
        generation: int = await connection.fetchval(_RAISE, found.shared, found.above, reason)
    finally:
        await connection.close()
    return generation


_HEARD = """
SELECT generation, position FROM views.ledger WHERE department = $1 ORDER BY generation DESC, position DESC LIMIT 1
"""
_GENERATION = "SELECT max(generation) FROM views.ledger WHERE department = $1 AND position >= $2"
_RAISE = "SELECT log.raise_generation($1, $2, $3)"
