"""What a worker knows of a stream: kept in a table whose changelog is in Kafka, read before its next fact."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from eventlog.events import CHAIN_START, StreamKey, Version


@dataclass(frozen=True, slots=True)
class Known:
    """`version` is the last that was folded, `digest` the one that was recomputed for it, `states` the topologies'
    states after it, in their stored form. A worker of an older release kept no digest: None, its owner's log has it."""

    version: Version = Version(0)
    states: Mapping[str, Any] = field(default_factory=dict)
    digest: bytes | None = CHAIN_START

    def value(self) -> bytes:
        digest = None if self.digest is None else self.digest.hex()
        return orjson.dumps({"version": self.version, "digest": digest, "states": self.states})

    @classmethod
    def parse(cls, value: bytes) -> "Known":
        found = orjson.loads(value)
        digest = found.get("digest")
        return cls(Version(found["version"]), found["states"], None if digest is None else bytes.fromhex(digest))


NOTHING = Known()


class Streams(Protocol):
    """Where what is known of streams is kept."""

    def read(self, stream: StreamKey) -> Known: ...

    def write(self, stream: StreamKey, known: Known) -> None: ...


class Unkept:
    """For a stream that is folded from its beginning, beside whoever keeps it."""

    def __init__(self) -> None:
        self._known: dict[StreamKey, Known] = {}

    def read(self, stream: StreamKey) -> Known:
        return self._known.get(stream, NOTHING)

    def write(self, stream: StreamKey, known: Known) -> None:
        self._known[stream] = known
