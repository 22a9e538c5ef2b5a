"""Serves the gateway: uvicorn with its limits, started and stopped by whoever composes the processes."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.app import Gateway
from gateway.limits import TARGET_BYTES_MAX
from gateway.problems import INVALID, LONG_HEADERS, LONG_QUERY, Problem
from gateway.problems import JSON as PROBLEM_JSON

#: What may arrive before a request's headers are complete. The parser itself would take any amount; the application
#: answers requests over its own, lower limits in words, and never sees one over this.
HEAD_BYTES_MAX = 128 * 1024
KEEP_ALIVE_S = 75
STOP_S_MAX = 2
LINGER_S = 1.0

_REASONS = {400: b"Bad Request", 414: b"URI Too Long", 431: b"Request Header Fields Too Large"}


class BoundedHttp(HttpToolsProtocol):
    """HTTP whose request heads are bounded, and whose refusals are problem documents."""

    _head_bytes = 0
    _in_head = True
    url = b""
    _refused = False

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES_MAX and not self._refused:
            self._refuse(LONG_HEADERS.problem(f"headers have at most {HEAD_BYTES_MAX} bytes in all"))

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head, self._head_bytes = True, 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """The parser gives up: at anything that is no HTTP, and at targets that are longer than its numbers."""
        self._refuse((LONG_QUERY if len(self.url) > TARGET_BYTES_MAX else INVALID).problem(msg))

    def _refuse(self, problem: Problem) -> None:
        """Answers, and reads nothing more. The connection is closed a little later: closing it while the client still
        sends would reset it, and the client would not see the answer."""
        self._refused = True
        body = problem.body()
        head = b"HTTP/1.1 %d %s\r\ncontent-type: %s\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        self.transport.write(head % (problem.status, _REASONS[problem.status], PROBLEM_JSON.encode(), len(body)) + body)
        self.loop.call_later(LINGER_S, self.transport.close)
        if self.transport.can_write_eof():
            self.transport.write_eof()


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
    """`address = await server.start()`, later `await server.stop()`."""

    def __init__(self, gateway: Gateway, host: str, port: int) -> None:
        self._gateway = gateway
        self._host = host
        self._port = port
        self._uvicorn = _Uvicorn(
            uvicorn.Config(
                gateway,
                http=BoundedHttp,
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
        self._running = asyncio.create_task(self._uvicorn.serve([listener]), name="gateway")
        listening = asyncio.create_task(self._uvicorn.listening.wait())
        await asyncio.wait({self._running, listening}, return_when=asyncio.FIRST_COMPLETED)
        if self._running.done():
            listening.cancel()
            self._running.result()
        return int(listener.getsockname()[1])

    async def stop(self) -> None:
        """Ends event streams, lets requests finish for a moment, and closes."""
        self._gateway.end_streams()
        self._uvicorn.should_exit = True
        if self._running is not None:
            await self._running
