"""`baton migrate`: brings databases to this program's schema, and makes what is not there yet.

With `BATON_KEYRING_URL` it works on one department's own database and on the keyring's. Without it,
`BATON_DATABASE_URL` names a role that may create databases, and all departments get theirs.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence

from aiokafka.errors import KafkaError

from eventlog.feed import PostgresFeed
from eventlog.kafka.brokers import Bootstrap, addresses
from eventlog.kafka.topics import Topics, prepare
from eventlog.trouble import loudness, wait_s
from runtime.databases import KEYRING, Databases, Passwords
from runtime.department import DEPARTMENTS, utc_now
from runtime.files import private_folder
from runtime.identity import Issuer
from runtime.opening import load_facts, open_department, open_keyring
from runtime.roles.connecting import brokers, database
from runtime.roles.process import reached
from runtime.settings import Settings
from runtime.stores import open_store
from runtime.usage import WrongUsage

log = logging.getLogger("baton.migrate")


async def migrate(departments: Sequence[str], settings: Settings) -> None:
    """Databases, and topics where Kafka is named. Raises `WrongSetting`, `WrongUsage`, `DatabaseRefused`, `NotSafe`."""
    await _databases(departments, settings)
    if settings.kafka_bootstrap is not None:
        for name in departments:
            await make_topics(name, brokers(settings), settings.kafka_replication)


async def make_topics(department: str, bootstrap: Bootstrap, replication: int) -> None:
    """The department's topics, as they must be; Kafka is waited for. Raises `WrongTopic`."""
    topics = Topics.of(department, replication=replication)
    failures = 0
    while True:
        try:
            await prepare(bootstrap, topics.facts, topics.watermarks)
        except KafkaError as error:
            failures += 1
            where, kind = addresses(bootstrap), type(error).__name__
            text = "Kafka at %s (BATON_KAFKA_BOOTSTRAP): %s; trying again in %.2f s"
            log.log(loudness(failures), text, where, kind, wait_s(failures))
            await asyncio.sleep(wait_s(failures))
        else:
            log.info("the topics of %s are what they must be", department, extra={"department": department})
            return


async def _databases(departments: Sequence[str], settings: Settings) -> None:
    private_folder(settings.keys)
    url = database(settings)
    if settings.keyring_url is None:
        await reached(url)
        databases = Databases(url, Passwords.at(settings.postgres_key))
        await create(databases, departments, settings)
        return
    if len(departments) != 1:
        raise WrongUsage("BATON_DATABASE_URL is one department's database (BATON_KEYRING_URL is set): name it")
    await reached(url)
    await reached(settings.keyring_url, "BATON_KEYRING_URL")
    await bring_up({departments[0]: url, KEYRING: settings.keyring_url}, settings)


async def create(databases: Databases, departments: Sequence[str], settings: Settings) -> None:
    """Databases and roles of these departments and of the keyring, with their schemas."""
    names = (*departments, KEYRING)
    await databases.prepare(names)
    await bring_up({name: databases.dsn(name) for name in names}, settings)


async def bring_up(databases: Mapping[str, str], settings: Settings) -> None:
    """The schemas of these databases, and the keys that are not there yet."""
    load_facts()
    Issuer.at(settings.issuer_key)
    async with contextlib.AsyncExitStack() as stack:
        keyring = await open_keyring(stack, databases[KEYRING], settings.master_key)
        for name in (name for name in databases if name != KEYRING):
            dsn = databases[name]
            store = await open_store(name, settings, dsn, shared=False)
            stack.push_async_callback(store.close)
            nobody = {each: PostgresFeed(store) for each in DEPARTMENTS}  # nobody is heard: it is closed at once
            await open_department(stack, store, dsn, nobody, keyring, settings, utc_now)
            log.info("the database of %s is up to date", name, extra={"department": name})
