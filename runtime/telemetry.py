"""Spans by OpenTelemetry, sent over OTLP (gRPC), where `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector. The SDK is not
even imported where none is named.

Who sends the root span's traceparent decides whether a trace is recorded; the other `OTEL_` variables of the SDK
(sampler, batching, headers) hold as its documentation says."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from eventlog import tracing
from eventlog.tracing import Attributes, Kind
from runtime.settings import Settings

if TYPE_CHECKING:
    from opentelemetry import trace as api
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider

#: The SDK's own shutdown may wait half a minute for a collector that is away. A process must not: what was not taken
#: by then is lost.
FLUSH_S = 1.0


class OtelSpan:
    """A span of OpenTelemetry as `eventlog.tracing.Span`."""

    def __init__(self, made: "api.Span") -> None:
        context = made.get_span_context()
        self._made = made
        self.traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def set(self, name: str, value: str | int) -> None:
        self._made.set_attribute(name, value)

    def end(self, error: str = "") -> None:
        from opentelemetry.trace import StatusCode

        if error:
            self._made.set_attribute("error.type", error)
            self._made.set_status(StatusCode.ERROR)
        self._made.end()


class OtelTracer:
    """Makes spans with a provider of OpenTelemetry."""

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry.trace import SpanKind

        self._tracer = provider.get_tracer("baton")
        self._kinds = {kind.name.lower(): kind for kind in SpanKind}

    def start(self, name: str, kind: Kind, parent: str, links: Sequence[str], attributes: Attributes) -> OtelSpan:
        from opentelemetry.trace import Link

        linked = [Link(_context(each)) for each in links]
        made = self._tracer.start_span(name, _under(parent), self._kinds[kind], dict(attributes), linked)
        return OtelSpan(made)


@contextmanager
def tracing_to_collector(settings: Settings, role: str, department: str = "") -> Iterator[None]:
    """Send spans as long as this is entered, if a collector is named. `role` is what this process is."""
    if settings.otlp_endpoint is None:
        yield
        return
    provider = _provider(settings, role, department)
    tracing.use(OtelTracer(provider))
    try:
        yield
    finally:
        tracing.use(None)
        flushing = threading.Thread(target=provider.shutdown, name="spans", daemon=True)
        flushing.start()
        flushing.join(FLUSH_S)


def _provider(settings: Settings, role: str, department: str) -> "TracerProvider":
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # A collector that is away is told of in every export; that is worth no line of ours each time.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    resource = Resource.create(
        {
            "service.namespace": "baton",
            "service.name": f"baton-{department}-{role}" if department else f"baton-{role}",
            "service.instance.id": settings.instance_name,
        }
    )
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otlp_endpoint)))
    return provider


def _under(parent: str) -> "Context":
    """The context in which a child of this traceparent is made; an empty one begins a trace."""
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, set_span_in_context

    return set_span_in_context(NonRecordingSpan(_context(parent)), Context()) if parent else Context()


def _context(traceparent: str) -> "api.SpanContext":
    from opentelemetry.trace import SpanContext, TraceFlags

    _, trace, span, flags = traceparent.split("-")
    return SpanContext(int(trace, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))
