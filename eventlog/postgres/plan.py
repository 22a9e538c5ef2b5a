"""What is sent to PostgreSQL for a batch of appends: the arguments of `log.append`. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from eventlog.events import StreamKey
from eventlog.plan import Batch, LogHead, Planned, StreamHeads
from eventlog.queue import Pending
from eventlog.store import Append, Mode, StreamWrite


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


class Plan(Batch):
    """A batch for `log.append`."""

    def __init__(self, batch: Iterable[Pending], head: LogHead, heads: StreamHeads, now: datetime) -> None:
        self.columns = Columns()
        super().__init__(batch, head, heads, now)

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

    def _write_events(
        self, append: Append, write: StreamWrite, first: int, ids: Sequence[UUID], digests: Sequence[bytes]
    ) -> None:
        events, columns = write.events, self.columns
        columns.tenants += [append.tenant] * len(events)
        columns.streams += [write.stream] * len(events)
        columns.versions += range(first, first + len(events))
        columns.ids += ids
        columns.types += [event.type for event in events]
        columns.schemas += [event.schema for event in events]
        columns.digests += digests
        columns.metadata += [event.metadata for event in events]
        columns.data += [event.data for event in events]

    def _write_command(self, planned: Planned) -> None:
        append, columns = planned.pending.append, self.columns
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
