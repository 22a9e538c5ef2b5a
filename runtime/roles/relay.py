"""`baton relay DEPARTMENT`: tells the department's log to the others, through Kafka."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable

from eventlog.kafka.brokers import Bootstrap
from eventlog.kafka.relay import Relay
from eventlog.kafka.topics import Topics
from runtime.failures import TROUBLE, relay_stopped, relay_tells
from runtime.projecting import innermost
from runtime.roles.connecting import brokers, database
from runtime.roles.process import Started, reached
from runtime.roles.reachable import away
from runtime.settings import Settings
from runtime.stores import open_store

log = logging.getLogger("baton.role")


@contextlib.asynccontextmanager
async def relay(name: str, settings: Settings) -> AsyncIterator[Started]:
    """Leads, or stands by, as long as it is entered. Raises `WrongSetting`, `NotSafe`."""
    dsn, bootstrap = database(settings), brokers(settings)
    await reached(dsn)
    store = await open_store(name, settings, dsn, migrate=False)
    telling: asyncio.Task[None] | None = None
    try:
        topics = Topics.of(name, replication=settings.kafka_replication)
        relaying = Relay(store, dsn, bootstrap, topics, begins=lambda: _shown(name, relay_tells(dsn)))
        telling = asyncio.create_task(relaying.run(), name=f"relay of {name}")
        yield Started({"kafka": lambda: _tells(relaying, bootstrap)}, lambda: _end(name, dsn, telling))
    finally:
        if telling is not None:
            telling.cancel()
            await asyncio.wait((telling,))
        await store.close()


async def _tells(relaying: Relay, bootstrap: Bootstrap) -> str:
    """Who leads tells; who stands by could, as long as any broker is there."""
    return await away(bootstrap) if relaying.watermark is None else ""


async def _end(name: str, dsn: str, telling: "asyncio.Task[None]") -> str:
    """Why nothing is told any more, and waiting does not help; the department's status says it until a relay leads."""
    await asyncio.wait((telling,))
    error = telling.exception()
    if error is None:
        return ""
    why = f"the relay has stopped: {innermost(error)}"
    log.critical("%s: %s", name, why, extra={"department": name})
    await _shown(name, relay_stopped(dsn, why))
    return why


async def _shown(name: str, status: Awaitable[None]) -> None:
    """Facts are told whether the department's status can say so or not."""
    try:
        await status
    except TROUBLE as error:
        log.warning("%s: the status cannot show it: %s", name, type(error).__name__)
