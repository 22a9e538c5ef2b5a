"""What stands in the stream of a log: a record for each fact, for a command that appended nothing, and for a raised
generation. Record <-> event of KurrentDB."""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from kurrentdbclient import NewEvent, RecordedEvent

from eventlog.errors import CommandReused, NotSafe
from eventlog.events import Event, Fork, Position, Version
from eventlog.store import Appended, Command

#: Types of the records that are no facts. No department's facts begin with `baton.`: they begin with its name.
ANSWERED = "baton.command-answered"
RAISED = "baton.generation-raised"


@dataclass(frozen=True, slots=True)
class Answer:
    """A command and what it was answered. It stands on the command's first fact, or alone if there was none."""

    tenant: str
    id: UUID
    hmac: bytes
    first: int
    last: int
    versions: Mapping[str, int]
    outcome: bytes

    @property
    def key(self) -> tuple[str, UUID]:
        return self.tenant, self.id


@dataclass(frozen=True, slots=True)
class Record:
    """An event of the stream. `position` is the log's when this record is its last one: a fact's own. `id` was made
    for one attempt to write it, `previous` is the id of the record before: who remembers one history of the log
    notices another. `fork` is where the generation began that the record raises the log to."""

    revision: int
    id: UUID
    previous: UUID | None
    generation: int
    position: int
    recorded_at: datetime
    event: Event | None = None
    answer: Answer | None = None
    fork: Fork | None = None

    def answered(self, command: Command, generation: int) -> Appended | CommandReused:
        """The answer to the command of this record, for the same request; an error for another one. What is still
        answered stands in the log of today: its place is one of today's `generation`."""
        answer = self.answer
        if answer is None or answer.id != command.id:
            raise NotSafe(f"record {self.revision} is not that of command {command.id}: the index is of another log")
        if not hmac.compare_digest(answer.hmac, command.hmac):
            return CommandReused(f"command {command.id} stands for another request")
        return Appended(
            generation,
            Position(answer.first),
            Position(answer.last),
            {stream: Version(version) for stream, version in answer.versions.items()},
            answer.outcome,
            self.recorded_at,
            repeated=True,
        )


def to_kurrentdb(record: Record) -> NewEvent:
    """A fact keeps its name and its bytes. Everything else stands in the metadata, as JSON, Baton's own metadata as a
    text in it: escaped and back it is the same bytes."""
    envelope: dict[str, Any] = {
        "position": record.position,
        "generation": record.generation,
        "recordedAt": record.recorded_at.isoformat(),
        "previous": str(record.previous) if record.previous else None,
    }
    if record.answer is not None:
        envelope["command"] = _command(record.answer)
    if record.fork is not None:
        envelope["shared"] = record.fork.position
    event = record.event
    if event is None:
        type = ANSWERED if record.fork is None else RAISED
        return NewEvent(type=type, data=b"{}", metadata=orjson.dumps(envelope), id=record.id)
    envelope |= {
        "tenant": event.tenant,
        "stream": event.stream,
        "version": event.version,
        "id": str(event.id),
        "schema": event.schema,
        "digest": event.digest.hex(),
        **_text_or_base64("metadata", event.metadata),
    }
    is_json = event.data.startswith(b"{")  # for the server's own tools, which would read it as such; bytes are bytes
    return NewEvent(
        type=event.type,
        data=event.data,
        metadata=orjson.dumps(envelope),
        content_type="application/json" if is_json else "application/octet-stream",
        id=record.id,
    )


def from_kurrentdb(recorded: RecordedEvent) -> Record:
    """Raises `NotSafe` for an event that Baton did not write."""
    try:
        return _record(recorded, orjson.loads(recorded.metadata))
    except (ValueError, KeyError, TypeError) as error:
        where = f"event {recorded.stream_position} of {recorded.stream_name}"
        raise NotSafe(f"{where} is not Baton's: {type(error).__name__} {error}") from error


def _record(recorded: RecordedEvent, envelope: dict[str, Any]) -> Record:
    recorded_at = datetime.fromisoformat(envelope["recordedAt"])
    previous = envelope["previous"]
    generation, position = envelope["generation"], envelope["position"]
    event = None
    if "stream" in envelope:
        event = Event(
            generation,
            position,
            envelope["tenant"],
            envelope["stream"],
            envelope["version"],
            UUID(envelope["id"]),
            recorded.type,
            envelope["schema"],
            recorded_at,
            _from_text_or_base64("metadata", envelope),
            recorded.data,
            bytes.fromhex(envelope["digest"]),
        )
    return Record(
        recorded.stream_position,
        recorded.id,
        UUID(previous) if previous else None,
        generation,
        position,
        recorded_at,
        event,
        _answer(envelope["command"]) if "command" in envelope else None,
        Fork(generation, envelope.get("shared", position)) if recorded.type == RAISED else None,
    )


def _command(answer: Answer) -> dict[str, Any]:
    return {
        "tenant": answer.tenant,
        "id": str(answer.id),
        "hmac": answer.hmac.hex(),
        "first": answer.first,
        "last": answer.last,
        "versions": answer.versions,
        **_text_or_base64("outcome", answer.outcome),
    }


def _answer(command: dict[str, Any]) -> Answer:
    return Answer(
        command["tenant"],
        UUID(command["id"]),
        bytes.fromhex(command["hmac"]),
        command["first"],
        command["last"],
        command["versions"],
        _from_text_or_base64("outcome", command),
    )


def _text_or_base64(name: str, value: bytes) -> dict[str, str]:
    try:
        return {name: value.decode()}
    except UnicodeDecodeError:
        return {f"{name}Base64": base64.b64encode(value).decode()}


def _from_text_or_base64(name: str, found: dict[str, Any]) -> bytes:
    text: str | None = found.get(name)
    return base64.b64decode(found[f"{name}Base64"], validate=True) if text is None else text.encode()
