"""Tells the readers of a log that it has grown: at once in this process, by NOTIFY in others.

The bell is a courtesy: a reader that hears nothing looks by itself after a second. It is rung after the commit, by a
statement of its own: NOTIFY within the append's transaction would hold a lock of the whole server over the commit's
disk write, and all departments would wait for each other.
"""

import asyncio

import asyncpg

from eventlog.events import Position
from eventlog.postgres.session import CONNECT_TIMEOUT_S, INFRASTRUCTURE, STATEMENT_TIMEOUT_S, Connection

CHANNEL = "baton_log"
LOOK_AGAIN_S = 1.0
RING_PAUSE_S = 0.02
RECONNECT_S = 0.5

_TROUBLE: tuple[type[BaseException], ...] = (*INFRASTRUCTURE, asyncpg.PostgresError)


class Bell:
    """`position` is the last one known to be there; `after(p)` waits until there may be one behind p."""

    def __init__(self, dsn: str) -> None:
        self.position = Position(0)
        self._dsn = dsn
        self._ring = asyncio.Event()
        self._grown: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    def written(self, position: int) -> None:
        """This process has written up to here."""
        self._ring.set()
        self._known(position)

    async def after(self, position: Position) -> None:
        """Return when the log may have grown past this position, at the latest after a second."""
        if self.position > position:
            return
        if self._grown is None:
            self._grown = asyncio.get_running_loop().create_future()
        await asyncio.wait((self._grown,), timeout=LOOK_AGAIN_S)

    def start(self) -> None:
        """Ring for other processes, and listen to theirs."""
        self._task = asyncio.create_task(self._serve(), name="log bell")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    def _known(self, position: int) -> None:
        if position > self.position:
            self.position = Position(position)
            if self._grown is not None:
                self._grown.set_result(None)
                self._grown = None

    async def _serve(self) -> None:
        while True:
            try:
                await self._ring_and_listen()
            except _TROUBLE:
                await asyncio.sleep(RECONNECT_S)

    async def _ring_and_listen(self) -> None:
        """Until the connection is lost."""
        connection = await asyncpg.connect(self._dsn, timeout=CONNECT_TIMEOUT_S)
        try:
            connection.add_termination_listener(self._lost)
            await connection.add_listener(CHANNEL, self._heard)
            while True:
                await self._ring.wait()
                self._ring.clear()
                await connection.execute(f"NOTIFY {CHANNEL}, '{self.position}'", timeout=STATEMENT_TIMEOUT_S)
                await asyncio.sleep(RING_PAUSE_S)
        finally:
            connection.terminate()

    def _lost(self, connection: Connection) -> None:
        self._ring.set()

    def _heard(self, connection: Connection, pid: int, channel: str, payload: object) -> None:
        if isinstance(payload, str) and payload.isdecimal():
            self._known(int(payload))
