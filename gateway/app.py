"""The gateway as one ASGI application.

A request goes: limits -> route -> token -> body -> request message -> department -> answer. FastAPI and Starlette
would do the same from Python signatures; here the descriptors say it all, so the core is plain ASGI and costs a few
microseconds.
"""

import asyncio
import logging
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from eventlog import tracing
from gateway import answers, limits, measures, sse
from gateway.answers import Answer
from gateway.contract import Contract, Operation
from gateway.limits import Disconnected, Receive, Scope, Send
from gateway.pages import Pages
from gateway.problems import INTERNAL, INVALID, METHOD_NOT_ALLOWED, UNAVAILABLE, Problem, of_bad_input
from gateway.requests import RequestReader
from gateway.router import Router, allowed
from gateway.transcoding.errors import BadInput
from runtime import metadata as names
from runtime.caller import Caller
from runtime.errors import RpcError
from runtime.identity import Verifier

log = logging.getLogger("baton.gateway")

#: Request headers that go to the department as metadata.
_PASSED_ON = (names.AUTHORIZATION, names.IDEMPOTENCY_KEY, names.IF_MATCH, names.MIN_POSITION, names.TRACEPARENT)
#: nginx' number for a client that left before its answer; it is only measured, nobody gets it.
_CLIENT_LEFT = 499
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})


@dataclass(frozen=True, slots=True)
class Route:
    """An operation with what was compiled for it."""

    operation: Operation
    reader: RequestReader


@dataclass(slots=True)
class Exchange:
    """One request on its way: what is known of it so far, for its answer and for the measurements."""

    scope: Scope
    receive: Receive
    send: Send
    headers: Mapping[str, str]
    operation: Operation | None = None
    label: str = "unknown"
    started: bool = False

    async def send_and_note(self, event: Any) -> None:
        self.started = True
        await self.send(event)


class Gateway:
    """`caller` is asked, `verifier` knows tokens, `pages` serves everything that is no operation."""

    def __init__(self, contract: Contract, caller: Caller, verifier: Verifier, pages: Pages) -> None:
        self._caller = caller
        self._verifier = verifier
        self._pages = pages
        self._router: Router[Route] = Router()
        self._ending = asyncio.Event()
        for operation in contract.operations:
            self._router.add(operation.verb, operation.template, Route(operation, RequestReader(operation)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._measured(Exchange(scope, receive, send, _headers(scope)))
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    def end_streams(self) -> None:
        """Ends all event streams, so that a stop need not wait for clients that listen for ever."""
        self._ending.set()

    async def _measured(self, exchange: Exchange) -> None:
        began = time.perf_counter()
        status = await self._answered(exchange)
        method = exchange.scope["method"]
        known = method if method in _METHODS else "other"
        measures.observe(known, exchange.label, status, time.perf_counter() - began)

    async def _answered(self, exchange: Exchange) -> int:
        """Sends the answer, whatever happens; its status."""
        try:
            answer = await self._serve(exchange)
        except Problem as problem:
            answer = answers.of_problem(problem)
        except BadInput as error:
            answer = answers.of_problem(of_bad_input(error))
        except RpcError as error:
            answer = answers.of_rpc_error(error, exchange.operation, exchange.headers)
        except Disconnected:
            return _CLIENT_LEFT
        except Exception as error:  # noqa: BLE001 - the last place where a mistake can become an answer
            answer = _mistake(exchange, error)
        if answer is None or exchange.started:
            await exchange.send({"type": "http.response.body", "body": b""})
            return 200
        await answers.send(answer, exchange.send)
        return answer.status

    async def _serve(self, exchange: Exchange) -> Answer | None:
        """None where a stream was sent already and only its end is missing."""
        limits.check_head(exchange.scope)
        found = self._router.find(exchange.scope["raw_path"])
        if found is None:
            exchange.label = "page"
            return self._pages.answer(exchange.scope["method"], exchange.scope["path"])
        served, segments = found
        route = _route(served, exchange.scope["method"])
        exchange.operation, exchange.label = route.operation, route.operation.template.text
        if route.operation.method.streams:
            return await self._operate(exchange, route, segments)  # it may last for days, and nothing follows from it
        attributes = {"http.request.method": exchange.scope["method"], "http.route": exchange.label}
        name, parent = f"{exchange.scope['method']} {exchange.label}", names.traceparent(exchange.headers)
        with tracing.span(name, "server", attributes, parent, begins=True) as span:
            answer = await self._operate(exchange, route, segments)
            if span is not None and answer is not None:
                span.set("http.response.status_code", answer.status)
            return answer

    async def _operate(self, exchange: Exchange, route: Route, segments: Sequence[str]) -> Answer | None:
        metadata = self._metadata(route.operation, exchange.headers)
        body = await limits.read_body(exchange.receive, exchange.headers) if route.reader.has_body else b""
        request = route.reader.read(segments, exchange.scope["query_string"], exchange.headers, body)
        if route.operation.method.streams:
            return await self._stream(exchange, route.operation, request, metadata)
        reply = await self._caller.call(route.operation.method.name, request, names.traced(metadata))
        return answers.of_reply(route.operation, reply, exchange.headers, exchange.scope["raw_path"].decode("latin-1"))

    def _metadata(self, operation: Operation, headers: Mapping[str, str]) -> Mapping[str, str]:
        """What goes with the call. Verifies the token first: whoever has none learns nothing else."""
        if not operation.method.anonymous:
            self._verifier.verify(names.bearer(headers))
        passed_on = {name: headers[name] for name in _PASSED_ON if name in headers}
        for name, value in passed_on.items():
            if not (value.isascii() and value.isprintable()):
                raise INVALID.problem(f"the header {name} has characters other than printable ASCII")
        return passed_on

    async def _stream(
        self, exchange: Exchange, operation: Operation, request: Message, metadata: Mapping[str, str]
    ) -> Answer | None:
        sse.resume(operation, request, exchange.headers)
        if exchange.scope["method"] == "HEAD":
            return Answer(200, content_type=sse.CONTENT_TYPE)
        events = self._caller.stream(operation.method.name, request, metadata)
        with measures.STREAMS.track_inprogress():
            await sse.serve(events, self._ending, exchange.receive, exchange.send_and_note)
        return None if exchange.started else answers.of_problem(UNAVAILABLE.problem("Baton is stopping"))


def _headers(scope: Scope) -> Mapping[str, str]:
    """Headers by lower-case name; repeated ones joined as RFC 9110 says."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _route(served: Mapping[str, Route], method: str) -> Route:
    route = served.get("GET" if method == "HEAD" else method)
    if route is None:
        raise METHOD_NOT_ALLOWED.problem(f"use {allowed(served)}", headers={"allow": allowed(served)})
    return route


def _mistake(exchange: Exchange, error: Exception) -> Answer:
    """A mistake of ours: the log says where, without the message, which may quote a request."""
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s %s failed: %s\n%s", exchange.scope["method"], exchange.label, type(error).__name__, where)
    return answers.of_problem(INTERNAL.problem())


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return
