"""An event survives the way through a Kafka record, digest included."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from eventlog.events import CHAIN_START, EVENT_BYTES_MAX, Event, Position, Version, digest_of
from eventlog.kafka.limits import RECORD_BYTES_MAX
from eventlog.kafka.records import NotAnEvent, from_record, header, to_record

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
WON = Event(
    generation=2,
    position=Position(1234),
    tenant="кафе",
    stream="sales.opportunity-7",
    version=Version(3),
    id=UUID("9a4c010c-d8a4-56c4-8dce-bfd353926e24"),
    type="sales.opportunity-won",
    schema=2,
    recorded_at=datetime(2026, 3, 1, 9, 0, 0, 1, tzinfo=UTC),
    metadata=b'{"employee":"anna","occurredAt":"2026-02-27T12:00:00+00:00","trace":"%s"}' % TRACE.encode(),
    data=b'{"amount":"12.30"}',
    digest=bytes(range(32)),
)


@dataclass
class Heard:
    """What a consumer hands over."""

    key: bytes | None
    value: bytes | None
    headers: list[Any]


def heard(event: Event) -> Heard:
    return Heard(*to_record("sales", event))


def test_an_event_comes_back_equal() -> None:
    assert from_record(heard(WON)) == WON


@pytest.mark.parametrize("metadata", [b"", b"\x00\xff", b"[]", b"7", b'{"occurredAt":7,"trace":null}', b"{}"])
@pytest.mark.parametrize("data", [b"", b"\x00\xff", b"{}"])
def test_bytes_of_any_kind_come_back_as_they_were(metadata: bytes, data: bytes) -> None:
    event = replace(WON, metadata=metadata, data=data)
    assert from_record(heard(event)) == event


def test_what_comes_back_has_the_digest_that_was_recorded() -> None:
    event = replace(WON, digest=digest_of(CHAIN_START, WON))
    assert digest_of(CHAIN_START, from_record(heard(event))) == event.digest


def test_the_record_carries_cloudevents_headers_and_what_the_digest_covers() -> None:
    record = to_record("sales", WON)

    assert (record.key, record.value) == (b"sales.opportunity-7", b'{"amount":"12.30"}')
    assert dict(record.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"9a4c010c-d8a4-56c4-8dce-bfd353926e24",
        "ce_type": b"sales.opportunity-won",
        "ce_source": b"baton:sales",
        "ce_subject": b"sales.opportunity-7",
        "ce_time": b"2026-02-27T12:00:00+00:00",
        "content-type": b"application/json",
        "generation": b"2",
        "position": b"1234",
        "version": b"3",
        "tenant": "кафе".encode(),
        "schema": b"2",
        "recordedat": b"2026-03-01T09:00:00.000001+00:00",
        "digest": bytes(range(32)).hex().encode(),
        "metadata": WON.metadata,
        "traceparent": TRACE.encode(),
    }


def test_a_fact_that_the_world_does_not_date_has_the_time_it_was_recorded_and_no_trace_without_one() -> None:
    headers = to_record("sales", replace(WON, metadata=b'{"employee":"anna"}')).headers
    assert header(headers, "ce_time") == "2026-03-01T09:00:00.000001+00:00"
    assert "traceparent" not in dict(headers)


def test_headers_are_found_by_name_in_any_order_and_strange_ones_are_left_alone() -> None:
    record = heard(WON)
    record.headers = [("ce_dataschema", b"\xff"), *reversed(record.headers)]
    assert from_record(record) == WON


@pytest.mark.parametrize("name", ["generation", "position", "tenant", "ce_id", "recordedat", "digest", "metadata"])
def test_a_record_without_a_header_is_not_an_event(name: str) -> None:
    record = heard(WON)
    record.headers = [each for each in record.headers if each[0] != name]
    with pytest.raises(NotAnEvent, match=name):
        from_record(record)


@pytest.mark.parametrize("name", ["generation", "tenant", "ce_subject", "recordedat", "digest", "metadata"])
def test_a_header_without_a_value_is_missing(name: str) -> None:
    record = heard(WON)
    record.headers = [(each, None if each == name else value) for each, value in record.headers]
    with pytest.raises(NotAnEvent, match=f"lacks the header '{name}'"):
        from_record(record)


@pytest.mark.parametrize(
    ("name", "value"),
    [("position", b"twelve"), ("tenant", b"\xff"), ("recordedat", b"yesterday"), ("digest", b"0g"), ("ce_id", b"7")],
)
def test_a_header_that_cannot_be_read_says_so(name: str, value: bytes) -> None:
    record = heard(WON)
    record.headers.append((name, value))
    with pytest.raises(NotAnEvent, match="cannot be read"):
        from_record(record)


def test_a_record_under_another_key_than_its_stream_is_not_an_event() -> None:
    record = heard(WON)
    record.key = b"sales.opportunity-8"
    with pytest.raises(NotAnEvent, match="opportunity-8"):
        from_record(record)


def test_the_largest_event_that_a_log_takes_fits_into_a_record() -> None:
    name, most, far = "я" * 500, bytes(EVENT_BYTES_MAX), Position(2**63 - 1)
    metadata = (b'{"occurredAt":"%s"' % bytes(b"9" * (EVENT_BYTES_MAX - 40))).ljust(EVENT_BYTES_MAX - 1) + b"}"
    largest = replace(WON, tenant=name, stream=name, type=name, metadata=metadata, data=most, position=far)
    record = to_record("marketing", largest)
    size = len(record.key) + len(record.value) + sum(len(name) + len(value) + 10 for name, value in record.headers)
    assert size < RECORD_BYTES_MAX
