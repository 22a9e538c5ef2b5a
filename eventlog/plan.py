"""What a batch of appends becomes: conditions checked one by one, positions, ids and digests given. Pure, and the same
wherever the log is written; each adapter says what it sends for it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from eventlog.errors import Conflict
from eventlog.events import CHAIN_START, Position, StreamKey, Version, chain_digest, event_id
from eventlog.queue import Pending
from eventlog.store import Append, Appended, StreamWrite


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


class Heads(Protocol):
    """The heads of streams, as far as they are known."""

    def get(self, key: StreamKey, /) -> StreamHead | None: ...


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


@dataclass(frozen=True, slots=True)
class Planned:
    """An append that can be written. `first` and `last` are counted from the head that it will stand behind."""

    pending: Pending
    first: int
    last: int
    versions: dict[str, Version]


class Batch(ABC):
    """What is written for one batch. Later appends of the batch see what earlier ones will have written."""

    def __init__(self, batch: Iterable[Pending], head: LogHead, heads: Heads, now: datetime) -> None:
        self.head = head
        self.recorded_at = max(now, head.recorded_at)
        self.count = 0
        self.changed: dict[StreamKey, StreamHead] = {}
        self.written: list[Planned] = []
        self.conflicts: list[tuple[Pending, Conflict]] = []
        self._heads = heads
        for pending in batch:
            self._add(pending)

    @abstractmethod
    def _write_events(
        self, append: Append, write: StreamWrite, first: int, ids: Sequence[UUID], digests: Sequence[bytes]
    ) -> None:
        """Take the next events of the batch, behind `count`: all of one stream, with the versions from `first` on."""

    @abstractmethod
    def _write_command(self, planned: Planned) -> None:
        """Take the record of a command, after its events."""

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
        planned = Planned(pending, before + 1 if n else before, self.count, versions)
        self._write_command(planned)
        return planned

    def _write_stream(self, append: Append, write: StreamWrite, n: int) -> Version:
        """Append the events of one stream; `n` counts the events of the command before them."""
        key = append.tenant, write.stream
        before, digest = self._head(key)
        version = before
        ids: list[UUID] = []
        digests: list[bytes] = []
        for version, event in enumerate(write.events, before + 1):
            id = event_id(append.command.id, n + len(ids))
            digest = chain_digest(
                digest, append.tenant, write.stream, version, id, event.type, event.schema, self.recorded_at,
                event.metadata, event.data,
            )  # fmt: skip
            ids.append(id)
            digests.append(digest)
        self._write_events(append, write, before + 1, ids, digests)
        self.count += len(ids)
        self.changed[key] = StreamHead(version, digest)
        return Version(version)
