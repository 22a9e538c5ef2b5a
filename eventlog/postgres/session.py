"""Connections to the server of a log: their limits, and the refusal of a server that would lose answered writes."""

from typing import Any, TypeAlias

import asyncpg

from eventlog.errors import NotSafe

#: A connection of one's own, or one lent by a pool: they do the same.
Connection: TypeAlias = "asyncpg.Connection[Any] | asyncpg.pool.PoolConnectionProxy[Any]"
Pool: TypeAlias = "asyncpg.Pool[Any]"

#: Whatever a session ends with: for those who then begin a new one, or need none any more, and ask no further. Whether
#: the same again will work later says `eventlog/trouble.py`.
ENDED: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

CONNECT_TIMEOUT_S = 5.0
STATEMENT_TIMEOUT_S = 30.0

_DURABLE = {
    "fsync": {"on"},
    "full_page_writes": {"on"},
    "synchronous_commit": {"on", "local", "remote_write", "remote_apply"},
}

#: A writer that is stopped (SIGSTOP, a frozen machine, a lost network) between lock and commit holds the lock of the
#: whole log. The server ends such a session by itself, and the next writer goes on:
#: - stopped between two statements: idle_in_transaction_session_timeout;
#: - stopped in the middle of sending one, after the lock was taken: transaction_timeout;
#: - gone without a word, unread answers on the wire: tcp_user_timeout, and keepalives while it waits;
#: - and who waits for the lock gives up in time to tell its callers: lock_timeout.
_WRITER_LIMITS = {
    "idle_in_transaction_session_timeout": "2s",
    "transaction_timeout": "15s",
    "lock_timeout": "10s",
    "tcp_user_timeout": "10s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}

#: Every statement of the writer and of a reader of the log has one right plan: by index. Without statistics (a fresh
#: table) or with old ones the planner may think otherwise, and costs a third of the speed.
_PLANS = {
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_sort": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}

#: READ COMMITTED is not a preference: see the comment at the lock in `log/0001_log.sql`.
_NAMES = {"application_name": "baton log", "default_transaction_isolation": "read committed"}


async def connect_writer(dsn: str) -> "asyncpg.Connection[Any]":
    """A session that may write. Raises `NotSafe` when the server, the database or the role would lose writes."""
    limits = {**_NAMES, **_WRITER_LIMITS, **_PLANS}
    try:
        connection = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT_S, server_settings=limits)
    except asyncpg.UndefinedObjectError as error:
        raise NotSafe(f"the server is too old, PostgreSQL 17 or newer is needed: {error}") from error
    try:
        await refuse_unsafe(connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def reader_pool(dsn: str, size_max: int) -> Pool:
    """Sessions that read. Made when needed, closed when idle."""
    return await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=size_max,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=STATEMENT_TIMEOUT_S,
        max_inactive_connection_lifetime=10.0,
        reset=_keep,
        server_settings={**_NAMES, **_PLANS, "default_transaction_read_only": "on"},
    )


async def _keep(connection: Connection) -> None:
    """Nobody changes a reading session's settings or locks anything in it, so there is nothing to reset, which would
    be a second round trip after each read."""


async def refuse_unsafe(connection: Connection) -> None:
    """Asked in the session itself, so that ALTER ROLE and ALTER DATABASE count as well as the server's own file."""
    for setting, safe in _DURABLE.items():
        value = await connection.fetchval(f"SHOW {setting}")
        if value not in safe:
            raise NotSafe(f"the server has {setting} {value}: answered writes would not survive a crash; set it on")
