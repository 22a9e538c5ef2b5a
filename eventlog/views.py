"""A department's read models in PostgreSQL: a pool whose search path is the schema `views`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import orjson
from pydantic import BaseModel

from eventlog.postgres.migrations import apply_migrations

SCHEMA = "views"

_MIGRATIONS = Path(__file__).parent / "postgres" / "views"
_JSONB_VERSION = b"\x01"


class Views:
    """SQL on read models. `jsonb` columns are Python values both ways. asyncpg's errors come through unchanged."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self.pool = pool

    @classmethod
    async def open(cls, dsn: str, *, connections_max: int = 8, **options: Any) -> "Views":
        """Connect, and bring the engine's own tables up to date."""
        pool = await asyncpg.create_pool(
            dsn,
            min_size=0,
            max_size=connections_max,
            init=_init,
            reset=_keep_session,
            statement_cache_size=500,
            max_inactive_connection_lifetime=60.0,
            server_settings={"search_path": SCHEMA, "jit": "off"},
            **options,
        )
        async with pool.acquire() as connection:
            await apply_migrations(connection, SCHEMA, _MIGRATIONS)
        return cls(pool)

    async def close(self) -> None:
        await self.pool.close()

    async def define(self, ddl: str) -> None:
        """Run the department's `schema.sql`: `CREATE … IF NOT EXISTS`, one process at a time."""
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('baton.views', 0))")
            await connection.execute(ddl)

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


def to_json(value: Any) -> bytes:
    """JSON of plain values, pydantic models and decimals (as texts)."""
    return orjson.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    return str(value)


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
