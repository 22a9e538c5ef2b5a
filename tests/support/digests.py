"""The test vectors of docs/digests.md, read from the page itself, and a second implementation written from its text."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from eventlog.events import NewEvent
from eventlog.store import ANY, Append, Command, StreamWrite

PAGE = Path(__file__).parents[2] / "docs" / "digests.md"


@dataclass(frozen=True)
class Vector:
    """One event of the page: every field that the digest covers, and the digest."""

    command: str
    tenant: str
    stream: str
    version: int
    id: str
    type: str
    schema: int
    recorded_at: datetime
    metadata: bytes
    data: bytes
    digest: str


def _vector(entry: dict[str, Any]) -> Vector:
    return Vector(
        entry["command"],
        entry["tenant"],
        entry["stream"],
        entry["version"],
        entry["id"],
        entry["type"],
        entry["schema"],
        datetime.fromisoformat(entry["recordedAt"]).astimezone(UTC),
        bytes.fromhex(entry["metadata"]),
        bytes.fromhex(entry["data"]),
        entry["digest"],
    )


def read_vectors(page: str) -> list[Vector]:
    block = page.split("```json\n", 1)[1].split("```", 1)[0]
    return [_vector(entry) for entry in json.loads(block)]


def vector_append(vector: Vector) -> Append:
    event = NewEvent(vector.type, vector.schema, vector.data, vector.metadata)
    return Append(vector.tenant, Command(UUID(vector.command), bytes(32)), [StreamWrite(vector.stream, ANY, [event])])


def digest_by_the_page(previous: str, vector: Vector) -> str:
    """As the page describes it, sharing nothing with `eventlog`."""
    microseconds = round((vector.recorded_at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 10**6)
    fields = [
        b"baton.event.v1",
        bytes.fromhex(previous),
        vector.tenant.encode("utf-8"),
        vector.stream.encode("utf-8"),
        vector.version.to_bytes(8, "big"),
        UUID(vector.id).bytes,
        vector.type.encode("utf-8"),
        vector.schema.to_bytes(8, "big"),
        microseconds.to_bytes(8, "big", signed=True),
        vector.metadata,
        vector.data,
    ]
    sha256 = hashlib.sha256()
    for field in fields:
        sha256.update(len(field).to_bytes(8, "big"))
        sha256.update(field)
    return sha256.hexdigest()


VECTORS = read_vectors(PAGE.read_text("utf-8"))
