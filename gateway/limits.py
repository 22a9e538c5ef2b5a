"""What a request may be at most, and reading its body within that."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from gateway.problems import LONG_HEADERS, LONG_QUERY, SLOW, TOO_LARGE, Problem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_BYTES_MAX = 1024 * 1024
DISCARDED_BYTES_MAX = 64 * BODY_BYTES_MAX
HEADERS_BYTES_MAX = 16 * 1024
#: A little less than what the parser can hold.
TARGET_BYTES_MAX = 60 * 1024
#: How long the whole body may take to arrive. A client that sends slowly holds its own connection and nothing else.
BODY_S_MAX = 30.0


class Disconnected(Exception):
    """The client went away before it had sent its request."""


def check_head(scope: Scope) -> None:
    """Raises `Problem` for headers or a target that are too large."""
    if len(scope["raw_path"]) + len(scope["query_string"]) > TARGET_BYTES_MAX:
        raise LONG_QUERY.problem(f"path and query have at most {TARGET_BYTES_MAX} bytes")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > HEADERS_BYTES_MAX:
        raise LONG_HEADERS.problem(f"headers have at most {HEADERS_BYTES_MAX} bytes in all")


async def read_body(receive: Receive, headers: Mapping[str, str]) -> bytes:
    """The whole body. Raises `Problem` when it is too large or takes too long, `Disconnected` when it ends early."""
    if "expect" in headers and _declared(headers) > BODY_BYTES_MAX:
        raise _too_large({"connection": "close"})
    try:
        async with asyncio.timeout(BODY_S_MAX):
            return await _whole(receive)
    except TimeoutError as error:
        raise SLOW.problem(f"the body took longer than {BODY_S_MAX:g} s") from error


async def _whole(receive: Receive) -> bytes:
    """Reads on past the limit and forgets what it reads: a client that still sends when it is answered and the
    connection is closed sees a broken connection and not the answer."""
    parts: list[bytes] = []
    length = 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Disconnected
        part = event.get("body", b"")
        length += len(part)
        if length <= BODY_BYTES_MAX:
            parts.append(part)
        elif length > DISCARDED_BYTES_MAX:
            raise _too_large({"connection": "close"})
        if not event.get("more_body", False):
            break
    if length > BODY_BYTES_MAX:
        raise _too_large()
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _declared(headers: Mapping[str, str]) -> int:
    length = headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0


def _too_large(headers: Mapping[str, str] | None = None) -> Problem:
    return TOO_LARGE.problem(f"a body has at most {BODY_BYTES_MAX} bytes", headers=headers)
