"""What a process of one role says of itself over HTTP: that it lives, whether it can be counted on, and what it
measures."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from runtime.metrics import exposition

#: Answers why the process cannot be counted on at the moment, "" when all is well. What it raises is a reason, too.
Check = Callable[[], Awaitable[str]]

CHECK_S = 2.0
JSON = "application/json"


class Health:
    """An ASGI application: `/healthz/live`, `/healthz/ready`, `/metrics`. Checks are named by what they are about."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        match scope["method"], scope["path"]:
            case "GET" | "HEAD", "/healthz/live":
                await _answer(send, 200, JSON, b'{"live":true}')
            case "GET" | "HEAD", "/healthz/ready":
                reasons = await self.reasons()
                ready = orjson.dumps({"ready": not reasons} | ({"reasons": reasons} if reasons else {}))
                await _answer(send, 503 if reasons else 200, JSON, ready)
            case "GET" | "HEAD", "/metrics":
                await _answer(send, 200, CONTENT_TYPE_LATEST, exposition())
            case _:
                await _answer(send, 404, JSON, b'{"title":"Nothing is served here"}')

    async def reasons(self) -> list[str]:
        """Why the process cannot be counted on; empty when all is well."""
        checks = dict(self._checks)  # those of now: a role that has started meanwhile has others
        found = await asyncio.gather(*map(_reason, checks.values()))
        return [f"{name}: {reason}" for name, reason in zip(checks, found, strict=True) if reason]


async def _reason(check: Check) -> str:
    try:
        return await asyncio.wait_for(check(), CHECK_S)
    except Exception as error:  # noqa: BLE001 - whatever a check raises is why
        return f"{type(error).__name__}"


async def _answer(send: Any, status: int, content_type: str, body: bytes) -> None:
    headers = [(b"content-type", content_type.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
