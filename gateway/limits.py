"""What a request may be at most, and reading its body within that."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from gateway.problems import LONG_HEADERS, LONG_QUERY, SLOW, TOO_LARGE, Problem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_BYTES_MAX = 1024 * 1024
HEADERS_BYTES_MAX = 16 * 1024
TARGET_BYTES_MAX = 16 * 1024
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
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > BODY_BYTES_MAX:
        raise _too_large()
    try:
        async with asyncio.timeout(BODY_S_MAX):
            return await _whole(receive)
    except TimeoutError as error:
        raise SLOW.problem(f"the body took longer than {BODY_S_MAX:g} s") from error


async def _whole(receive: Receive) -> bytes:
    parts: list[bytes] = []
    length = 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Disconnected
        parts.append(event.get("body", b""))
        length += len(parts[-1])
        if length > BODY_BYTES_MAX:
            raise _too_large()
        if not event.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large() -> Problem:
    return TOO_LARGE.problem(f"a body has at most {BODY_BYTES_MAX} bytes", headers={"connection": "close"})
