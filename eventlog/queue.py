"""Appends that wait for the writer: bounded by count and by bytes, so that a slow disk slows the callers instead of
filling the memory."""

import asyncio
import time
from collections import deque
from collections.abc import Set
from dataclasses import dataclass, field
from uuid import UUID

from eventlog.errors import TooLarge, Unavailable
from eventlog.events import StreamKey, byte_size
from eventlog.store import Append, Appended

COUNT_MAX = 4096
BYTES_MAX = 64 * 1024 * 1024

#: One batch of the writer: what is committed together.
BATCH_COUNT_MAX = 512
BATCH_BYTES_MAX = 8 * 1024 * 1024

#: Fewer are not worth a batch beside another one: they would give up the commit that they can share.
SHARE_COUNT_MIN = 24


@dataclass(slots=True, eq=False)
class Pending:
    """An append on its way, and the future on which its caller waits. The caller may go away at any moment (its
    future is then cancelled); the append is settled all the same, for those who ask with the same command."""

    append: Append
    answer: asyncio.Future[Appended]
    size: int
    settled: bool = False
    others: list[asyncio.Future[None]] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)

    @property
    def key(self) -> tuple[str, UUID]:
        return self.append.tenant, self.append.command.id

    @property
    def streams(self) -> list[StreamKey]:
        """What it writes to or sets a condition on."""
        return [(self.append.tenant, write.stream) for write in self.append.writes]

    async def over(self) -> None:
        """Wait until it is settled, however. Many may wait; each may go away."""
        if not self.settled:
            other: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.others.append(other)
            await other

    def expire(self) -> None:
        """The caller waits no longer."""
        if not self.answer.done():
            self.answer.set_exception(Unavailable("no answer within the deadline; ask again with the same command"))

    def settle(self, answer: Appended | Exception) -> None:
        """Tell the caller, if it still waits, and wake those who wait for the same command."""
        self.settled = True
        if not self.answer.done():
            if isinstance(answer, Exception):
                self.answer.set_exception(answer)
            else:
                self.answer.set_result(answer)
        for other in self.others:
            if not other.done():
                other.set_result(None)


def size_of(append: Append) -> int:
    """Bytes that an append holds in the queue."""
    return sum(byte_size(event) for write in append.writes for event in write.events) + len(append.outcome)


class AppendQueue:
    """First come, first served, also among those who wait for room."""

    def __init__(self, count_max: int = COUNT_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._count_max = count_max
        self._bytes_max = bytes_max
        self._waiting: deque[Pending] = deque()
        self._room: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._filled = asyncio.Event()
        self._plenty = asyncio.Event()
        self._count = 0
        self._bytes = 0

    @property
    def count(self) -> int:
        """Appends that are neither settled nor waiting for room."""
        return self._count

    @property
    def bytes(self) -> int:
        """What they hold."""
        return self._bytes

    @property
    def outside(self) -> int:
        """Appends that wait for room."""
        return len(self._room)

    def reserve_now(self, size: int) -> bool:
        """Take room if there is some and nobody waits for it. What is taken is given back by `release`."""
        if size > self._bytes_max:
            raise TooLarge(f"an append of {size} bytes is over the queue's limit of {self._bytes_max}")
        if self._room or not self._fits(size):
            return False
        self._take(size)
        return True

    async def reserve(self, size: int) -> None:
        """Wait for room."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._room.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release(size)
            else:
                self._room.remove((size, turn))
                self._admit()
            raise

    def put(self, pending: Pending) -> None:
        self._waiting.append(pending)
        self._filled.set()
        if len(self._waiting) >= SHARE_COUNT_MIN:
            self._plenty.set()

    def release(self, size: int) -> None:
        self._count -= 1
        self._bytes -= size
        self._admit()

    async def filled(self) -> None:
        """Wait until there is something to write."""
        await self._filled.wait()

    async def plenty(self) -> None:
        """Wait until there is enough for a batch beside another one."""
        await self._plenty.wait()

    def take(self, busy: Set[StreamKey] = frozenset()) -> list[Pending]:
        """What waits, as far as it fits into one batch, but nothing that touches a `busy` stream. Of plenty, one half:
        the other makes the next batch, which has no stream in common with this one."""
        waiting = len(self._waiting)
        return self._take_batch(waiting if waiting < 2 * SHARE_COUNT_MIN else waiting // 2, busy, BATCH_BYTES_MAX)

    def take_all(self, bytes_max: int) -> list[Pending]:
        """What waits, as far as it fits into one batch of so many bytes; at least one, if any waits."""
        return self._take_batch(len(self._waiting), frozenset(), bytes_max)

    def _take_batch(self, count: int, busy: Set[StreamKey], bytes_max: int) -> list[Pending]:
        batch = self._share(count, busy, bytes_max)
        if not self._waiting:
            self._filled.clear()
        if len(self._waiting) < SHARE_COUNT_MIN:
            self._plenty.clear()
        return batch

    def _share(self, count: int, busy: Set[StreamKey], bytes_max: int) -> list[Pending]:
        """The first `count`, and of the later ones those that touch their streams."""
        batch: list[Pending] = []
        size = 0
        mine: set[StreamKey] = set()
        left: deque[Pending] = deque()
        for pending in self._waiting:
            streams = pending.streams
            fits = not batch or (len(batch) < BATCH_COUNT_MAX and size + pending.size <= bytes_max)
            if fits and busy.isdisjoint(streams) and (len(batch) < count or not mine.isdisjoint(streams)):
                batch.append(pending)
                size += pending.size
                mine.update(streams)
            else:
                left.append(pending)
        self._waiting = left
        return batch

    def _fits(self, size: int) -> bool:
        return self._count < self._count_max and self._bytes + size <= self._bytes_max

    def _take(self, size: int) -> None:
        self._count += 1
        self._bytes += size

    def _admit(self) -> None:
        while self._room and self._fits(self._room[0][0]):
            size, turn = self._room.popleft()
            if not turn.done():
                self._take(size)
                turn.set_result(None)
