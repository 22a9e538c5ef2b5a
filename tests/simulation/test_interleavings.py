"""Two writers on real connections, a barrier at each step, every order of the steps, and a reader that tails between.

A writer that must wait for the other keeps its place: its later steps come as soon as it is let go. Whatever the
order, the tailing reader hears every committed event, once, in order, and positions have no hole.
"""

import asyncio
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import asyncpg
import pytest

from eventlog.clock import utc_now
from eventlog.events import Event, Position
from eventlog.plan import LogHead, StreamHeads
from eventlog.postgres import PostgresStore
from eventlog.postgres.plan import Plan
from eventlog.postgres.session import connect_writer
from eventlog.postgres.writer import APPEND, HEAD, LOCK
from eventlog.queue import Pending
from tests.support.log import an_append, check_log, eventually
from tests.support.sessions import session

#: The steps of a writer that takes the lock first, and of one that speaks first; each may give up at the end.
LOOK_FIRST = ("lock", "look", "append")
SPEAK_FIRST = ("look", "begin", "append")
ENDS = ("commit", "rollback")


class SteppedWriter:
    """A writer that goes one step at a time. `written` are the streams that it committed."""

    def __init__(self, connection: "asyncpg.Connection[Any]", name: str, steps: tuple[str, ...]) -> None:
        self.connection = connection
        self.pid = connection.get_server_pid()
        self.name = name
        self.strict = "lock" in steps
        self.waiting = list(steps)
        self.running: asyncio.Task[None] | None = None
        self.has_written = False
        self.written: list[str] = []
        self.head: LogHead | None = None

    async def step(self, watcher: "asyncpg.Connection[Any]") -> None:
        """Take the next step, until it is done or waits for a lock."""
        if self.running is None or self.running.done():
            self.running = asyncio.create_task(self._take(self.waiting.pop(0)))
        await self.settled(watcher)

    async def settled(self, watcher: "asyncpg.Connection[Any]") -> None:
        """Wait until the step on its way is done or waits for a lock."""
        running = self.running
        assert running is not None

        async def done_or_waiting() -> bool:
            blocked = "SELECT NOT granted FROM pg_locks WHERE pid = $1 AND NOT granted"
            return running.done() or bool(await watcher.fetchval(blocked, self.pid))

        await eventually(done_or_waiting, f"{self.name} neither done nor waiting")
        if running.done():
            running.result()

    async def _take(self, step: str) -> None:
        match step:
            case "begin":
                await self.connection.execute("BEGIN")
            case "lock":
                await self.connection.execute(LOCK)
            case "look":
                (row,) = await self.connection.fetch(HEAD)
                self.head = LogHead(*row)
            case "append":
                await self._append()
            case "commit" | "rollback":
                await self.connection.execute(step)
                if step == "commit" and self.has_written:
                    self.written.append(f"sales.deal-{self.name}")

    async def _append(self) -> None:
        assert self.head is not None
        append = an_append(f"sales.deal-{self.name}", facts=2)
        pending = Pending(append, asyncio.get_running_loop().create_future(), 1)
        plan = Plan([pending], self.head, StreamHeads(), utc_now())
        (row,) = await self.connection.fetch(APPEND, *plan.arguments(strict=self.strict))
        self.has_written = row["written"]


class TailingReader:
    """Reads behind the last position that it was told was scanned, as every subscriber does."""

    def __init__(self, store: PostgresStore) -> None:
        self.store = store
        self.after = Position(0)
        self.heard: list[Event] = []

    async def poll(self) -> None:
        page = await self.store.read_all(self.after)
        self.heard.extend(page.events)
        self.after = page.scanned


def orders(a: int, b: int) -> Iterator[str]:
    """Every way to take `a` steps of one and `b` steps of the other."""
    for places in combinations(range(a + b), a):
        yield "".join("A" if n in places else "B" for n in range(a + b))


async def play(order: str, writers: dict[str, SteppedWriter], reader: TailingReader, watcher: Any) -> None:
    for name in order:
        await writers[name].step(watcher)
        await reader.poll()
    while any(writer.waiting for writer in writers.values()):
        for writer in writers.values():
            if writer.waiting:
                await writer.step(watcher)
                await reader.poll()
    await reader.poll()


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(
    ("a", "b"),
    [(LOOK_FIRST, LOOK_FIRST), (LOOK_FIRST, SPEAK_FIRST), (SPEAK_FIRST, SPEAK_FIRST)],
    ids=["both look first", "one speaks first", "both speak first"],
)
async def test_in_every_order_of_steps_the_tail_hears_everything_once(
    database: str, a: tuple[str, ...], b: tuple[str, ...], end: str
) -> None:
    async with await PostgresStore.open(database, "sales") as store, session(database) as watcher:
        connections = {name: await connect_writer(database) for name in "AB"}
        for order in orders(len(a) + 1, len(b) + 1):
            await watcher.execute("DELETE FROM log.events; DELETE FROM log.commands")
            writers = {
                "A": SteppedWriter(connections["A"], "A", (*a, end)),
                "B": SteppedWriter(connections["B"], "B", (*b, "commit")),
            }
            reader = TailingReader(store)

            await play(order, writers, reader, watcher)

            log = (await store.read_all(Position(0))).events
            check_log(log)
            assert reader.heard == log, order
            committed = writers["A"].written + writers["B"].written
            assert sorted({event.stream for event in log}) == sorted(committed), order
            assert committed, order
        for connection in connections.values():
            connection.terminate()
