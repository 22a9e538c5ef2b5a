"""The house that every department stands in: opens logs, views and keyring, builds the departments, keeps them running.

One process may hold all departments (`baton up`), or one.
"""

import asyncio
import contextlib
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import asyncpg
from google.protobuf import descriptor_pool

import facts
from eventlog.codec import Codec
from eventlog.errors import LogError, NotSafe
from eventlog.events import Place
from eventlog.feed import Feed, PostgresFeed
from eventlog.handling import Handler
from eventlog.healing import Healing
from eventlog.keyring import MasterKey
from eventlog.parked import ParkedStreams
from eventlog.postgres.keyring import PostgresKeyring, is_used
from eventlog.projector import Projector
from eventlog.reactor import Reactor
from eventlog.rebuild import Rebuild
from eventlog.shape import bring_up_to_date
from eventlog.views import Views
from facts.registry import REGISTRY
from runtime.databases import Databases
from runtime.department import DEPARTMENTS, Clock, Department, Heard, House, utc_now
from runtime.files import write_private
from runtime.identity import Verifier
from runtime.log_service import LogService
from runtime.operations_service import Operations, measure
from runtime.rpc import Dispatcher, Servicer
from runtime.settings import Settings
from runtime.stores import OpenStore, open_store

log = logging.getLogger("baton.house")

#: The department that hears, and the feed of the one that is heard.
Hears = Callable[[str, Feed], Feed]

KEYRING = "keyring"
WAIT_FOR_POSITION_S = 5.0
VIEW_CONNECTIONS_MAX = 8
CLOSE_S = 2.0


@dataclass
class Running:
    """A department that is open: what it consists of and what keeps its views up to date. `failed` says why its
    projector has stopped for good."""

    house: House
    department: Department
    projector: Projector
    reactor: Reactor
    parked: ParkedStreams
    feeds: Sequence[Feed]
    failed: str = ""
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.house.name

    def rebuild(self) -> Rebuild:
        """The department's views anew, to be run."""
        ddl = self.department.schema.read_text("utf-8")
        projections = self.department.projections
        return Rebuild(self.name, self.house.views, self.house.codec, self.feeds, projections, ddl)

    def start(self) -> None:
        healing = Healing(self.name, self.projector.sources)
        works = {"projector": self.projector.run(), "reactor": self.reactor.run(), "healing": healing.run()}
        for what, work in works.items():
            self.tasks.append(asyncio.create_task(self._run(what, work), name=f"{what} of {self.name}"))

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=CLOSE_S)

    async def _run(self, what: str, work: Awaitable[None]) -> None:
        """What waiting does not heal is told and shown in the status; the department goes on answering."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - what failed is shown, and stops nothing else
            self.failed = f"the {what} has stopped: {_innermost(error)}"
            log.critical("%s: %s", self.name, self.failed, extra={"department": self.name})


@dataclass
class Houses:
    """All departments of this process, open."""

    running: Mapping[str, Running]
    keyring: PostgresKeyring
    operations: Operations

    async def wait(self, department: str, source: str, place: Place) -> None:
        """Until the department has heard the source up to a place. One that it does not hear shows nothing of it, so
        there is nothing to wait for, as long as there is such a place. Raises `NoSuchPlace`, `Behind`."""
        projector = self.running[department].projector
        if source in projector.sources:
            await projector.wait_for(source, place, WAIT_FOR_POSITION_S)
        elif source in self.running:
            await self.running[source].projector.wait_for(source, place, WAIT_FOR_POSITION_S)

    def not_ready(self) -> Sequence[str]:
        """Why this process should not be asked; empty when all is well."""
        return [f"{name}: {running.failed}" for name, running in self.running.items() if running.failed]

    def servicers(self) -> list[Servicer]:
        """Every service of every department, their logs, and the operators' service."""
        pool = descriptor_pool.Default()
        found = [
            Servicer(pool.FindServiceByName(name), servicer)
            for running in self.running.values()
            for name, servicer in running.department.servicers.items()
        ]
        import_module("baton.log.v1.log_pb2")
        log_service = pool.FindServiceByName("baton.log.v1.Log")
        for name, running in self.running.items():
            found.append(Servicer(log_service, LogService(running.house.store, REGISTRY, self.keyring), name))
        return [*found, Servicer(pool.FindServiceByName("baton.operations.v1.Operations"), self.operations)]

    def dispatcher(self, verifier: Verifier) -> Dispatcher:
        return Dispatcher(self.servicers(), verifier, self.keyring.hmac, self.running, self.wait)


