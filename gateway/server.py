"""Serves the gateway: HTTP with its limits, started and stopped by whoever composes the processes."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.app import Gateway
from gateway.limits import TARGET_BYTES_MAX
from gateway.problems import INVALID, LONG_HEADERS, LONG_QUERY, Problem
from gateway.problems import JSON as PROBLEM_JSON
from runtime.http_server import HttpServer

#: What may arrive before a request's headers are complete. The parser itself would take any amount; the application
#: answers requests over its own, lower limits in words, and never sees one over this.
HEAD_BYTES_MAX = 128 * 1024
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


class GatewayServer(HttpServer):
    """`port = await server.start()`, later `await server.stop()`."""

    def __init__(self, gateway: Gateway, host: str, port: int) -> None:
        super().__init__(gateway, host, port, http=BoundedHttp)
        self._gateway = gateway

    async def stop(self) -> None:
        """Ends event streams, lets requests finish for a moment, and closes."""
        self._gateway.end_streams()
        await super().stop()
