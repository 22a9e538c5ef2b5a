"""The trace context of the work in hand, and the spans that are made of it."""

from collections.abc import Iterator

import orjson
import pytest

from eventlog import tracing
from tests.support.spans import Spans, recorded_spans

OURS, THEIRS = (f"00-{digit * 32}-{digit * 16}-01" for digit in "ab")


@pytest.fixture
def spans() -> Iterator[Spans]:
    with recorded_spans() as spans:
        yield spans


def test_without_a_collector_nothing_is_made_and_nothing_is_read() -> None:
    def never() -> Iterator[str]:
        raise AssertionError("nobody needs the traces")
        yield

    assert not tracing.is_on()
    with (
        tracing.span("append", "internal", {}, OURS, begins=True) as made,
        tracing.batch("hear", "consumer", {}, never()),
    ):
        assert made is None
        assert tracing.current() == ""
    assert tracing.span("a", "internal", {}) is tracing.span("b", "internal", {})


def test_a_span_is_the_child_of_the_one_around_it(spans: Spans) -> None:
    request = tracing.span("request", "server", {"http.route": "/v1/leads"}, begins=True)
    with request, tracing.span("append", "internal", {}):
        pass
    assert spans.parents() == {("request", ""), ("append", "request")}
    assert len(spans.traces()) == 1
    assert tracing.current() == ""


def test_a_trace_that_was_begun_elsewhere_goes_on(spans: Spans) -> None:
    with tracing.span("request", "server", {}, OURS, begins=True):
        assert tracing.current_trace() == "a" * 32
    (request,) = spans.all()
    assert request.parent is not None
    assert (request.context.trace_id, request.parent.span_id) == (int("a" * 32, 16), int("a" * 16, 16))


@pytest.mark.parametrize("given", ["", "who knows", "00-" + "A" * 32 + "-" + "b" * 16 + "-01", OURS + "-more"])
def test_what_is_no_trace_context_begins_nothing_by_itself(spans: Spans, given: str) -> None:
    with tracing.span("look", "client", {}, given) as made:
        assert made is None
    assert spans.all() == ()


def test_who_began_the_trace_decides_whether_it_is_recorded(spans: Spans) -> None:
    with tracing.span("request", "server", {}, tracing.new_traceparent()):
        assert tracing.current_trace()
    assert spans.all() == ()


def test_an_error_is_told_by_its_kind_and_not_by_its_words(spans: Spans) -> None:
    with pytest.raises(ValueError, match="Zoya"), tracing.span("request", "server", {}, begins=True):
        raise ValueError("Zoya Quartzova is not known")
    (request,) = spans.all()
    assert dict(request.attributes or {}) == {"error.type": "ValueError"}
    assert not request.status.is_ok
    assert "Zoya" not in request.to_json()


def test_a_batch_of_one_trace_belongs_to_it(spans: Spans) -> None:
    with tracing.batch("hear", "consumer", {}, ["", OURS, OURS]):
        assert tracing.current_trace() == tracing.trace_id(OURS)
    (heard,) = spans.all()
    assert heard.context.trace_id == int("a" * 32, 16)
    assert list(heard.links) == []


def test_a_batch_of_several_traces_is_seen_in_each_and_by_itself(spans: Spans) -> None:
    with tracing.batch("hear", "consumer", {}, [OURS, THEIRS]):
        assert tracing.current() == ""
    (shared,) = spans.named("hear (batch)")
    assert {link.context.trace_id for link in shared.links} == {int("a" * 32, 16), int("b" * 32, 16)}
    assert shared.parent is None
    assert {each.context.trace_id for each in spans.named("hear")} == {int("a" * 32, 16), int("b" * 32, 16)}
    for each in spans.named("hear"):
        assert [link.context.span_id for link in each.links] == [shared.context.span_id]


def test_of_a_batch_of_very_many_traces_some_are_told(spans: Spans) -> None:
    with tracing.batch("hear", "consumer", {}, (f"00-{n:032x}-{n:016x}-01" for n in range(1, 1000))):
        pass
    assert len(spans.named("hear")) == tracing.BATCH_TRACES_MAX


def test_a_trace_is_read_from_what_a_fact_was_stored_with() -> None:
    assert tracing.trace_of(orjson.dumps({"tenant": "demo", "trace": OURS})) == OURS
    for metadata in (b"", b"[]", b"\xff", b'{"trace": 7}', b'{"trace": "x"}', b"{}"):
        assert tracing.trace_of(metadata) == ""
