"""What a batch of appends becomes: conditions checked one by one, positions and digests given. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from eventlog.errors import Conflict
from eventlog.events import CHAIN_START, Position, Version, chain_digest, event_id
from eventlog.postgres.queue import Pending, StreamKey
from eventlog.store import Append, Appended, Mode, StreamWrite


class StreamHead(NamedTuple):
    """The last event of a stream."""

    version: int
    digest: bytes


NO_EVENTS = StreamHead(0, CHAIN_START)


class LogHead(NamedTuple):
    """The last event of a log, and the log's generation."""

    generation: int
    position: int
    recorded_at: datetime


class StreamHeads:
    """Heads of the streams written last, the eldest forgotten first."""

    def __init__(self, count_max: int = 20_000) -> None:
        self._count_max = count_max
        self._heads: dict[StreamKey, StreamHead] = {}

    def get(self, key: StreamKey) -> StreamHead | None:
        return self._heads.get(key)

    def update(self, heads: dict[StreamKey, StreamHead]) -> None:
        for key, head in heads.items():
            self._heads.pop(key, None)
            self._heads[key] = head
        while len(self._heads) > self._count_max:
            del self._heads[next(iter(self._heads))]

    def clear(self) -> None:
        self._heads.clear()


@dataclass(slots=True)
class Columns:
    """The arrays that `log.append` takes, in its order: an element an event, then an element a command."""

    tenants: list[str] = field(default_factory=list)
    streams: list[str] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    ids: list[UUID] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    schemas: list[int] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    metadata: list[bytes] = field(default_factory=list)
    data: list[bytes] = field(default_factory=list)
    command_tenants: list[str] = field(default_factory=list)
    command_ids: list[UUID] = field(default_factory=list)
    hmacs: list[bytes] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)
    lasts: list[int] = field(default_factory=list)
    command_versions: list[str] = field(default_factory=list)
    outcomes: list[bytes] = field(default_factory=list)

    def arguments(self) -> list[Any]:
        return [getattr(self, column) for column in self.__slots__]


@dataclass(frozen=True, slots=True)
class Planned:
    """An append that can be written. `first` and `last` are counted from the head that it will stand behind."""

    pending: Pending
    first: int
    last: int
    versions: dict[str, Version]


class Plan:
    """What is sent for one batch. Later appends of the batch see what earlier ones will have written."""

    def __init__(self, batch: Iterable[Pending], head: LogHead, heads: StreamHeads, now: datetime) -> None:
        self.head = head
        self.recorded_at = max(now, head.recorded_at)
        self.count = 0
        self.columns = Columns()
        self.changed: dict[StreamKey, StreamHead] = {}
        self.written: list[Planned] = []
        self.conflicts: list[tuple[Pending, Conflict]] = []
        self._heads = heads
        for pending in batch:
            self._add(pending)

    @property
    def strict(self) -> bool:
        """Whether the log must not have moved since its head was read: for a conflict to be true now, and for a
        condition on a stream that is not written to (the key of the table guards those that are)."""
        return bool(self.conflicts) or any(
            not write.events for planned in self.written for write in planned.pending.append.writes
        )

    def arguments(self, *, strict: bool) -> list[Any]:
        """What `log.append` takes."""
        return [self.head.generation, self.head.position, strict, self.recorded_at, *self.columns.arguments()]

    def head_after(self, head: LogHead) -> LogHead:
        """The head of the log once the batch stands behind this one."""
        return LogHead(head.generation, head.position + self.count, self.recorded_at) if self.count else head

    def answers(self, position: int) -> Iterator[tuple[Pending, Appended]]:
        """What each append is told once the batch stands behind this position."""
        for planned in self.written:
            yield (
                planned.pending,
                Appended(
                    self.head.generation,
                    Position(position + planned.first),
                    Position(position + planned.last),
                    planned.versions,
                    planned.pending.append.outcome,
                    self.recorded_at,
                ),
            )

    def _add(self, pending: Pending) -> None:
        conflict = self._conflict(pending.append)
        if conflict is None:
            self.written.append(self._write(pending))
        else:
            self.conflicts.append((pending, conflict))

    def _head(self, key: StreamKey) -> StreamHead:
        return self.changed.get(key) or self._heads.get(key) or NO_EVENTS

    def _conflict(self, append: Append) -> Conflict | None:
        for write in append.writes:
            version = self._head((append.tenant, write.stream)).version
            if not write.expected.holds(version):
                return Conflict(write.stream, str(write.expected), version)
        return None

    def _write(self, pending: Pending) -> Planned:
        append, before, n = pending.append, self.count, 0
        versions: dict[str, Version] = {}
        for write in append.writes:
            versions[write.stream] = self._write_stream(append, write, n)
            n += len(write.events)
        self.count += n
        planned = Planned(pending, before + 1 if n else before, self.count, versions)
        self._remember(append, planned)
        return planned

    def _write_stream(self, append: Append, write: StreamWrite, n: int) -> Version:
        """Append the events of one stream; `n` counts the events of the command before them."""
        columns, key = self.columns, (append.tenant, write.stream)
        version, digest = self._head(key)
        for event in write.events:
            version += 1
            id = event_id(append.command.id, n)
            digest = chain_digest(
                digest, append.tenant, write.stream, version, id, event.type, event.schema, self.recorded_at,
                event.metadata, event.data,
            )  # fmt: skip
            columns.tenants.append(append.tenant)
            columns.streams.append(write.stream)
            columns.versions.append(version)
            columns.ids.append(id)
            columns.types.append(event.type)
            columns.schemas.append(event.schema)
            columns.digests.append(digest)
            columns.metadata.append(event.metadata)
            columns.data.append(event.data)
            n += 1
        self.changed[key] = StreamHead(version, digest)
        return Version(version)

    def _remember(self, append: Append, planned: Planned) -> None:
        columns = self.columns
        columns.command_tenants.append(append.tenant)
        columns.command_ids.append(append.command.id)
        columns.hmacs.append(append.command.hmac)
        columns.firsts.append(planned.first)
        columns.lasts.append(planned.last)
        columns.command_versions.append(orjson.dumps(planned.versions).decode())
        columns.outcomes.append(append.outcome)


def unknown(batch: Sequence[Pending], heads: StreamHeads, *, certain: bool) -> list[StreamKey]:
    """Streams whose heads must be read first. Nothing needs to be known of a stream that should not exist and is
    written to, unless it must be `certain`: the key of the table tells if it was there after all."""
    keys = {
        (pending.append.tenant, write.stream)
        for pending in batch
        for write in pending.append.writes
        if certain or write.expected.mode is not Mode.NO_STREAM or not write.events
    }
    return [key for key in keys if heads.get(key) is None]
