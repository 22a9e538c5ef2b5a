"""What `baton log` prints of an event."""

from datetime import UTC, datetime

import pytest
from baton.log.v1 import log_pb2

from runtime.cli import parser
from runtime.commands.log import shown


def logged(metadata: bytes) -> log_pb2.LoggedEvent:
    event = log_pb2.LoggedEvent(stream="sales.opportunity-1", data=b"{}", metadata=metadata)
    event.recorded_at.FromDatetime(datetime(2026, 3, 6, 12, tzinfo=UTC))
    return event


@pytest.mark.parametrize("metadata", [b"{}", b'{"occurredAt":""}'])
def test_what_does_not_say_when_it_happened_happened_when_it_was_recorded(metadata: bytes) -> None:
    line = shown(logged(metadata))
    assert line["occurredAt"] == line["recordedAt"] == "2026-03-06T12:00:00Z"


def test_times_end_in_z() -> None:
    line = shown(logged(b'{"occurredAt":"2026-03-05T07:30:00+00:00"}'))
    assert line["occurredAt"] == "2026-03-05T07:30:00Z"


def test_json_may_be_asked_for_and_is_what_is_printed_anyway() -> None:
    assert parser("log").parse_args(["log", "read", "sales.opportunity-1", "--json"]).json
    assert parser("log").parse_args(["log", "tail", "sales", "--json"]).json
