"""Sessions beside the store's: to hold its lock, to watch who waits, to end a connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from tests.support.log import eventually


@asynccontextmanager
async def session(dsn: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        connection.terminate()


@asynccontextmanager
async def held_lock(dsn: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """Hold the lock of the log: nobody appends until the block ends (with a rollback)."""
    async with session(dsn) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT log.lock()")
        yield connection
        if connection.is_in_transaction():
            await transaction.rollback()


async def waiting_for_a_lock(connection: "asyncpg.Connection[Any]", count: int = 1) -> None:
    """Return when so many sessions of this database wait for an advisory lock."""

    async def waiting() -> bool:
        found: int = await connection.fetchval(
            """SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
            WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()"""
        )
        return found >= count

    await eventually(waiting, f"{count} sessions waiting for the lock")


async def end_sessions_of_the_log(operator: "asyncpg.Connection[Any]") -> None:
    """End every session of this database's log, in whatever it is doing."""
    await operator.execute(
        """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'baton log' AND datname = current_database()"""
    )
