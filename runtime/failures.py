"""What has stopped for good in a department, kept in its database: whoever answers for the department shows it, also
when it was another process that stopped."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import asyncpg

from eventlog.postgres.session import ENDED
from eventlog.views import Views

RELAY = "relay"

REMEMBER = """
INSERT INTO views.failures (what, reason) VALUES ($1, $2)
ON CONFLICT (what) DO UPDATE SET reason = EXCLUDED.reason, failed_at = EXCLUDED.failed_at
"""
FORGET = "DELETE FROM views.failures WHERE what = ANY($1::text[])"

#: What writing them may raise, and what a role that stops anyway only logs.
TROUBLE = ENDED

CONNECT_S = 5.0


async def remember(database: "Views | asyncpg.Connection", what: str, reason: str) -> None:
    """Raises what the database raises."""
    await database.execute(REMEMBER, what, reason)


async def forget(database: "Views | asyncpg.Connection", what: Iterable[str]) -> None:
    """They run again. Raises what the database raises."""
    await database.execute(FORGET, list(what))


async def relay_stopped(dsn: str, reason: str) -> None:
    """Raises what the database raises."""
    async with _connected(dsn) as connection:
        await remember(connection, RELAY, reason)


async def relay_tells(dsn: str) -> None:
    """Raises what the database raises."""
    async with _connected(dsn) as connection:
        await forget(connection, [RELAY])


@asynccontextmanager
async def _connected(dsn: str) -> "AsyncIterator[asyncpg.Connection]":
    connection = await asyncpg.connect(dsn, timeout=CONNECT_S)
    try:
        yield connection
    finally:
        await connection.close()
