"""A channel of one database on which processes tell each other that something was committed: a word, sent by NOTIFY
after the commit and by a connection of its own. NOTIFY within the transaction would hold a lock of the whole server
over the commit's disk write.

A word may be lost: nothing depends on it but how soon somebody looks.
"""

import asyncio
from collections.abc import Callable

import asyncpg

from eventlog.postgres.session import CONNECT_TIMEOUT_S, ENDED, STATEMENT_TIMEOUT_S, Connection

#: Between two words: what comes quickly is said once. A fact waits half of it on its way to another process.
PAUSE_S = 0.01
RECONNECT_S = 0.5


def _ignored() -> None:
    """What a lost connection means to those who need not know."""


class Channel:
    """`heard` is called with each word that another process sends, `lost` whenever the connection ended: words may
    have been missed, and the server may have crashed."""

    def __init__(self, dsn: str, name: str, heard: Callable[[str], None], lost: Callable[[], None] = _ignored) -> None:
        self._dsn = dsn
        self._name = name
        self._heard = heard
        self._lost = lost
        self._word = ""
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def send(self, word: str = "") -> None:
        """Send a word soon; only the last one of those that come quickly."""
        self._word = word
        self._wanted.set()

    def start(self) -> None:
        self._task = asyncio.create_task(self._serve(), name=f"channel {self._name}")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _serve(self) -> None:
        while True:
            try:
                await self._talk()
            except ENDED:
                await asyncio.sleep(RECONNECT_S)

    async def _talk(self) -> None:
        """Until the connection is lost."""
        connection = await asyncpg.connect(self._dsn, timeout=CONNECT_TIMEOUT_S)
        try:
            connection.add_termination_listener(self._ended)
            own = connection.get_server_pid()

            def heard(_: Connection, pid: int, channel: str, word: object) -> None:
                if pid != own:
                    self._heard(str(word))

            await connection.add_listener(self._name, heard)
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                await connection.execute(
                    "SELECT pg_notify($1, $2)", self._name, self._word, timeout=STATEMENT_TIMEOUT_S
                )
                await asyncio.sleep(PAUSE_S)
        finally:
            connection.terminate()

    def _ended(self, connection: Connection) -> None:
        self._wanted.set()
        self._lost()
