"""Traces: the W3C trace context of the work in hand, and the port behind which spans are made.

A command has one trace. Its `traceparent` goes with the call, stands in the metadata of its facts and so in Kafka's
headers, and in the todos that follow from them; `runtime/telemetry.py` makes spans of it, where a collector is named.
Without one there is no tracer here, and `span` and `batch` do nothing. A span says what was done and how long it took:
never to whom, so no tenant, no stream, no id and nothing personal stands in it.
"""

import re
import secrets
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Literal, Protocol

from eventlog.stored import document, text

Kind = Literal["server", "client", "producer", "consumer", "internal"]
Attributes = Mapping[str, str | int]

#: Traces of one batch that are told of it. A batch of catching up may belong to thousands, of long ago.
BATCH_TRACES_MAX = 100

_TRACEPARENT = re.compile("[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


class Span(Protocol):
    """Something that takes time, from `Tracer.start` to `end`."""

    @property
    def traceparent(self) -> str: ...

    def set(self, name: str, value: str | int) -> None: ...

    def end(self, error: str = "") -> None:
        """It is over; `error` says how it failed, in a word that quotes nobody."""
        ...


class Tracer(Protocol):
    """Makes spans. `parent` and `links` are traceparents; no parent begins a trace."""

    def start(self, name: str, kind: Kind, parent: str, links: Sequence[str], attributes: Attributes) -> Span: ...


_NOTHING: AbstractContextManager[None] = nullcontext()
_current: ContextVar[str] = ContextVar("traceparent", default="")
_tracer: Tracer | None = None


def use(tracer: Tracer | None) -> None:
    """Make spans with this tracer from now on, in the whole process; None: make none."""
    global _tracer
    _tracer = tracer


def is_on() -> bool:
    return _tracer is not None


def current() -> str:
    """The traceparent of the work in hand, or ""."""
    return _current.get()


def current_trace() -> str:
    """The id of the trace that the work in hand belongs to, or ""."""
    return trace_id(_current.get())


def trace_id(traceparent: str) -> str:
    """The trace's part of a traceparent; "" where it is none."""
    found = _TRACEPARENT.fullmatch(traceparent)
    return found[1] if found else ""


def new_traceparent() -> str:
    """Of a trace that nobody records: its facts and lines in the logs still belong together."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"


def trace_of(metadata: bytes) -> str:
    """The traceparent in a fact's stored metadata, or ""."""
    trace = text(document(metadata), "trace")
    return trace if trace_id(trace) else ""


@contextmanager
def within(traceparent: str) -> Generator[None, None, None]:
    """Let what is done here belong to a trace."""
    before = _current.set(traceparent)
    try:
        yield
    finally:
        _current.reset(before)


def span(
    name: str, kind: Kind, attributes: Attributes, parent: str = "", *, begins: bool = False
) -> AbstractContextManager[Span | None]:
    """A span around what is done here, under `parent` or else the work in hand. Where there is neither, one is made
    only of what `begins` a trace: so what a program does by itself, again and again, makes none."""
    if _tracer is None:
        return _NOTHING
    parent = parent if trace_id(parent) else _current.get()
    if not (parent or begins):
        return _NOTHING
    return _spanning(_tracer, name, kind, attributes, parent)


def batch(name: str, kind: Kind, attributes: Attributes, traces: Iterable[str]) -> AbstractContextManager[None]:
    """Spans around one piece of work that is done for many facts at once, whose traceparents these are.

    Each of their traces gets a span, as a command is to be seen from its request to its last consequence. Those of
    several traces are linked to one more span, the batch's own, which is linked to the facts in turn, as OpenTelemetry
    has it for messages: it shows who shared the time."""
    if _tracer is None:
        return _NOTHING
    return _batched(_tracer, name, kind, attributes, traces)


@contextmanager
def _spanning(
    tracer: Tracer, name: str, kind: Kind, attributes: Attributes, parent: str, links: Sequence[str] = ()
) -> Generator[Span, None, None]:
    made = tracer.start(name, kind, parent, links, attributes)
    error = ""
    try:
        with within(made.traceparent):
            yield made
    except BaseException as raised:
        error = _said(raised)
        raise
    finally:
        made.end(error)


@contextmanager
def _batched(
    tracer: Tracer, name: str, kind: Kind, attributes: Attributes, traces: Iterable[str]
) -> Generator[None, None, None]:
    distinct = [each for each in dict.fromkeys(traces) if trace_id(each)][:BATCH_TRACES_MAX]
    with ExitStack() as stack:
        links = []
        if len(distinct) > 1:
            shared = stack.enter_context(_spanning(tracer, f"{name} (batch)", kind, attributes, "", distinct))
            links = [shared.traceparent]
        for each in distinct:
            stack.enter_context(_spanning(tracer, name, kind, attributes, each, links))
        if len(distinct) > 1:
            stack.enter_context(within(""))  # what is done for several belongs to none of them
        yield


def _said(error: BaseException) -> str:
    """The kind alone: a message may quote a request."""
    return type(error).__name__
