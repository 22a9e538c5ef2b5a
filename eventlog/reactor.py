"""Does what reactions asked for, once its time has come, until it is done.

Todos are rows. They are taken under a lease with SKIP LOCKED, done concurrently, and finished in one statement; a
program that dies in between does them again under the same command ids, which is harmless. A todo whose doer raises
`NotYet` comes back when it says; any other failure is counted and waits longer each time, and is never dropped.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from eventlog import metrics, tracing
from eventlog.clock import Clock
from eventlog.reactions import Do, DoMany, Due, NotYet, Reactions
from eventlog.todos import Later, Taken, finish, next_due, release, take_due
from eventlog.trouble import growing_s, persist
from eventlog.views import Views

#: Todos taken at once, and batches of them under way at once.
BATCH_TODOS = 200
BATCHES_MAX = 4

#: Todos without a bulk doer that are done at the same time.
CONCURRENT_MAX = 64

LEASE_S = 60.0

#: Todos are taken no sooner after the last ones: few statements for many, where many come one by one.
PACE_S = 0.02

#: Another process may have written todos: look at least this often.
LOOK_S = 120.0

#: Waits after a failure: doubled each time.
RETRY_MIN_S, RETRY_MAX_S = 0.2, 300.0


class Reactor:
    """The runner of one department's todos. `clock` decides what is due."""

    def __init__(self, department: str, views: Views, reactions: Iterable[Reactions], clock: Clock) -> None:
        self._department = department
        self._views = views
        self._clock = clock
        self._doers: dict[str, Do] = {}
        self._bulk: dict[str, DoMany] = {}
        for each in reactions:
            self._doers.update(each.doers)
            self._bulk.update(each.bulk_doers)
        self._kinds = sorted({*self._doers, *self._bulk})
        self._awake = asyncio.Event()
        self._suspect = False
        self._latest = clock()
        self._trusts_at = 0.0
        self._under_way: set[int] = set()
        views.when_lost(self._doubt)
        self._slots = asyncio.Semaphore(CONCURRENT_MAX)
        self._log = logging.getLogger(f"baton.reactor.{department}")

    def wake(self) -> None:
        """Todos were committed, or the clock was moved: look now."""
        self._awake.set()

    def _doubt(self) -> None:
        """A crash of the server may have taken back that todos were finished: they are leased, and nobody does them."""
        self._suspect = True
        self.wake()

    def _now(self) -> datetime:
        """What the clock says. Where that was put back, waits are noted by a time that never was, and some that were
        reckoned before are only now being written."""
        now = self._clock()
        if now < self._latest:
            self._suspect = True
            self._trusts_at = time.monotonic() + LEASE_S
        self._latest = now
        return now

    async def run(self) -> None:
        """Until cancelled."""
        self._suspect = True
        self._under_way.clear()
        self._show()
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                begun = time.monotonic()
                self._awake.clear()
                self._now()
                if self._suspect or time.monotonic() < self._trusts_at:
                    self._suspect = False
                    await persist(self._release, "todos", self._log)
                taken = await persist(self._take, "todos", self._log)
                if taken:
                    running.add(self._begin(taken))
                if len(running) == BATCHES_MAX:
                    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                running = {task for task in running if not _finished(task)}
                if len(taken) < BATCH_TODOS:
                    await self._rest()
                    await asyncio.sleep(begun + PACE_S - time.monotonic())
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def run_due(self) -> int:
        """Do what is due now, and what becomes due by it, then return: for tests and single steps."""
        count = 0
        while taken := await self._take():
            await self._do(taken)
            count += len(taken)
        return count

    async def _release(self) -> None:
        async with self._views.deriving.acquire() as connection:
            await release(connection, self._now(), RETRY_MAX_S, self._under_way)

    async def _take(self) -> list[Taken]:
        async with self._views.deriving.acquire() as connection:
            taken = await take_due(connection, self._kinds, self._now(), BATCH_TODOS, LEASE_S, self._under_way)
        self._under_way.update(each.id for each in taken)
        self._show()
        return taken

    async def _rest(self) -> None:
        """Until somebody wakes us or the next todo is due."""
        if self._awake.is_set():
            return
        due = await persist(self._next, "todos", self._log)
        wait_s = LOOK_S if due is None else min(LOOK_S, (due - self._now()).total_seconds())
        if wait_s > 0 and not self._suspect:
            with suppress(TimeoutError):
                # Not `wait_for`, which forgets that it was cancelled when somebody wakes us at the same moment.
                async with asyncio.timeout(wait_s):
                    await self._awake.wait()

    async def _next(self) -> datetime | None:
        async with self._views.deriving.acquire() as connection:
            return await next_due(connection, self._kinds, self._under_way)

    def _begin(self, taken: Sequence[Taken]) -> "asyncio.Task[None]":
        batch = asyncio.create_task(self._do(taken))
        batch.add_done_callback(self._ended)
        return batch

    def _ended(self, batch: "asyncio.Task[None]") -> None:
        """What a batch raised is raised at once, not when whoever rests looks the next time."""
        if not batch.cancelled() and batch.exception() is not None:
            self.wake()

    async def _do(self, taken: Sequence[Taken]) -> None:
        by_kind: dict[str, list[Taken]] = {}
        for each in taken:
            by_kind.setdefault(each.due.kind, []).append(each)
        results = await asyncio.gather(*(self._kind(kind, todos) for kind, todos in by_kind.items()))
        outcomes = [outcome for result in results for outcome in result]
        done = [each for each, error in outcomes if error is None]
        later = [self._later(each, error) for each, error in outcomes if error is not None]
        more = await persist(lambda: self._finish(done, later), "todos", self._log)
        for each in done:
            metrics.TODOS_DONE.labels(self._department, each.due.kind).inc()
        self._under_way.difference_update(each.id for each in taken)
        self._show()
        if more:
            # Whoever rests looked for the next todo while these were taken, and does not know when they are due.
            self.wake()

    async def _kind(self, kind: str, taken: Sequence[Taken]) -> list[tuple[Taken, Exception | None]]:
        if kind in self._bulk:
            errors = await self._many(kind, [each.due for each in taken])
        else:
            errors = list(await asyncio.gather(*(self._one(self._doers[kind], each.due) for each in taken)))
        return list(zip(taken, errors, strict=True))

    async def _many(self, kind: str, due: Sequence[Due]) -> list[Exception | None]:
        attributes = self._attributes(kind, len(due))
        try:
            with tracing.batch(f"do {kind}", "consumer", attributes, (each.traceparent for each in due)):
                failed = await self._bulk[kind](due)
        except Exception as error:  # noqa: BLE001 (never dropped: counted and tried again)
            return [error] * len(due)
        return [failed.get(each.command_id) for each in due]

    async def _one(self, do: Do, due: Due) -> Exception | None:
        async with self._slots:
            try:
                with tracing.within(due.traceparent):
                    return await self._traced(do, due)
            except Exception as error:  # noqa: BLE001 (never dropped: counted and tried again)
                return error

    async def _traced(self, do: Do, due: Due) -> Exception | None:
        """What follows from it stands under its span, not beside it. That it must wait is no failure of it."""
        with tracing.span(f"do {due.kind}", "consumer", self._attributes(due.kind, 1), due.traceparent) as span:
            try:
                await do(due if span is None else replace(due, traceparent=span.traceparent))
            except NotYet as wait:
                if span is not None:
                    span.set("baton.reason", "NOT_YET")
                return wait
        return None

    def _attributes(self, kind: str, count: int) -> tracing.Attributes:
        return {"baton.department": self._department, "baton.kind": kind, "messaging.batch.message_count": count}

    def _show(self) -> None:
        metrics.TODOS_UNDER_WAY.labels(self._department).set(len(self._under_way))

    def _later(self, taken: Taken, error: Exception) -> Later:
        if isinstance(error, NotYet):
            metrics.TODOS_NOT_YET.labels(self._department, taken.due.kind).inc()
            return Later(taken, self._now() + timedelta(seconds=error.retry_s), False, error.reason)
        metrics.TODOS_FAILED.labels(self._department, taken.due.kind).inc()
        failures = taken.attempts + 1
        wait_s = growing_s(failures, RETRY_MIN_S, RETRY_MAX_S)
        self._log.warning("%s failed (attempt %d), again in %.1f s", taken.due.kind, failures, wait_s, exc_info=error)
        return Later(taken, self._now() + timedelta(seconds=wait_s), True, type(error).__name__)

    async def _finish(self, done: Sequence[Taken], later: Sequence[Later]) -> bool:
        async with self._views.deriving.acquire() as connection:
            return await finish(connection, done, later)


def _finished(task: "asyncio.Task[None]") -> bool:
    """Whether a batch is over; what it raised (a program that is wrong) is raised here."""
    if task.done():
        task.result()
        return True
    return False
