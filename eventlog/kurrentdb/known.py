"""What this process knows of a log: how it ends, the heads of streams written last, and what the index lacks.

The index in the database covers the records up to one revision, this memory those behind it: together they are
complete as of the head, and the memory is small, because the index follows.
"""

import asyncio
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from eventlog.errors import NotSafe
from eventlog.events import Fork, Position, StreamKey
from eventlog.kurrentdb.records import Record
from eventlog.plan import LogHead, StreamHead, StreamHeads

#: Records that the index may lag behind. Who would go on further waits for it.
UNINDEXED_MAX = 20_000

#: A reader that is told nothing looks by itself.
LOOK_AGAIN_S = 1.0


class Head(NamedTuple):
    """The last record of the log."""

    generation: int = 1
    position: int = 0
    recorded_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    revision: int = -1
    id: UUID | None = None

    @property
    def of_log(self) -> LogHead:
        return LogHead(self.generation, self.position, self.recorded_at)


class Row(NamedTuple):
    """What the index keeps of a record."""

    head: Head
    stream: StreamKey | None
    version: int
    digest: bytes
    command: tuple[str, UUID] | None
    fork: Fork | None = None

    @property
    def revision(self) -> int:
        return self.head.revision

    @property
    def position(self) -> int:
        return self.head.position

    @property
    def skipped(self) -> int:
        """How many of the records up to this one are no facts."""
        return self.revision + 1 - self.position


class Known:
    """Grows by `apply`, record by record; `indexed` takes out what the index has. Who holds `still` sees no record
    come meanwhile: without it a writer beside a busy one would look things up again and again, and never write."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.still = asyncio.Lock()
        self.heads = StreamHeads()
        self.indexed_head = head
        self.commands: dict[tuple[str, UUID], int] = {}
        self._rows: deque[Row] = deque()
        self._streams: dict[StreamKey, deque[Row]] = {}
        self._skips: list[Row] = []
        self._changed: asyncio.Future[None] | None = None
        self._give_way_until = 0.0

    def apply(self, records: Iterable[Record]) -> None:
        """Learn records. Those known already are passed over. Raises `NotSafe` when one does not follow the last."""
        for record in records:
            if record.revision > self.head.revision:
                self._refuse_another_history(record)
                self._apply(record)
        self._tell()

    def indexed(self, upto: Row) -> None:
        """The index has the rows up to this one."""
        skips = 0
        while self._rows and self._rows[0].revision <= upto.revision:
            row = self._rows.popleft()
            if row.command is not None:
                del self.commands[row.command]
            if row.stream is None:
                skips += 1
            else:
                self._streams[row.stream].popleft()
                if not self._streams[row.stream]:
                    del self._streams[row.stream]
        del self._skips[:skips]
        if upto.revision > self.indexed_head.revision:
            self.indexed_head = upto.head
        self._tell()

    def jump(self, head: Head) -> None:
        """Another process has indexed the log up to here, so nothing of it need be known here."""
        if head.revision > self.head.revision:
            self.head = self.indexed_head = head
            self.heads.clear()
            self.commands.clear()
            self._rows.clear()
            self._streams.clear()
            self._skips.clear()
            self._tell()

    def unindexed(self, count: int) -> Sequence[Row]:
        """The first rows that the index lacks."""
        return list(islice(self._rows, count))

    def rows_of(self, stream: StreamKey) -> Sequence[Row]:
        """What the index may lack of a stream, in order."""
        return list(self._streams.get(stream, ()))

    def forks(self) -> Sequence[Fork]:
        """Those of the log's forks that the index may lack."""
        return [row.fork for row in self._skips if row.fork is not None]

    def skipped_before(self, position: int) -> int | None:
        """How many records before that of a position are no facts; None if only the index can tell."""
        if position <= self.indexed_head.position:
            return None
        before = bisect_left(self._skips, position, key=lambda row: row.position)
        if before:
            return self._skips[before - 1].skipped
        return self.indexed_head.revision + 1 - self.indexed_head.position

    async def room(self) -> None:
        """Wait until the index has come near enough."""
        while len(self._rows) >= UNINDEXED_MAX:
            await asyncio.wait((self._change(),))

    def give_way(self, seconds: float) -> None:
        """Another process has asked to be let go first."""
        self._give_way_until = asyncio.get_running_loop().time() + seconds

    async def turn(self) -> None:
        """Wait until it is this process' turn to write."""
        await asyncio.sleep(max(0.0, self._give_way_until - asyncio.get_running_loop().time()))

    async def something_unindexed(self) -> None:
        """Wait until the index lacks something."""
        while not self._rows:
            await asyncio.wait((self._change(),))

    async def after(self, position: Position) -> None:
        """Return when the log has grown past this position, at the latest after a second."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + LOOK_AGAIN_S
        while self.head.position <= position and loop.time() < deadline:
            await asyncio.wait((self._change(),), timeout=deadline - loop.time())

    def _refuse_another_history(self, record: Record) -> None:
        follows = record.revision == self.head.revision + 1 and record.previous == self.head.id
        if not follows or record.position != self.head.position + (record.event is not None):
            raise NotSafe(
                f"record {record.revision} does not follow record {self.head.revision} as this process knows it:"
                " records were deleted, or the log was restored while Baton ran; stop every process of this department"
            )

    def _apply(self, record: Record) -> None:
        event = record.event
        command = record.answer.key if record.answer else None
        stream = (event.tenant, event.stream) if event else None
        head = Head(record.generation, record.position, record.recorded_at, record.revision, record.id)
        row = Row(
            head,
            stream,
            event.version if event else 0,
            event.digest if event else b"",
            command,
            record.fork,
        )
        self._rows.append(row)
        if stream is None:
            self._skips.append(row)
        else:
            self._streams.setdefault(stream, deque()).append(row)
            self.heads.update({stream: StreamHead(row.version, row.digest)})
        if command is not None:
            self.commands[command] = record.revision
        self.head = head

    def _change(self) -> "asyncio.Future[None]":
        """Done at the next change."""
        if self._changed is None:
            self._changed = asyncio.get_running_loop().create_future()
        return self._changed

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed.set_result(None)
            self._changed = None
