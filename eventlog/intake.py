"""Where appends come in: the part of a store that is the same wherever the log is written."""

import asyncio
import time
from collections.abc import Awaitable, Set
from uuid import UUID

from eventlog import metrics, tracing
from eventlog.checks import check
from eventlog.errors import LogError, Overloaded, Unavailable
from eventlog.events import StreamKey
from eventlog.queue import AppendQueue, Pending, size_of
from eventlog.store import Append, Appended, Command


class Intake:
    """Appends on their way to the one writer of this process. A command is on its way once: the second waits for the
    first. Callers may go away at any moment; whoever asks again with the same command learns what happened.

    How many wait, how long, and for what is measured and traced here, under the department's name."""

    def __init__(self, department: str, queue: AppendQueue) -> None:
        self._department = department
        self._batches = metrics.APPENDS_BATCH.labels(department)
        self._waits = metrics.APPENDS_WAIT.labels(department)
        _show(department, queue)
        self._queue = queue
        self._running: dict[tuple[str, UUID], Pending] = {}
        self._closed = False

    async def append(self, append: Append, timeout_s: float) -> Appended:
        """Hand an append to the writer and wait for its answer. Raises what the writer answers, `Overloaded` and
        `Unavailable`."""
        attributes = {"baton.department": self._department}
        with tracing.span(f"append {self._department}", "internal", attributes, _trace_of(append)):
            return await self._append(append, timeout_s)

    async def _append(self, append: Append, timeout_s: float) -> Appended:
        check(append)
        if self._closed:
            raise Unavailable("the log is closed")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        pending = Pending(append, loop.create_future(), size_of(append))
        if not self._queue.reserve_now(pending.size):
            await _before(deadline, self._queue.reserve(pending.size), Overloaded("the append queue stayed full"))
        await self._enqueue(pending, deadline)
        expiry = loop.call_at(deadline, pending.expire)
        try:
            return await pending.answer
        finally:
            expiry.cancel()

    async def _enqueue(self, pending: Pending, deadline: float) -> None:
        """Queue the append, after the one with the same command that may be on its way."""
        try:
            while (running := self._running.get(pending.key)) is not None:
                await _before(deadline, running.over(), Unavailable("the same command is still on its way"))
            if self._closed:
                raise Unavailable("the log is closed")
        except BaseException:
            self._queue.release(pending.size)
            raise
        self._running[pending.key] = pending
        self._queue.put(pending)

    async def over(self, tenant: str, command: Command) -> None:
        """Wait until a command is not on its way any more."""
        running = self._running.get((tenant, command.id))
        if running is not None:
            await running.over()

    async def filled(self) -> None:
        """Wait until there is something to write."""
        await self._queue.filled()

    async def plenty(self) -> None:
        """Wait until there is enough for a batch beside another one."""
        await self._queue.plenty()

    def take(self, busy: Set[StreamKey]) -> list[Pending]:
        """The next batch to write, beside another one that writes to the `busy` streams."""
        return self._begun(self._queue.take(busy))

    def take_more(self, busy: Set[StreamKey]) -> list[Pending]:
        """What may be written with the batch in hand, beside another one that writes to the `busy` streams."""
        return self._queue.take(busy)

    def take_all(self, bytes_max: int) -> list[Pending]:
        """The next batch to write, alone."""
        return self._begun(self._queue.take_all(bytes_max))

    def _begun(self, batch: list[Pending]) -> list[Pending]:
        if batch:
            self._batches.observe(len(batch))
            self._waits.observe(time.monotonic() - batch[0].since)
        return batch

    def wanted(self, batch: list[Pending]) -> list[Pending]:
        """The unsettled ones. Those that nobody waits for any more are dropped: happened or not, the same command
        asked again tells."""
        for pending in batch:
            if pending.answer.done() and not pending.settled:
                self.settle(pending, Unavailable("nobody waits for it"))
        return [pending for pending in batch if not pending.settled]

    def settle(self, pending: Pending, answer: Appended | Exception) -> None:
        """The append is over, with this answer."""
        self._running.pop(pending.key, None)
        self._queue.release(pending.size)
        pending.settle(answer)

    def close(self) -> None:
        """Nothing is written any more: everybody is told so, now and from now on."""
        self._closed = True
        for pending in list(self._running.values()):
            self.settle(pending, Unavailable("the log is closed"))


def _show(department: str, queue: AppendQueue) -> None:
    """Have the queue measured, whenever somebody asks."""
    metrics.APPENDS_WAITING.labels(department).set_function(lambda: queue.count)
    metrics.APPENDS_BYTES.labels(department).set_function(lambda: queue.bytes)
    metrics.APPENDS_OUTSIDE.labels(department).set_function(lambda: queue.outside)


def _trace_of(append: Append) -> str:
    """The traceparent of what is appended: the work in hand's, or the facts' own where they are of another."""
    if not tracing.is_on() or tracing.current():
        return ""
    return next((tracing.trace_of(event.metadata) for write in append.writes for event in write.events), "")


async def _before(deadline: float, waiting: Awaitable[None], too_late: LogError) -> None:
    try:
        async with asyncio.timeout_at(deadline):
            await waiting
    except TimeoutError:
        raise too_late from None
