"""One leader per department and kind of work: who holds an advisory lock in the department's database, until that
session ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from eventlog.errors import LogError
from eventlog.postgres.session import CONNECT_TIMEOUT_S, ENDED, Connection

PING_S = 1.0
ANSWER_S = 5.0

#: How often who stands by asks for the lock. It does not wait within the statement: an answer that is awaited without
#: end is awaited for ever when the server vanishes without a word.
TRY_S = 0.5

#: A leader that is stopped or cut off stops pinging; the server ends its session, and the next one leads.
_LIMITS = {
    "idle_session_timeout": "5s",
    "tcp_user_timeout": "5s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}

_TRY = "SELECT pg_try_advisory_lock(hashtextextended($1 || ' ' || current_database(), 0))"


class Deposed(LogError):
    """The session that holds the lock has ended, so another one may lead by now."""


class Term:
    """As long as one session holds the lock."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._asking = asyncio.Lock()

    async def confirm(self) -> None:
        """Ask the server whether the session still lives. Raises `Deposed`.

        An answer also says that this server was not restarted, nor its database restored, since the term began."""
        try:
            async with self._asking:
                await self._connection.execute("SELECT 1", timeout=ANSWER_S)
        except ENDED as error:
            raise Deposed(f"the leader's session has ended: {type(error).__name__}") from error

    async def watch(self) -> None:
        """Ping, until the session ends. Raises `Deposed`."""
        while True:
            await asyncio.sleep(PING_S)
            await self.confirm()


@asynccontextmanager
async def term(dsn: str, work: str) -> AsyncIterator[Term]:
    """Wait for the lock, lead. `work` says what (`relay`). Raises what asyncpg raises when the database is away, and
    `TimeoutError` when it does not answer any more."""
    name = f"baton {work}"
    settings = {**_LIMITS, "application_name": name}
    connection = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT_S, server_settings=settings)
    try:
        await _given(connection, name)
        yield Term(connection)
    finally:
        connection.terminate()


async def _given(connection: Connection, name: str) -> None:
    while True:
        if await connection.fetchval(_TRY, name, timeout=ANSWER_S):
            return
        await asyncio.sleep(TRY_S)
