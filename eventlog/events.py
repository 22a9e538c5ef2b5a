"""What stands in a log: events, and the numbers that point at them.

`Version` counts the events of one stream from 1; `Position` counts the events of one log from 1, without gaps;
`Offset` counts the records of one Kafka partition. Three types, because mixing them up loses data silently.
"""

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NewType
from uuid import UUID

Version = NewType("Version", int)
Position = NewType("Position", int)
Offset = NewType("Offset", int)

#: Tenant and name of a stream.
StreamKey = tuple[str, str]

#: Payload and metadata of one event, each, in bytes. Topic, producer, broker and gRPC limits are derived from it.
EVENT_BYTES_MAX = 1024 * 1024

#: Before the first event of a stream its chain starts from this digest.
CHAIN_START = bytes(32)

_DOMAIN_TAG = b"baton.event.v1"
_INTEGERS = struct.Struct(">q")
_length = _INTEGERS.pack
_OF_8, _OF_16, _OF_32 = _length(8), _length(16), _length(32)
_TAG_FIELD = _length(len(_DOMAIN_TAG)) + _DOMAIN_TAG


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in one generation of a log; written `1.12`. Places compare only within one generation."""

    generation: int
    position: Position

    def __str__(self) -> str:
        return f"{self.generation}.{self.position}"

    @classmethod
    def parse(cls, text: str) -> "Place":
        """`"1.12"` -> `Place(1, 12)`; raises `ValueError` for anything else."""
        generation, dot, position = text.partition(".")
        if not (dot and generation.isascii() and generation.isdigit() and position.isascii() and position.isdigit()):
            raise ValueError(f"expected <generation>.<position>, such as 1.12, found {text!r}")
        return cls(int(generation), Position(int(position)))


#: Where every log begins: nothing of it was recorded, or heard, yet.
START = Place(1, Position(0))


@dataclass(frozen=True, slots=True)
class Fork:
    """Where a generation of a log began: it shares everything up to `position` with those before it. What they had
    behind that was lost when the log was restored to an earlier moment."""

    generation: int
    position: Position


def generation_at(position: int, forks: Iterable[Fork]) -> int:
    """The generation in which the event at a position of a log with these forks was recorded."""
    return max((fork.generation for fork in forks if position > fork.position), default=1)


def is_lost(place: Place, forks: Iterable[Fork]) -> bool:
    """Whether what stood at a place is no longer in a log with these forks: a later generation began in front of it."""
    return any(fork.generation > place.generation > 0 and place.position > fork.position for fork in forks)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append: its stored name, the version of its schema, and its bytes as they will stand for ever."""

    type: str
    schema: int
    data: bytes
    metadata: bytes


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it stands in a log; `generation` is the log's when it was recorded."""

    generation: int
    position: Position
    tenant: str
    stream: str
    version: Version
    id: UUID
    type: str
    schema: int
    recorded_at: datetime
    metadata: bytes
    data: bytes
    digest: bytes

    @property
    def place(self) -> Place:
        return Place(self.generation, self.position)


@lru_cache(maxsize=8192)
def event_id(command_id: UUID, n: int) -> UUID:
    """The id of the n-th event (from 0) that a command appends, `uuid5(command_id, str(n))`: a retry makes the same
    ids. Asked for when it is decided, sealed and planned, so it is remembered. Written out, because `uuid.uuid5` takes
    half as long again (RFC 9562, section 5.5)."""
    return UUID(bytes=hashlib.sha1(command_id.bytes + b"%d" % n, usedforsecurity=False).digest()[:16], version=5)


def microseconds(at: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z: the form in which `recorded_at` is hashed. Exact, no float."""
    delta = at - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def chain_digest(
    previous: bytes,
    tenant: str,
    stream: str,
    version: int,
    id: UUID,
    type: str,
    schema: int,
    recorded_at: datetime,
    metadata: bytes,
    data: bytes,
) -> bytes:
    """SHA-256 over the domain tag, the predecessor's digest and every field, each with its length.

    Lengths and integers are 8 bytes, big-endian; texts are UTF-8; ids are their 16 bytes; `recorded_at` is
    microseconds since 1970. Test vectors: docs/digests.md. The position is left out on purpose: a stream that is
    copied to another log keeps its chain.
    """
    pack = _length
    tenant_bytes, stream_bytes, type_bytes = tenant.encode(), stream.encode(), type.encode()
    return hashlib.sha256(
        b"".join(
            (
                _TAG_FIELD,
                _OF_32, previous,
                pack(len(tenant_bytes)), tenant_bytes,
                pack(len(stream_bytes)), stream_bytes,
                _OF_8, pack(version),
                _OF_16, id.bytes,
                pack(len(type_bytes)), type_bytes,
                _OF_8, pack(schema),
                _OF_8, pack(microseconds(recorded_at)),
                pack(len(metadata)), metadata,
                pack(len(data)), data,
            )
        )
    ).digest()  # fmt: skip


def digest_of(previous: bytes, event: Event) -> bytes:
    """Recompute the digest of an event from the bytes in hand and its predecessor's digest."""
    return chain_digest(
        previous,
        event.tenant,
        event.stream,
        event.version,
        event.id,
        event.type,
        event.schema,
        event.recorded_at,
        event.metadata,
        event.data,
    )


def byte_size(event: NewEvent | Event) -> int:
    """Bytes of payload and metadata: what queues, pages and memory are bounded by."""
    return len(event.data) + len(event.metadata)
