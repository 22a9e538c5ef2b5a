"""A small HTTP/1.1 load client: keep-alive connections, one request at a time on each, no library in the way."""

import asyncio
import time
from collections.abc import Callable

import uvloop


class Client(asyncio.Protocol):
    """Sends one request and resolves when its whole answer (with Content-Length) has come."""

    def __init__(self) -> None:
        self.buffer = b""
        self.answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found or self.answer is None:
            return
        length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(body) >= length:
            self.buffer = body[length:]
            self.answer.set_result((int(head[9:12]), body[:length]))

    def connection_lost(self, exc: Exception | None) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(exc or ConnectionError("closed by the server"))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)  # type: ignore[attr-defined]
        return await self.answer


async def connected(port: int, count: int) -> list[Client]:
    """So many connections to a port of this machine."""
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(Client, "127.0.0.1", port))[1] for _ in range(count)]


def request(port: int, path: str, token: str, body: bytes, method: str = "POST") -> bytes:
    """The bytes of a request."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


Body = Callable[[int, int], bytes]


def posts(path: str, token: str, clients: int, seconds: float, body: Body, port: int, start: Callable[[], None]) -> int:
    """Post `body(client, n)` from so many connections for so long; answers how many came back as 2xx. Raises on any
    other status: a benchmark of errors is none."""
    return uvloop.run(_posts(path, token, clients, seconds, body, port, start))


async def _posts(
    path: str, token: str, clients: int, seconds: float, body: Body, port: int, start: Callable[[], None]
) -> int:
    connections = await connected(port, clients)
    for client, connection in enumerate(connections):
        _expect_success(*await connection.ask(request(port, path, token, body(client, -1))))
    start()
    until = time.perf_counter() + seconds

    async def one(client: int, connection: Client) -> int:
        n = 0
        while time.perf_counter() < until:
            _expect_success(*await connection.ask(request(port, path, token, body(client, n))))
            n += 1
        return n

    return sum(await asyncio.gather(*(one(*each) for each in enumerate(connections))))


def _expect_success(status: int, body: bytes) -> None:
    if status >= 300:
        raise RuntimeError(f"{status}: {body[:300]!r}")
