"""`baton migrate`: brings databases to this program's schema, and makes what is not there yet.

With `BATON_KEYRING_URL` it works on one department's own database and on the keyring's. Without it,
`BATON_DATABASE_URL` names a role that may create databases, and all departments get theirs.

Read models that a release changed are computed anew from all logs that their department hears: on one server from where
they stand, else from the others' `serve`, which must answer (`BATON_DEPARTMENTS`).
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from aiokafka.errors import KafkaError

from eventlog.clock import utc_now
from eventlog.feed import PostgresFeed
from eventlog.kafka.brokers import Bootstrap, addresses
from eventlog.kafka.topics import Topics, prepare
from eventlog.postgres.keyring import PostgresKeyring
from eventlog.store import Log
from eventlog.trouble import loudness, persist, wait_s
from runtime.databases import KEYRING, Databases, Passwords
from runtime.department import DEPARTMENTS
from runtime.files import private_folder
from runtime.identity import Issuer
from runtime.opening import load_facts, open_department, open_keyring
from runtime.remote_log import RemoteLog
from runtime.roles.connecting import brokers, caller_of, database
from runtime.roles.process import reached
from runtime.service_token import service_token
from runtime.settings import Settings
from runtime.stores import OpenStore, open_store
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
    Issuer.at(settings.issuer_key)
    load_facts()
    url = database(settings)
    await reached(url)
    if settings.keyring_url is None:
        await _on_one_server(departments, Databases(url, Passwords.at(settings.postgres_key)), settings)
        return
    if len(departments) != 1:
        raise WrongUsage("BATON_DATABASE_URL is one department's database (BATON_KEYRING_URL is set): name it")
    await reached(settings.keyring_url, "BATON_KEYRING_URL")
    await _on_its_own(departments[0], url, settings.keyring_url, settings)


async def _on_one_server(departments: Sequence[str], databases: Databases, settings: Settings) -> None:
    """Databases and roles of all departments and of the keyring; these departments' schemas."""
    await databases.prepare((*DEPARTMENTS, KEYRING))
    # What runs on these databases is a cluster, wherever its processes will answer.
    settings = replace(settings, departments=settings.departments or {})
    async with contextlib.AsyncExitStack() as stack:
        keyring = await open_keyring(stack, databases.dsn(KEYRING), settings.master_key)
        stores = {name: await _opened(stack, name, databases.dsn(name), settings) for name in DEPARTMENTS}
        for name in departments:
            await _bring_up(stores[name], databases.dsn(name), stores, keyring, settings)


async def _on_its_own(name: str, dsn: str, keys: str, settings: Settings) -> None:
    """The schemas of one department's database and of the keyring's. The other departments are asked for their logs
    where its read models must be computed anew."""
    async with contextlib.AsyncExitStack() as stack:
        keyring = await open_keyring(stack, keys, settings.master_key)
        store = await _opened(stack, name, dsn, settings)
        caller = await stack.enter_async_context(caller_of(settings))
        token = service_token(settings, name)
        others = {other: RemoteLog(caller, other, token) for other in DEPARTMENTS if other != name}
        await _bring_up(store, dsn, {**others, name: store}, keyring, settings)


async def _opened(stack: contextlib.AsyncExitStack, name: str, dsn: str, settings: Settings) -> OpenStore:
    store = await open_store(name, settings, dsn, shared=False)
    stack.push_async_callback(store.close)
    return store


async def _bring_up(
    store: OpenStore, dsn: str, logs: Mapping[str, Log], keyring: PostgresKeyring, settings: Settings
) -> None:
    """The tables of a department's read models. Who is out of reach meanwhile is waited for."""
    name = store.department
    feeds = {each: PostgresFeed(read) for each, read in logs.items()}

    async def attempt() -> None:
        async with contextlib.AsyncExitStack() as stack:
            await open_department(stack, store, dsn, feeds, keyring, settings, utc_now)

    await persist(attempt, f"{name}: the read models cannot be computed anew", log)
    log.info("the database of %s is up to date", name, extra={"department": name})
