"""The commands' client tries again while Baton is busy or starts anew, and says at once when nobody is there."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from baton.log.v1 import log_pb2

from runtime.client import Client, Problem, Unreachable
from tests.support.running import free_port

HEAD = log_pb2.Head(department="sales", generation=1, position=12)
PROBLEM = b'{"title":"Not allowed","detail":"needs a role","errors":[{"pointer":"/a","detail":"is odd"}]}'

#: Status, body and headers; None hangs up without a word.
Reply = tuple[int, bytes, dict[str, str]] | None


@contextmanager
def serving(*replies: Reply) -> Iterator[tuple[str, list[Any]]]:
    """A server that gives these replies, the last one for ever; its address, and the requests that it was sent."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append((self.path, dict(self.headers)))
            reply = replies[min(len(asked), len(replies)) - 1]
            if reply is None:
                self.close_connection = True
                return
            status, body, headers = reply
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ok() -> Reply:
    return 200, HEAD.SerializeToString(), {}


def test_an_answer_is_the_message_that_was_asked_for() -> None:
    with serving(ok()) as (address, asked):
        found = Client(address, "a-token").get("/v1/logs/sales", log_pb2.Head, {"id": ["a", "b"]}, {"If-Match": "1"})
    assert found == HEAD
    path, headers = asked[0]
    assert path == "/v1/logs/sales?id=a&id=b"
    assert (headers["Authorization"], headers["Accept"], headers["If-Match"]) == (
        "Bearer a-token", "application/x-protobuf", "1",
    )  # fmt: skip


def test_a_refusal_says_why_and_is_not_tried_again() -> None:
    with serving((403, PROBLEM, {})) as (address, asked), pytest.raises(Problem) as problem:
        Client(address, "t").get("/", log_pb2.Head)
    assert str(problem.value) == "403 Not allowed. needs a role /a is odd"
    assert len(asked) == 1


def test_what_is_busy_is_asked_again() -> None:
    with serving((503, b"", {"Retry-After": "0"}), (429, b"not json", {}), ok()) as (address, asked):
        assert Client(address, "t").get("/", log_pb2.Head) == HEAD
    assert len(asked) == 3


def test_what_stays_busy_is_told() -> None:
    with serving((503, b"", {"Retry-After": "60"})) as (address, _), pytest.raises(Problem, match="503"):
        Client(address, "t", patience_s=1).get("/", log_pb2.Head)


def test_a_connection_that_breaks_after_it_once_worked_is_made_anew() -> None:
    with serving(ok(), None, ok()) as (address, asked):
        client = Client(address, "t")
        assert [client.get("/", log_pb2.Head) for _ in range(2)] == [HEAD, HEAD]
    assert len(asked) == 3


def test_where_nobody_ever_answered_it_says_so_at_once() -> None:
    with pytest.raises(Unreachable, match="nobody answers"):
        Client(f"127.0.0.1:{free_port()}", "t", patience_s=60).get("/", log_pb2.Head)
