"""Spans as they are made, kept in memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from eventlog import tracing
from runtime.telemetry import OtelTracer


@dataclass
class Spans:
    """What was recorded so far. Names are those of the spans; a span without a parent has the parent ""."""

    exporter: InMemorySpanExporter

    def all(self) -> Sequence[ReadableSpan]:
        return self.exporter.get_finished_spans()

    def traces(self) -> set[int]:
        return {span.context.trace_id for span in self.all() if span.context}

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.all() if span.name == name]

    def parents(self) -> set[tuple[str, str]]:
        """Each kind of span under each kind of parent that it was made under."""
        names = {span.context.span_id: span.name for span in self.all() if span.context}
        return {(span.name, names.get(span.parent.span_id, "?") if span.parent else "") for span in self.all()}

    def clear(self) -> None:
        self.exporter.clear()


@contextmanager
def recorded_spans() -> Iterator[Spans]:
    """Record every span that is made in this process."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.use(OtelTracer(provider))
    try:
        yield Spans(exporter)
    finally:
        tracing.use(None)
        provider.shutdown()
