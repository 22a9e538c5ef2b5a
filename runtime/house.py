"""The house that every department stands in, in one process: all departments with all their roles."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass

from eventlog.clock import Clock, utc_now
from eventlog.feed import Feed, PostgresFeed
from eventlog.postgres.keyring import PostgresKeyring
from eventlog.streaming.heard import take_back
from runtime.databases import KEYRING, Databases
from runtime.department import DEPARTMENTS
from runtime.failures import RELAY, forget
from runtime.gathering import Gathering
from runtime.identity import Verifier
from runtime.measuring import measure
from runtime.opening import load_facts, open_department, open_keyring
from runtime.projecting import Projecting
from runtime.rpc import Dispatcher
from runtime.serving import Serving, dispatcher
from runtime.settings import Settings
from runtime.stores import open_store

#: The department that hears, and the feed of the one that is heard.
Hears = Callable[[str, Feed], Feed]


@dataclass
class Houses:
    """All departments of this process, with their roles."""

    running: Mapping[str, Projecting]
    serving: Mapping[str, Serving]
    keyring: PostgresKeyring

    def not_ready(self) -> Sequence[str]:
        """Why this process should not be asked; empty when all is well."""
        return [f"{name}: {running.failed}" for name, running in self.running.items() if running.failed]

    def dispatcher(self, verifier: Verifier) -> Dispatcher:
        return dispatcher(list(self.serving.values()), verifier, self.keyring.hmac)

    def caller(self, answering: Dispatcher) -> Gathering:
        """What the gateway asks: one department, or all of them at once."""
        return Gathering(answering, list(self.serving))


def as_told(department: str, feed: Feed) -> Feed:
    """Nothing comes between them."""
    return feed


@contextlib.asynccontextmanager
async def open_houses(
    names: Sequence[str], databases: Databases, settings: Settings, clock: Clock = utc_now, hears: Hears = as_told
) -> AsyncIterator[Houses]:
    """Open the departments of these names and keep them running; stopped and closed on leaving. The logs of all
    departments are opened: the others' are heard. `hears` answers the feed through which a department hears another."""
    load_facts()
    await databases.prepare((*DEPARTMENTS, KEYRING))
    async with contextlib.AsyncExitStack() as stack:
        keyring = await open_keyring(stack, databases.dsn(KEYRING), settings.master_key)
        stores = await asyncio.gather(*(open_store(name, settings, databases.dsn(name)) for name in DEPARTMENTS))
        for store in stores:
            stack.push_async_callback(store.close)
        feeds = {store.department: PostgresFeed(store) for store in stores}
        running: dict[str, Projecting] = {}
        for store in (store for store in stores if store.department in names):
            name = store.department
            heard = {source: hears(name, feed) for source, feed in feeds.items()}
            dsn = databases.dsn(name)
            opened = await open_department(stack, store, dsn, heard, keyring, settings, clock)
            await take_back(opened.rebuild())
            await forget(opened.house.views, [RELAY])  # there is none here
            running[name] = Projecting(opened)
        serving = {name: Serving.of(each.opened, each.projector) for name, each in running.items()}
        for name, each in running.items():
            await each.start()
            stack.push_async_callback(each.stop)
            stack.push_async_callback(serving[name].operations.stop)
        measuring = asyncio.create_task(measure([each.opened for each in running.values()]), name="measurements")
        stack.callback(measuring.cancel)
        yield Houses(running, serving, keyring)
