"""Spans reach the collector that is named; one that is away holds up nobody."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as messages
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service

from eventlog import tracing
from runtime.settings import Settings
from runtime.telemetry import FLUSH_S, tracing_to_collector


class Collector(service.TraceServiceServicer):
    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def Export(self, request: messages.ExportTraceServiceRequest, context: object) -> object:
        for resource in request.resource_spans:
            names = {each.key: each.value.string_value for each in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.told.extend((names["service.name"], span.name) for span in scope.spans)
        return messages.ExportTraceServiceResponse()


@pytest.fixture
def collector() -> Iterator[tuple[Collector, str]]:
    server, collector = grpc.server(ThreadPoolExecutor(1)), Collector()
    service.add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield collector, f"http://127.0.0.1:{port}"
    server.stop(0).wait()


def work() -> None:
    with tracing.span("append sales", "internal", {}, begins=True):
        pass


def test_spans_reach_the_collector_with_the_name_of_the_process(collector: tuple[Collector, str]) -> None:
    asked, endpoint = collector
    with tracing_to_collector(Settings(otlp_endpoint=endpoint), "serve", "sales"):
        work()
    assert asked.told == [("baton-sales-serve", "append sales")]
    assert not tracing.is_on()


def test_a_collector_that_is_away_does_not_keep_a_process_from_stopping() -> None:
    with tracing_to_collector(Settings(otlp_endpoint="http://127.0.0.1:9"), "serve", "sales"):
        work()
        stopping = time.monotonic()
    assert time.monotonic() - stopping < FLUSH_S + 1.0


def test_where_no_collector_is_named_nothing_is_made() -> None:
    with tracing_to_collector(Settings(), "serve", "sales"):
        assert not tracing.is_on()
