"""A department's read models in PostgreSQL: a pool whose search path is the schema `views`."""

import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import asyncpg
import orjson
from pydantic import BaseModel

from eventlog.errors import NotSafe
from eventlog.postgres.migrations import brought_up

SCHEMA = "views"

#: For a transaction that looks up few keys in large tables: by index, whatever the statistics say.
BY_INDEX = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off"

#: Sources of one department write at the same time.
DERIVING_CONNECTIONS_MAX = 6

_READING = {"search_path": SCHEMA, "jit": "off"}
_DERIVING = {
    **_READING,
    # Rows, ledger and todos are derived: what a crash of the server takes back is heard again from the checkpoint that
    # it took back with it, and every append that follows (a receipt) flushes it too. So nobody waits for the disk
    # here. A source that has nothing to write would not notice such a crash: see `when_lost`.
    "synchronous_commit": "off",
    # Keys against arrays: one plan, by index, whatever the statistics say, and rows locked in the arrays' order.
    "plan_cache_mode": "force_generic_plan",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
}

#: A session that nobody has used for so long has nothing that a crash could take back: PostgreSQL writes what was
#: committed without waiting within three times `wal_writer_delay` (0.2 s). Shorter than the pool's patience with one.
SETTLED_S = 5.0

_MIGRATIONS = Path(__file__).parent / "postgres" / "views"
_JSONB_VERSION = b"\x01"


class Views:
    """SQL on read models. `jsonb` columns are Python values both ways. asyncpg's errors come through unchanged.

    `deriving` is the pool of those who write what can be derived again: projectors, rebuilds, and reactors (a todo
    that is done once more is answered by its command id)."""

    def __init__(self, pool: "asyncpg.Pool[Any]", deriving: "asyncpg.Pool[Any]", rests: "_Rests") -> None:
        self.pool = pool
        self.deriving = deriving
        self._rests = rests

    @classmethod
    async def open(cls, dsn: str, *, connections_max: int = 8, migrate: bool = True, **options: Any) -> "Views":
        """Connect, and bring the engine's own tables up to date (`migrate`; else they must be). Raises `NotSafe`."""
        pool = await _pool(dsn, connections_max, _READING, **options)
        async with pool.acquire() as connection:
            await brought_up(cast("asyncpg.Connection", connection), SCHEMA, _MIGRATIONS, migrate=migrate)

        rests = _Rests()
        deriving = await _pool(dsn, DERIVING_CONNECTIONS_MAX, _DERIVING, **options, **rests.hooks())
        return cls(pool, deriving, rests)

    def when_lost(self, look: Callable[[], None]) -> None:
        """Call `look` whenever a deriving connection ends that was used within `SETTLED_S`: the server may have
        crashed, and what was committed there in the last moments may be gone."""
        self._rests.when_lost.append(look)

    async def close(self) -> None:
        await self.deriving.close()
        await self.pool.close()

    def terminate(self) -> None:
        """Cut every connection."""
        self.deriving.terminate()
        self.pool.terminate()

    async def define(self, ddl: str) -> None:
        """Run the department's `schema.sql`: `CREATE … IF NOT EXISTS`, one process at a time."""
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('baton.views', 0))")
            await connection.execute(ddl)

    async def require(self, tables: Iterable[str]) -> None:
        """Raises `NotSafe` when one of the department's tables is not there."""
        missing = await self.fetchval(_MISSING, SCHEMA, sorted(tables))
        if missing:
            raise NotSafe(f"the tables {', '.join(missing)} are missing: run `baton migrate`")

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        return await self.pool.fetch(sql, *args)

    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None:
        return await self.pool.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        return await self.pool.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> str:
        return await self.pool.execute(sql, *args)

    async def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        await self.pool.executemany(sql, rows)

    @asynccontextmanager
    async def transaction(self, **options: Any) -> AsyncIterator[Any]:
        """A connection inside a transaction: committed on leaving, rolled back on an exception."""
        async with self.pool.acquire() as connection, connection.transaction(**options):
            yield connection


class _Rests:
    """Since when sessions of a pool are used by nobody, so that the end of one that has settled tells nothing."""

    def __init__(self) -> None:
        self.when_lost: list[Callable[[], None]] = []
        self._since: dict[int, float] = {}

    def hooks(self) -> dict[str, Any]:
        """What the pool is to call. It ends no session by their number of queries: that one would not have settled."""
        return {"init": self._begin, "setup": self._use, "reset": self._rest, "max_queries": sys.maxsize}

    async def _begin(self, connection: Any) -> None:
        await _init(connection)
        backend = connection.get_server_pid()
        connection.add_termination_listener(lambda _: self._end(backend))

    async def _use(self, connection: Any) -> None:
        self._since.pop(connection.get_server_pid(), None)

    async def _rest(self, connection: Any) -> None:
        """Nothing else is to be done: see `_keep_session`."""
        self._since[connection.get_server_pid()] = time.monotonic()

    def _end(self, backend: int) -> None:
        since = self._since.pop(backend, None)
        if since is None or time.monotonic() - since < SETTLED_S:
            for look in self.when_lost:
                look()


def to_json(value: Any) -> bytes:
    """JSON of plain values, pydantic models and decimals (as texts)."""
    return orjson.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    return str(value)


_MISSING = "SELECT array_agg(t) FROM unnest($2::text[]) AS t WHERE to_regclass(format('%I.%I', $1::text, t)) IS NULL"


async def _pool(dsn: str, size_max: int, settings: dict[str, str], **options: Any) -> "asyncpg.Pool[Any]":
    defaults: dict[str, Any] = {
        "min_size": 0,
        "max_size": size_max,
        "init": _init,
        "reset": _keep_session,
        "statement_cache_size": 200,
        "max_inactive_connection_lifetime": 10.0,
        "server_settings": settings,
    }
    return await asyncpg.create_pool(dsn, **{**defaults, **options})


async def _init(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: _JSONB_VERSION + to_json(value),
        decoder=lambda data: orjson.loads(bytes(data)[1:]),
    )


async def _keep_session(connection: Any) -> None:
    """Nothing to reset: nobody changes session settings, listens or locks by session on these connections, and a
    transaction left open is rolled back by asyncpg before this is called."""
