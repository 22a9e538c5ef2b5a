"""Finds things in a log: in the index, and in memory what the index lacks."""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import islice
from uuid import UUID

from eventlog.errors import NotSafe
from eventlog.events import Fork, StreamKey
from eventlog.kurrentdb.index import Index
from eventlog.kurrentdb.known import Known
from eventlog.kurrentdb.records import Record, from_kurrentdb
from eventlog.kurrentdb.stream import LogStream
from eventlog.plan import StreamHead

#: Records that stand this near to each other are read in one go; reading what is between costs less than asking again.
GAP = 16
READS_AT_ONCE = 16


class LookUp:
    """Complete as of the head that was known when the look-up began.

    Memory is looked at before the index is asked: what the index gains meanwhile leaves memory, and looking in the
    other order would miss it in both."""

    def __init__(self, known: Known, index: Index, stream: LogStream) -> None:
        self._known = known
        self._index = index
        self._stream = stream
        self._reads = asyncio.Semaphore(READS_AT_ONCE)
        self._forks: Sequence[Fork] = ()

    @property
    def _covers(self) -> int:
        return self._known.indexed_head.revision

    async def commands(self, keys: Iterable[tuple[str, UUID]]) -> dict[tuple[str, UUID], int]:
        """The revisions of the records of these commands, of those that were answered."""
        wanted = list(keys)
        found = {key: self._known.commands[key] for key in wanted if key in self._known.commands}
        missing = [key for key in wanted if key not in found]
        if missing:
            found |= await self._index.commands(missing, self._covers)
        return found

    async def heads(self, keys: Iterable[StreamKey]) -> dict[StreamKey, StreamHead]:
        """The last events of these streams."""
        wanted = list(keys)
        rows = {key: self._known.rows_of(key) for key in wanted}
        found = {key: StreamHead(rows[key][-1].version, rows[key][-1].digest) for key in wanted if rows[key]}
        missing = [key for key in wanted if key not in found]
        if missing:
            found |= await self._index.heads(missing, self._covers)
        return found

    async def versions(self, key: StreamKey, after: int, limit: int | None, backwards: bool) -> dict[int, int]:
        """The revisions of a stream's events by their versions, in the order asked for."""
        rows = {row.version: row.revision for row in self._known.rows_of(key) if row.version > after}
        found = {**rows, **await self._index.versions(key, after, limit, backwards, self._covers)}
        return dict(islice(sorted(found.items(), reverse=backwards), limit))

    async def forks(self) -> Sequence[Fork]:
        """Where the log's generations began, in their order. A log that was never restored is not asked."""
        generation = self._known.head.generation
        if generation != (self._forks[-1].generation if self._forks else 1):
            found = {*self._known.forks(), *await self._index.forks(self._covers)}
            self._forks = sorted(found, key=lambda fork: fork.generation)
        return [fork for fork in self._forks if fork.generation <= generation]

    async def revision_of(self, position: int) -> int:
        """Where the record of a position stands."""
        skipped = self._known.skipped_before(position)
        if skipped is None:
            skipped = await self._index.skipped_before(position, self._covers)
        return position - 1 + skipped

    async def records(self, revisions: Iterable[int]) -> dict[int, Record]:
        """These records. Raises `NotSafe` when one is missing."""
        wanted = sorted(revisions)
        found: dict[int, Record] = {}
        for part in await asyncio.gather(*(self._read(run) for run in _runs(wanted))):
            found.update(part)
        lacking = [revision for revision in wanted if revision not in found]
        if lacking:
            raise NotSafe(f"{self._stream.name} lacks record {lacking[0]}: events were deleted")
        return found

    async def _read(self, run: Sequence[int]) -> dict[int, Record]:
        async with self._reads:
            events = await self._stream.read(run[0], run[-1] - run[0] + 1)
        wanted = set(run)
        return {event.stream_position: from_kurrentdb(event) for event in events if event.stream_position in wanted}


def _runs(revisions: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for revision in revisions:
        if runs and revision - runs[-1][-1] <= GAP:
            runs[-1].append(revision)
        else:
            runs.append([revision])
    return runs
