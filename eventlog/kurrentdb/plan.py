"""What is sent to KurrentDB for a batch of appends: records. Pure, but for the ids of the records."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from eventlog.events import Event, Position, StreamKey, Version
from eventlog.kurrentdb.known import Head
from eventlog.kurrentdb.records import Answer, Record
from eventlog.plan import Batch, Planned, StreamHead
from eventlog.queue import Pending
from eventlog.store import Append, StreamWrite


class Records(Batch):
    """A batch as the records that follow the head.

    The id of a record is new at each attempt, and is not the id of the fact in it. KurrentDB answers "done already" to
    an append behind revision n when the events behind n have the same *ids*; it does not compare what they hold. Ids
    of facts follow from their command. So if two processes wrote the same command at the same moment, under the ids
    of its facts, the second would be told that its bytes stand there, though the first one's do: with other times,
    other digests, perhaps another outcome. The next event that it chains to its own digest would break the stream.
    """

    def __init__(
        self, batch: Iterable[Pending], head: Head, heads: Mapping[StreamKey, StreamHead], now: datetime
    ) -> None:
        self.records: list[Record] = []
        self.behind = head
        self._events: list[Event] = []
        super().__init__(batch, head.of_log, heads, now)

    def _write_events(
        self, append: Append, write: StreamWrite, first: int, ids: Sequence[UUID], digests: Sequence[bytes]
    ) -> None:
        position = self.head.position + self.count
        for n, (event, id, digest) in enumerate(zip(write.events, ids, digests, strict=True)):
            self._events.append(
                Event(
                    self.head.generation,
                    Position(position + 1 + n),
                    append.tenant,
                    write.stream,
                    Version(first + n),
                    id,
                    event.type,
                    event.schema,
                    self.recorded_at,
                    event.metadata,
                    event.data,
                    digest,
                )
            )

    def _write_command(self, planned: Planned) -> None:
        append, behind = planned.pending.append, self.head.position
        answer: Answer | None = Answer(
            append.tenant,
            append.command.id,
            append.command.hmac,
            behind + planned.first,
            behind + planned.last,
            planned.versions,
            append.outcome,
        )
        events, self._events = self._events, []
        for event in events:
            self._write_record(event, answer)
            answer = None
        if answer is not None:
            self._write_record(None, answer)

    def _write_record(self, event: Event | None, answer: Answer | None) -> None:
        last = self.records[-1] if self.records else self.behind
        position = self.head.position + self.count if event is None else event.position
        record = Record(
            last.revision + 1, uuid4(), last.id, self.head.generation, position, self.recorded_at, event, answer
        )
        self.records.append(record)
