"""An event as a Kafka record, and back: key = stream, value = the stored payload, everything else in headers.

CloudEvents in binary mode (`ce_…`), and beside it what the digest covers in the form in which it is hashed. So any
Kafka client can recompute a stream's digests from what it received: docs/consumers.md. All values are UTF-8 text,
but `metadata`, which is the stored bytes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from eventlog.errors import LogError
from eventlog.events import Event, Position, Version
from eventlog.stored import document, text

Header = tuple[str, bytes]
#: As anybody may have written it: Kafka lets the value of a header be null.
Heard = tuple[str, bytes | None]

_SPEC_VERSION: Header = ("ce_specversion", b"1.0")
_CONTENT_TYPE: Header = ("content-type", b"application/json")

#: A time or a trace is shorter than this.
_TEXT_CHARS_MAX = 128


class Record(NamedTuple):
    """What is produced: to which partition, the producer's partitioner says by the key."""

    key: bytes
    value: bytes
    headers: list[Header]


class Received(Protocol):
    """What a consumer hands over, of any Kafka client with these names (aiokafka's `ConsumerRecord`)."""

    @property
    def key(self) -> bytes | None: ...

    @property
    def value(self) -> bytes | None: ...

    @property
    def headers(self) -> Sequence[Heard]: ...


class NotAnEvent(LogError):
    """A record on a topic of facts that no relay wrote; the message says what is wrong with it."""


def to_record(department: str, event: Event) -> Record:
    """The record that tells an event of a department's log."""
    stream = event.stream.encode()
    recorded_at = event.recorded_at.isoformat(timespec="microseconds")
    occurred_at, traceparent = _told_by(event.metadata)
    headers: list[Header] = [
        _SPEC_VERSION,
        ("ce_id", str(event.id).encode()),
        ("ce_type", event.type.encode()),
        ("ce_source", b"baton:" + department.encode()),
        ("ce_subject", stream),
        ("ce_time", (occurred_at or recorded_at).encode()),
        _CONTENT_TYPE,
        ("generation", b"%d" % event.generation),
        ("position", b"%d" % event.position),
        ("version", b"%d" % event.version),
        ("tenant", event.tenant.encode()),
        ("schema", b"%d" % event.schema),
        ("recordedat", recorded_at.encode()),
        ("digest", event.digest.hex().encode()),
        ("metadata", event.metadata),
    ]
    if traceparent:
        headers.append(("traceparent", traceparent.encode()))
    return Record(stream, event.data, headers)


def from_record(record: Received) -> Event:
    """The event that a record tells, equal to the log's own. Headers are found by their names, in any order, others
    are left alone; one without a value counts as missing. Raises `NotAnEvent`."""
    headers = valued(record.headers)
    try:
        return Event(
            int(headers["generation"]),
            Position(int(headers["position"])),
            headers["tenant"].decode(),
            _stream(record, headers),
            Version(int(headers["version"])),
            UUID(headers["ce_id"].decode()),
            headers["ce_type"].decode(),
            int(headers["schema"]),
            datetime.fromisoformat(headers["recordedat"].decode()),
            headers["metadata"],
            record.value or b"",
            bytes.fromhex(headers["digest"].decode()),
        )
    except KeyError as missing:
        raise NotAnEvent(f"the record lacks the header {missing}") from None
    except ValueError as error:
        raise NotAnEvent(f"a header of the record cannot be read: {error}") from None


def valued(headers: Iterable[Heard]) -> dict[str, bytes]:
    """Headers that have a value, by their names."""
    return {name: value for name, value in headers if value is not None}


def header(headers: Iterable[Heard], name: str) -> str:
    """One header as text; "" where it is missing."""
    return next((value.decode() for found, value in headers if found == name and value is not None), "")


def _stream(record: Received, headers: dict[str, bytes]) -> str:
    subject = headers["ce_subject"]
    if record.key != subject:
        raise NotAnEvent(f"the record's key is {record.key!r}, its subject {subject!r}")
    return subject.decode()


def _told_by(metadata: bytes) -> tuple[str, str]:
    """When the fact happened, if the world dated it, and the trace it belongs to."""
    found = document(metadata)
    return _short(text(found, "occurredAt")), _short(text(found, "trace"))


def _short(value: str) -> str:
    """Metadata is repeated in headers only as far as it is what it should be: a record has a largest size."""
    return value if len(value) <= _TEXT_CHARS_MAX else ""
