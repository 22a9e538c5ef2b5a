"""What a role connects to, as its settings say it: databases, other departments, whose tokens count."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence

from eventlog.clock import utc_now
from eventlog.feed import Feed, PostgresFeed
from eventlog.kafka.brokers import Bootstrap, Brokers
from eventlog.kafka.feed import KafkaFeed
from runtime.channels import Channels
from runtime.department import DEPARTMENTS
from runtime.identity import LocalKey, Verifier
from runtime.oidc import verifying
from runtime.opening import Opened, load_facts, open_department, open_keyring
from runtime.remote import RemoteCaller
from runtime.remote_log import RemoteLog
from runtime.roles.process import reached
from runtime.roles.reachable import away
from runtime.service_token import service_token
from runtime.settings import Settings, WrongSetting
from runtime.stores import OpenStore, open_store
from runtime.tls import Tls


def database(settings: Settings) -> str:
    """The department's own database. Raises `WrongSetting`."""
    if settings.database_url is None:
        raise WrongSetting("BATON_DATABASE_URL is not set: expected the department's own database")
    return settings.database_url


def keyring_database(settings: Settings) -> str:
    """The database of the data keys. Raises `WrongSetting`."""
    if settings.keyring_url is None:
        raise WrongSetting("BATON_KEYRING_URL is not set: expected the database of the data keys")
    return settings.keyring_url


def addresses(settings: Settings) -> Mapping[str, str]:
    """Where the departments answer. Raises `WrongSetting`."""
    if settings.departments is None:
        raise WrongSetting("BATON_DEPARTMENTS is not set: expected NAME=host:port,NAME=host:port,…")
    return settings.departments


def brokers(settings: Settings) -> Bootstrap:
    """Where Kafka is. Raises `WrongSetting`."""
    if settings.kafka_bootstrap is None:
        raise WrongSetting("BATON_KAFKA_BOOTSTRAP is not set: expected host:port,host:port,…")
    return Brokers(settings.kafka_bootstrap, settings.kafka_security)


@contextlib.asynccontextmanager
async def verifier_of(settings: Settings) -> AsyncIterator[Verifier]:
    """Whose tokens count here. Raises `WrongSetting` without the key of the local issuer."""
    if not settings.issuer_key.exists():
        raise WrongSetting(f"{settings.issuer_key} is missing: without it no token of a service can be verified")
    async with verifying(settings.oidc_issuer, LocalKey.at(settings.issuer_key)) as verifier:
        yield verifier


@contextlib.asynccontextmanager
async def caller_of(settings: Settings) -> AsyncIterator[RemoteCaller]:
    """What asks the departments."""
    caller = RemoteCaller(Channels(addresses(settings), Tls.of(settings)))
    try:
        yield caller
    finally:
        await caller.close()


@contextlib.asynccontextmanager
async def opened_department(name: str, settings: Settings) -> AsyncIterator[Opened]:
    """The department on its own database, with the others heard from afar. Nothing is created in a database here.
    Raises `WrongSetting`, `NotSafe`."""
    dsn, keys = database(settings), keyring_database(settings)
    load_facts()
    async with contextlib.AsyncExitStack() as stack:
        await reached(dsn)
        await reached(keys, "BATON_KEYRING_URL")
        keyring = await open_keyring(stack, keys, settings.master_key, migrate=False)
        store = await open_store(name, settings, dsn, migrate=False)
        stack.push_async_callback(store.close)
        feeds = await _feeds(stack, store, settings)
        yield await open_department(stack, store, dsn, feeds, keyring, settings, utc_now, migrate=False)


async def _feeds(stack: contextlib.AsyncExitStack, store: OpenStore, settings: Settings) -> Mapping[str, Feed]:
    """The own log where it stands; the others' through Kafka, and from their owners where something is missing."""
    name, bootstrap = store.department, brokers(settings)
    caller = await stack.enter_async_context(caller_of(settings))
    token = service_token(settings, name)
    others = [
        KafkaFeed(RemoteLog(caller, other, token), name, bootstrap, instance=settings.instance_name)
        for other in DEPARTMENTS
        if other != name
    ]
    stack.push_async_callback(_leave, others)
    return {name: PostgresFeed(store), **{feed.department: feed for feed in others}}


async def _leave(feeds: Sequence[KafkaFeed]) -> None:
    await asyncio.gather(*(feed.leave() for feed in feeds))


async def assigned(opened: Opened, bootstrap: Bootstrap) -> str:
    """Whether Kafka has given this process something to hear of each department that is heard through it."""
    feeds = [feed for feed in opened.heard() if isinstance(feed, KafkaFeed)]
    missing = "; ".join(f"no partitions of {feed.topic} yet" for feed in feeds if not feed.member.parts)
    return missing and (await away(bootstrap) or missing)
