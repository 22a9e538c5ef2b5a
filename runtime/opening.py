"""Opens a department: its log, its views with their tables, and its parts put together. Nothing of it runs yet.

What then runs of it is a role: `runtime/serving.py` answers, `runtime/projecting.py` keeps the views up to date. One
process may have all roles of all departments (`baton up`), or one role of one.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import asyncpg

import facts
from eventlog import release
from eventlog.clock import Clock
from eventlog.codec import Codec
from eventlog.errors import NotSafe
from eventlog.feed import Feed
from eventlog.handling import Handler
from eventlog.keyring import MasterKey
from eventlog.postgres.keyring import PostgresKeyring, is_used
from eventlog.projections import Projection
from eventlog.rebuild import Rebuild
from eventlog.shape import bring_up_to_date
from eventlog.streaming.heard import next_epoch
from eventlog.views import Views
from facts.registry import REGISTRY
from runtime.department import Department, Heard, House
from runtime.files import read_private, write_private
from runtime.settings import Settings
from runtime.stores import OpenStore

VIEW_CONNECTIONS_MAX = 8
CLOSE_S = 2.0


@dataclass(frozen=True)
class Opened:
    """A department that is open. `feeds` are all that it may hear, the own log too; `hearing` is to be bound to what
    hears them in this process. `dsn` is its database's address."""

    dsn: str
    house: House
    department: Department
    feeds: Mapping[str, Feed]
    hearing: Heard

    @property
    def name(self) -> str:
        return self.house.name

    @property
    def sources(self) -> Sequence[str]:
        """The departments that this one hears, itself first."""
        return (self.name, *self.department.hears)

    def heard(self) -> list[Feed]:
        """The feeds of the sources."""
        return [self.feeds[source] for source in self.sources]

    def rebuild(self) -> Rebuild:
        """The department's views anew, to be run."""
        views, codec, projections = self.house.views, self.house.codec, self.department.projections
        return Rebuild(self.name, views, codec, self.heard(), projections, self._ddl)

    @property
    def release(self) -> str:
        """The digest of the tables that the projections write."""
        return release.digest(self._ddl)

    @property
    def _ddl(self) -> str:
        return schema_of(self.name)


def load_facts() -> None:
    """Let the registry know every fact of every department."""
    for module in iter_modules(facts.__path__):
        import_module(f"facts.{module.name}")


async def open_department(
    stack: contextlib.AsyncExitStack,
    store: OpenStore,
    dsn: str,
    feeds: Mapping[str, Feed],
    keyring: PostgresKeyring,
    settings: Settings,
    clock: Clock,
    *,
    migrate: bool = True,
) -> Opened:
    """One department on its log and its database, which is brought to this program's schema (`migrate`) or must have
    it; closed with the stack. Raises `NotSafe`."""
    name = store.department
    views = await Views.open(dsn, connections_max=VIEW_CONNECTIONS_MAX, migrate=migrate)
    stack.push_async_callback(close_pool, views.pool)
    stack.push_async_callback(close_pool, views.deriving)
    codec = Codec(REGISTRY, keyring)
    hearing = Heard()
    others = {source: feed for source, feed in feeds.items() if source != name}
    house = House(name, store, Handler(store, codec, keyring), views, others, keyring, codec, settings, hearing, clock)
    department = _module(name).build(house)
    opened = Opened(dsn, house, department, feeds, hearing)
    if migrate:
        await bring_up_to_date(opened.rebuild(), partial(_streams_begin_anew, name))
    else:
        await views.require(table for projection in department.projections for table in projection.tables)
        await release.require(views, opened.release)
    return opened


async def open_keyring(
    stack: contextlib.AsyncExitStack, dsn: str, path: Path, *, migrate: bool = True
) -> PostgresKeyring:
    """The keyring whose master key is in the file, which is made where neither of them is there yet (`migrate`).
    Raises `NotSafe` where the file is missing, or holds another key."""
    pool = await asyncpg.create_pool(dsn, min_size=0, max_size=4, max_inactive_connection_lifetime=10.0)
    stack.push_async_callback(close_pool, pool)
    there = path.exists()  # noqa: ASYNC240 - once, at the start
    if not there and (not migrate or await is_used(pool)):
        raise NotSafe(
            f"{path} is missing, and the keyring holds keys that nothing else opens: put the file back."
            " No new one was written, nothing was changed"
        )
    return await PostgresKeyring.open(pool, master_key(path), migrate=migrate)


def master_key(path: Path) -> MasterKey:
    """The key that wraps all data keys; the first start makes it, where no keyring is yet. Without it no personal
    field is ever read again.

    Raises `NotSafe` when the file holds something else."""
    if not path.exists():
        write_private(path, MasterKey.generate())
    try:
        return MasterKey(read_private(path))
    except ValueError as error:
        raise NotSafe(f"{path} holds no master key: {error}. Put the right file back; nothing was changed") from None


async def close_pool(pool: Any) -> None:
    """Connections that are busy get a moment; then they are cut."""
    try:
        await asyncio.wait_for(pool.close(), CLOSE_S)
    except TimeoutError:
        pool.terminate()


def schema_of(name: str) -> str:
    """The SQL of a department's read models (`CREATE … IF NOT EXISTS`)."""
    return files(f"services.{name}").joinpath("schema.sql").read_text("utf-8")


def streams_of(name: str) -> Projection | None:
    """The projection whose topologies a department streams where its roles are processes of their own."""
    return getattr(_module(name), "STREAMS", None)


async def _streams_begin_anew(name: str, connection: Any) -> None:
    streams = streams_of(name)
    if streams is not None:
        await next_epoch(connection, sorted(streams.tables))


def _module(name: str) -> ModuleType:
    return import_module(f"services.{name}.__main__")