def as_told(department: str, feed: Feed) -> Feed:
    """Nothing comes between them."""
    return feed


@contextlib.asynccontextmanager
async def open_houses(
    names: Sequence[str], databases: Databases, settings: Settings, clock: Clock = utc_now, hears: Hears = as_told
) -> AsyncIterator[Houses]:
    """Open the departments of these names and keep them running; stopped and closed on leaving. The logs of all
    departments are opened: the others' are heard. `hears` answers the feed through which a department hears another."""
    for module in iter_modules(facts.__path__):
        import_module(f"facts.{module.name}")
    await databases.prepare((*DEPARTMENTS, KEYRING))
    async with contextlib.AsyncExitStack() as stack:
        keyring = await _keyring(stack, databases, settings)
        opened = await asyncio.gather(*(open_store(name, settings, databases.dsn(name)) for name in DEPARTMENTS))
        for store in opened:
            stack.push_async_callback(store.close)
        feeds = {store.department: PostgresFeed(store) for store in opened}
        running: dict[str, Running] = {}
        for store in (store for store in opened if store.department in names):
            heard = {source: hears(store.department, feed) for source, feed in feeds.items()}
            running[store.department] = await _open(stack, store, heard, keyring, databases, settings, clock)
        for each in running.values():
            each.start()
            stack.push_async_callback(each.stop)
        operations = Operations(running)
        stack.push_async_callback(operations.stop)
        measuring = asyncio.create_task(measure(running), name="measurements")
        stack.callback(measuring.cancel)
        yield Houses(running, keyring, operations)


async def _open(
    stack: contextlib.AsyncExitStack,
    store: OpenStore,
    feeds: Mapping[str, Feed],
    keyring: PostgresKeyring,
    databases: Databases,
    settings: Settings,
    clock: Clock,
) -> Running:
    """One department: its views with their tables, its parts, its projector and reactor."""
    name = store.department
    views = await Views.open(databases.dsn(name), connections_max=VIEW_CONNECTIONS_MAX)
    stack.push_async_callback(_close, views.pool)
    stack.push_async_callback(_close, views.deriving)
    codec = Codec(REGISTRY, keyring)

    hearing = Heard()
    others = {source: feed for source, feed in feeds.items() if source != name}
    house = House(name, store, Handler(store, codec, keyring), views, others, keyring, codec, settings, hearing, clock)
    department = _module(name).build(house)
    reactor = Reactor(name, views, department.reactions, clock)
    heard = [feeds[source] for source in (name, *department.hears)]
    projector = Projector(
        name, views, codec, heard, department.projections, department.reactions, wake=reactor.wake, clock=clock
    )
    hearing.projector = projector
    running = Running(house, department, projector, reactor, ParkedStreams(views, projector.heal_stream), heard)
    await bring_up_to_date(running.rebuild())
    return running


async def _keyring(stack: contextlib.AsyncExitStack, databases: Databases, settings: Settings) -> PostgresKeyring:
    pool = await asyncpg.create_pool(
        databases.dsn(KEYRING), min_size=0, max_size=4, max_inactive_connection_lifetime=10.0
    )
    stack.push_async_callback(_close, pool)
    path = settings.keys / "master.key"
    if not path.exists() and await is_used(pool):
        raise NotSafe(
            f"{path} is missing, and the keyring holds keys that nothing else opens: put the file back."
            " No new one was written, nothing was changed"
        )
    return await PostgresKeyring.open(pool, master_key(path))


def master_key(path: Path) -> MasterKey:
    """The key that wraps all data keys; the first start makes it, where no keyring is yet. Without it no personal
    field is ever read again.

    Raises `ValueError` when the file holds something else."""
    if not path.exists():
        write_private(path, MasterKey.generate())
    return MasterKey(path.read_bytes())


def _module(name: str) -> ModuleType:
    return import_module(f"services.{name}.__main__")


async def _close(pool: Any) -> None:
    """Connections that are busy get a moment; then they are cut."""
    try:
        await asyncio.wait_for(pool.close(), CLOSE_S)
    except TimeoutError:
        pool.terminate()


def _innermost(error: BaseException) -> str:
    """Kind and place; a message only where it is known to name no person: others may quote what they choked on."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    kind = type(error).__name__
    if isinstance(error, LogError):
        return f"{kind}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    return f"{kind} in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else kind
