"""Locks on tables that others use, for whoever changes the tables.

Who waits for a table holds up all who come behind it, and who holds one while waiting for the next may wait in a circle
with a reader or a writer that has them the other way round. So nobody here waits long: it lets go of everything, and
comes back. What a transaction needs besides its first lock is locked in one statement, which gives up before PostgreSQL
looks for circles (`deadlock_timeout`, 1 s): then nobody else is ended for one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal, TypeVar

import asyncpg

from eventlog.trouble import wait_s

#: No single lock is waited for longer than this.
LOCK_TIMEOUT_MS = 2000
#: All tables that are locked together, shorter than `deadlock_timeout`.
TABLES_TIMEOUT_MS = 800
ATTEMPTS_MAX = 30

#: How it ends where others hold what is needed.
HELD = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)

T = TypeVar("T")


async def patiently(attempt: Callable[[], Awaitable[T]], what: str, log: logging.Logger) -> T:
    """Try a transaction until it gets its locks. Raises one of `HELD` where others have them through `ATTEMPTS_MAX`
    attempts."""
    for n in range(1, ATTEMPTS_MAX):
        try:
            return await attempt()
        except HELD:
            log.info("others hold what %s needs, attempt %d of %d given up", what, n, ATTEMPTS_MAX)
            await asyncio.sleep(wait_s(n))
    return await attempt()


async def limit_locks(connection: Any) -> None:
    """From now on this transaction waits no longer than `LOCK_TIMEOUT_MS` for a lock."""
    await connection.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")


async def lock_tables(
    connection: Any,
    tables: Iterable[str],
    mode: Literal["ACCESS EXCLUSIVE", "SHARE ROW EXCLUSIVE"] = "ACCESS EXCLUSIVE",
) -> None:
    """Lock these tables of the search path, in this order, for the rest of the transaction. Raises
    `LockNotAvailableError` where that takes longer than `TABLES_TIMEOUT_MS` in all."""
    named = ", ".join(f'"{table}"' for table in tables)
    if not named:
        return
    await connection.execute(f"SET LOCAL statement_timeout = {TABLES_TIMEOUT_MS}")
    try:
        await connection.execute(f"LOCK TABLE {named} IN {mode} MODE")
    except asyncpg.QueryCanceledError as error:
        raise asyncpg.LockNotAvailableError(f"others hold one of {named}") from error
    await connection.execute("SET LOCAL statement_timeout TO DEFAULT")
