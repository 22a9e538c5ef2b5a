"""What `baton log` prints of an event."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from baton.log.v1 import log_pb2

from runtime.cli import parser
from runtime.commands.log import line


def logged(metadata: bytes, data: bytes = b"{}") -> log_pb2.LoggedEvent:
    event = log_pb2.LoggedEvent(stream="sales.opportunity-1", data=data, metadata=metadata)
    event.recorded_at.FromDatetime(datetime(2026, 3, 6, 12, tzinfo=UTC))
    return event


@pytest.mark.parametrize("metadata", [b"{}", b'{"occurredAt":""}'])
def test_what_does_not_say_when_it_happened_happened_when_it_was_recorded(metadata: bytes) -> None:
    printed = line(logged(metadata))
    assert printed["occurredAt"] == printed["recordedAt"] == "2026-03-06T12:00:00Z"


def test_times_end_in_z() -> None:
    printed = line(logged(b'{"occurredAt":"2026-03-05T07:30:00+00:00"}'))
    assert printed["occurredAt"] == "2026-03-05T07:30:00Z"


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (b"no JSON", "no JSON"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"[1,2]", [1, 2]),
        (b"null", None),
        (b'{"occurredAt":5}', {"occurredAt": 5}),
        (b"[" * 300 + b"]" * 300, "[" * 300 + "]" * 300),
    ],
    ids=["no JSON", "no UTF-8", "a list", "null", "a time that is none", "nested without end"],
)
def test_what_is_stored_is_printed_as_json_where_it_is_and_as_text_where_it_is_not(stored: bytes, shown: Any) -> None:
    printed = orjson.loads(orjson.dumps(line(logged(stored, stored))))
    assert (printed["data"], printed["metadata"], printed["occurredAt"]) == (shown, shown, printed["recordedAt"])


def test_json_may_be_asked_for_and_is_what_is_printed_anyway() -> None:
    assert parser("log").parse_args(["log", "read", "sales.opportunity-1", "--json"]).json
    assert parser("log").parse_args(["log", "tail", "sales", "--json"]).json
