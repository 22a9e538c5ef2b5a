"""Asks a running Baton over HTTP, in protobuf: what the `baton` command's reporting and importing stand on.

ClientError
├── Unreachable     nobody answers at the address
└── Problem         an answer that says no: a problem document (RFC 9457)

Plain blocking connections of the standard library, one a thread: a command starts in milliseconds.
"""

import base64
import http.client
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import orjson
from google.protobuf.message import Message

PROTOBUF = "application/x-protobuf"
M = TypeVar("M", bound=Message)
Headers = Mapping[str, str]
Query = Mapping[str, str | int | Sequence[str]]

_TRY_AGAIN = frozenset({429, 502, 503, 504})
_WAIT_FIRST_S = 0.05
_WAIT_MAX_S = 1.0


class ClientError(Exception):
    """Baton could not be asked, or said no."""


class Unreachable(ClientError):
    """Nobody answers at the address."""


@dataclass
class Problem(ClientError):
    """An answer that says no. `errors` are `{"pointer", "detail"}`, one a field."""

    status: int
    title: str
    detail: str = ""
    errors: Sequence[Mapping[str, str]] = field(default_factory=tuple)
    retry_after_s: float | None = None

    def __str__(self) -> str:
        where = "; ".join(f"{each.get('pointer', '')} {each.get('detail', '')}" for each in self.errors)
        return " ".join(part for part in (f"{self.status} {self.title}.", self.detail, where) if part)


class Client:
    """A caller with a token. Safe to share between threads.

    Every call may be sent more than once: writes sent through it carry an `Idempotency-Key` or are imports, which
    happen once a row. `patience_s` is how long a call is tried again while Baton is busy, or out of reach after it once
    answered: it may be starting again."""

    def __init__(self, address: str, token: str, *, timeout_s: float = 60.0, patience_s: float = 15.0) -> None:
        parts = urlsplit(address if "//" in address else f"http://{address}")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self._prefix = parts.path.rstrip("/")
        self._token = token
        self._timeout_s = timeout_s
        self._patience_s = patience_s
        self._local = threading.local()
        self._reached = False

    @property
    def tenant(self) -> str:
        """The tenant that the token says it speaks for, "" when it is no token; Baton decides what it is worth."""
        return tenant_of(self._token)

    def get(self, path: str, answer: type[M], query: Query | None = None, headers: Headers | None = None) -> M:
        """Read. Raises `Problem`, `Unreachable`."""
        return self.call("GET", path, answer, query=query, headers=headers)

    def post(self, path: str, answer: type[M], body: Message, headers: Headers | None = None) -> M:
        """Write. Raises `Problem`, `Unreachable`."""
        return self.call("POST", path, answer, body=body, headers=headers)

    def call(
        self,
        verb: str,
        path: str,
        answer: type[M],
        *,
        body: Message | None = None,
        query: Query | None = None,
        headers: Headers | None = None,
    ) -> M:
        target = f"{self._prefix}{path}" + (f"?{urlencode(query, doseq=True)}" if query else "")
        sent = {"Authorization": f"Bearer {self._token}", "Accept": PROTOBUF, **(headers or {})}
        if body is not None:
            sent["Content-Type"] = PROTOBUF
        content = None if body is None else body.SerializeToString()
        return answer.FromString(self._patiently(verb, target, content, sent))

    def _patiently(self, verb: str, target: str, content: bytes | None, headers: Headers) -> bytes:
        deadline = time.monotonic() + self._patience_s
        wait_s = _WAIT_FIRST_S
        while True:
            try:
                return self._once(verb, target, content, headers)
            except Problem as problem:
                wait_s = max(wait_s, problem.retry_after_s or 0.0)
                if problem.status not in _TRY_AGAIN or time.monotonic() + wait_s > deadline:
                    raise
            except (OSError, http.client.HTTPException) as error:
                self._close()
                if not self._reached or time.monotonic() + wait_s > deadline:
                    raise Unreachable(f"nobody answers at {self._host}:{self._port}: {error}") from error
            time.sleep(wait_s)
            wait_s = min(2 * wait_s, _WAIT_MAX_S)

    def _once(self, verb: str, target: str, content: bytes | None, headers: Headers) -> bytes:
        connection = self._connection()
        connection.request(verb, target, content, dict(headers))
        response = connection.getresponse()
        body = response.read()
        self._reached = True
        if response.status >= 400:
            raise _problem(response.status, response.headers.get("Retry-After"), body)
        return body

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            connection = self._local.connection = kind(self._host, self._port, timeout=self._timeout_s)
        return connection

    def _close(self) -> None:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None


def tenant_of(token: str) -> str:
    """The claim `tenant` of a token, read without checking it; "" when there is none."""
    payload = [*token.split("."), ""][1]
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return ""
    tenant = claims.get("tenant") if isinstance(claims, dict) else None
    return tenant if isinstance(tenant, str) else ""


def _problem(status: int, retry_after: str | None, body: bytes) -> Problem:
    try:
        document: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = {}
    get = document.get if isinstance(document, dict) else {}.get
    wait_s = float(retry_after) if retry_after and retry_after.isdigit() else None
    title = get("title") or http.client.responses.get(status, "")
    return Problem(status, str(title), str(get("detail") or ""), tuple(get("errors") or ()), wait_s)
