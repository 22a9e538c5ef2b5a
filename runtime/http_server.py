"""HTTP in this process: uvicorn, started and stopped by whoever composes the process."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

KEEP_ALIVE_S = 75
STOP_S_MAX = 2


class _Uvicorn(uvicorn.Server):
    """Leaves signals to the process it runs in, and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """Serves an ASGI application. `port = await server.start()`, later `await server.stop()`."""

    def __init__(self, application: Any, host: str, port: int, http: Any = "httptools") -> None:
        self._host = host
        self._port = port
        self._uvicorn = _Uvicorn(
            uvicorn.Config(
                application,
                http=http,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level=logging.WARNING,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=STOP_S_MAX,
            )
        )
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Listens, and answers the port. Raises `OSError` when the address cannot be had."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.create_server((self._host, self._port), family=family, backlog=self._uvicorn.config.backlog)
        self._running = asyncio.create_task(self._uvicorn.serve([listener]), name="HTTP")
        listening = asyncio.create_task(self._uvicorn.listening.wait())
        await asyncio.wait({self._running, listening}, return_when=asyncio.FIRST_COMPLETED)
        if self._running.done():
            listening.cancel()
            self._running.result()
        return int(listener.getsockname()[1])

    async def stop(self) -> None:
        """Lets requests finish for a moment, and closes."""
        self._uvicorn.should_exit = True
        if self._running is not None:
            await self._running
