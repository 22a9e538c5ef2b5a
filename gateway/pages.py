"""What is served beside the operations: documentation, health, metrics, and the pages that explain problems."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

import orjson
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from gateway.answers import Answer, of_problem
from gateway.documentation import page, render
from gateway.problems import KINDS, METHOD_NOT_ALLOWED, NO_SUCH_PATH, UNAVAILABLE, Kind
from gateway.requests import JSON
from runtime.metrics import exposition

#: Reasons why Baton is not ready to answer; empty when it is.
NotReady = Callable[[], Sequence[str]]

HTML = "text/html; charset=utf-8"
_PROBLEMS = "/problems/"


class Pages:
    """The fixed paths. `document` is the OpenAPI document."""

    def __init__(self, document: Mapping[str, Any], not_ready: NotReady) -> None:
        self._not_ready = not_ready
        json = Answer(200, orjson.dumps(document), JSON)
        documentation = Answer(200, render(document).encode(), HTML)
        problems = Answer(200, _list_of_problems().encode(), HTML)
        self._fixed: Mapping[str, Callable[[], Answer]] = {
            "/": lambda: documentation,
            "/docs": lambda: documentation,
            "/openapi.json": lambda: json,
            "/healthz/live": lambda: Answer(200, b'{"live":true}'),
            "/healthz/ready": self._ready,
            "/metrics": lambda: Answer(200, exposition(), CONTENT_TYPE_LATEST),
            "/problems": lambda: problems,
        }

    def answer(self, method: str, path: str) -> Answer:
        """Raises `Problem` where nothing is served, and for other methods than GET and HEAD."""
        kind = KINDS.get(path.removeprefix(_PROBLEMS)) if path.startswith(_PROBLEMS) else None
        if path not in self._fixed and kind is None:
            raise NO_SUCH_PATH.problem(f"nothing is served under {path}")
        if method not in ("GET", "HEAD"):
            raise METHOD_NOT_ALLOWED.problem("use GET", headers={"allow": "GET, HEAD"})
        return _problem(kind) if kind else self._fixed[path]()

    def _ready(self) -> Answer:
        reasons = self._not_ready()
        if reasons:
            return of_problem(UNAVAILABLE.problem("; ".join(reasons), headers={"retry-after": "1"}))
        return Answer(200, b'{"ready":true}')


def _problem(kind: Kind) -> Answer:
    title, path = escape(kind.title), escape(_PROBLEMS + kind.slug)
    body = f"<p>Status <b>{kind.status}</b>, type <code>{path}</code></p><p>{escape(kind.advice)}</p>"
    return Answer(200, page(kind.title, f"<h1>{title}</h1>{body}").encode(), HTML)


def _list_of_problems() -> str:
    kinds: Sequence[Kind] = sorted(KINDS.values(), key=lambda kind: kind.status)
    rows = (
        f'<tr><td>{kind.status}<td><a href="{_PROBLEMS}{kind.slug}">{kind.slug}</a><td>{escape(kind.title)}'
        for kind in kinds
    )
    return page("Problems", f"<h1>Problems</h1><table>{''.join(rows)}</table>")
