"""What is served beside the operations: documentation, health, metrics, and the pages that explain problems."""

from collections.abc import Callable, Sequence
from html import escape

import orjson
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway.documentation import page, render
from gateway.limits import Receive, Scope, Send
from gateway.problems import JSON as PROBLEM_JSON
from gateway.problems import KINDS, METHOD_NOT_ALLOWED, NO_SUCH_PATH, UNAVAILABLE, Kind, Problem
from runtime.metrics import exposition

#: Reasons why Baton is not ready to answer; empty when it is.
NotReady = Callable[[], Sequence[str]]

_PROBLEMS = "/problems/"


class Pages:
    """An ASGI application for the fixed paths. `document` is the OpenAPI document."""

    def __init__(self, document: dict[str, object], not_ready: NotReady) -> None:
        self._not_ready = not_ready
        json = orjson.dumps(document)
        html = render(document)
        self._fixed: dict[str, Callable[[], Response]] = {
            "/": lambda: HTMLResponse(html),
            "/docs": lambda: HTMLResponse(html),
            "/openapi.json": lambda: _json(json),
            "/healthz/live": lambda: _json(b'{"live":true}'),
            "/healthz/ready": self._ready,
            "/metrics": lambda: Response(exposition(), media_type=CONTENT_TYPE_LATEST),
            "/problems": lambda: HTMLResponse(_list_of_problems()),
        }

    def serves(self, path: str) -> bool:
        return path in self._fixed or path.startswith(_PROBLEMS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises `Problem` for another method than GET and HEAD, and for a problem that there is not."""
        request = Request(scope)
        if request.method not in ("GET", "HEAD"):
            raise METHOD_NOT_ALLOWED.problem("use GET", headers={"allow": "GET, HEAD"})
        response = self._fixed[request.url.path]() if request.url.path in self._fixed else _problem(request.url.path)
        await response(scope, receive, send)

    def _ready(self) -> Response:
        reasons = self._not_ready()
        if not reasons:
            return _json(b'{"ready":true}')
        problem: Problem = UNAVAILABLE.problem("; ".join(reasons))
        return Response(problem.body(), problem.status, {"retry-after": "1"}, PROBLEM_JSON)


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")


def _problem(path: str) -> Response:
    kind = KINDS.get(path.removeprefix(_PROBLEMS))
    if kind is None:
        raise NO_SUCH_PATH.problem(f"there is no problem named {path.removeprefix(_PROBLEMS)}")
    body = f"<p>Status <b>{kind.status}</b>, type <code>{escape(path)}</code></p><p>{escape(kind.advice)}</p>"
    return HTMLResponse(page(kind.title, f"<h1>{escape(kind.title)}</h1>{body}"))


def _list_of_problems() -> str:
    kinds: Sequence[Kind] = sorted(KINDS.values(), key=lambda kind: kind.status)
    rows = (
        f'<tr><td>{kind.status}<td><a href="{_PROBLEMS}{kind.slug}">{kind.slug}</a><td>{escape(kind.title)}'
        for kind in kinds
    )
    return page("Problems", f"<h1>Problems</h1><table>{''.join(rows)}</table>")
