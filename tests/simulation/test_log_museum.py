"""Failures that logs of this kind have shipped with, each as a test. `tests/museum/` holds, for each, the patch that
removes our guard against it; `make soak` shows that the test then fails."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from eventlog.events import Event, Position, Version
from eventlog.plan import LogHead, StreamHeads
from eventlog.postgres import PostgresStore, bell
from eventlog.postgres.bell import Bell
from eventlog.postgres.plan import Plan
from eventlog.postgres.reader import Reader
from eventlog.postgres.session import Pool, reader_pool
from eventlog.postgres.writer import APPEND, HEAD
from eventlog.queue import Pending
from eventlog.store import EVERYTHING, Filter, exact
from tests.support.log import DEADLINE_S, an_append, an_event, check_log, collect, eventually, whole_log
from tests.support.sessions import end_sessions_of_the_log, held_lock, session, waiting_for_a_lock


async def look(connection: Any) -> LogHead:
    (row,) = await connection.fetch(HEAD)
    return LogHead(*row)


async def append_behind(connection: Any, head: LogHead, stream: str) -> int | None:
    """What the writer sends, on a connection of the test's own. Answers the position behind which it stands."""
    pending = Pending(an_append(stream), asyncio.get_running_loop().create_future(), 1)
    plan = Plan([pending], head, StreamHeads(), datetime.now(UTC))
    (row,) = await connection.fetch(APPEND, *plan.arguments(strict=False))
    return row["head_position"] if row["written"] else None


async def done_or_waiting(task: "asyncio.Task[Any]", connection: Any) -> None:
    """Wait until the task is done, or its session waits for a lock that somebody holds."""

    async def settled() -> bool:
        blocked = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        return task.done() or bool(await connection.fetchval(blocked))

    await eventually(settled, "neither done nor waiting")


async def test_a_tail_never_steps_over_an_event_that_commits_late(database: str) -> None:
    """Sequence gap skip: A writes and does not commit, B writes and commits, the tail reads, A commits."""
    async with (
        await PostgresStore.open(database, "sales") as store,
        session(database) as a,
        session(database) as b,
        session(database) as watcher,
    ):
        head = await look(a)
        await a.execute("BEGIN")
        assert await append_behind(a, head, "sales.deal-a") == 0
        writing = asyncio.create_task(append_behind(b, head, "sales.deal-b"))
        await done_or_waiting(writing, watcher)

        page = await store.read_all(Position(0))
        heard = list(page.events)
        await a.execute("COMMIT")
        await asyncio.wait((writing,), timeout=DEADLINE_S)
        heard += (await store.read_all(page.scanned)).events

        assert heard == list((await store.read_all(Position(0))).events)
        assert "sales.deal-a" in {event.stream for event in heard}


async def test_a_rolled_back_append_leaves_no_gap(database: str) -> None:
    """Permanent gap: positions taken by a transaction that fails are never seen again, and every reader must guess
    whether to wait for them."""
    async with await PostgresStore.open(database, "sales") as store, session(database) as a:
        await a.execute("BEGIN")
        await append_behind(a, await look(a), "sales.deal-a")
        await a.execute("ROLLBACK")

        await store.append(an_append())

        assert [event.position for event in (await store.read_all(Position(0))).events] == [1]


async def test_who_speaks_first_waits_for_the_lock(database: str) -> None:
    async with await PostgresStore.open(database, "sales") as store:
        async with held_lock(database) as holder:
            writing = asyncio.create_task(store.append(an_append()))
            await done_or_waiting(writing, holder)
            assert not writing.done()

        assert (await writing).last == 1


async def test_who_looks_first_looks_under_the_lock(database: str) -> None:
    async with await PostgresStore.open(database, "sales") as store:
        await store.append(an_append(facts=3))
        async with held_lock(database) as holder:
            assert await append_behind(holder, await look(holder), "sales.deal-8") == 3
            await end_sessions_of_the_log(holder)  # the store remembers nothing, so it looks first
            writing = asyncio.create_task(store.append(an_append(expected=exact(Version(3)))))
            await waiting_for_a_lock(holder)
            await holder.execute("COMMIT")

        assert (await writing).last == 5
        check_log(await whole_log(store))


async def test_the_head_is_read_by_a_statement_that_begins_after_the_lock_is_had(database: str) -> None:
    """Snapshot skew: a statement that waits for the lock and reads the head sees the head of before the wait."""
    async with (
        await PostgresStore.open(database, "sales"),
        session(database) as a,
        session(database) as b,
        session(database) as watcher,
    ):
        head = await look(a)
        await a.execute("BEGIN")
        assert await append_behind(a, head, "sales.deal-a") == 0
        writing = asyncio.create_task(append_behind(b, head, "sales.deal-b"))
        await waiting_for_a_lock(watcher)
        await a.execute("COMMIT")

        assert await writing == 1


class WritesBetween:
    """A pool whose statements are never neighbours: before each, somebody appends two events."""

    def __init__(self, pool: Pool, store: PostgresStore) -> None:
        self.pool = pool
        self.store = store

    async def fetch(self, sql: str, *arguments: Any) -> Any:
        await self.store.append(an_append(facts=2))
        return await self.pool.fetch(sql, *arguments)


async def test_a_page_and_its_head_are_of_one_moment(database: str) -> None:
    """Snapshot skew over several statements: a head read after the events lets the reader step over what was
    committed between."""
    async with await PostgresStore.open(database, "sales") as store:
        pool = await reader_pool(database, 2)
        reader = Reader(WritesBetween(pool, store))  # type: ignore[arg-type]
        heard: list[Event] = []
        after = Position(0)
        for _ in range(10):
            page = await reader.page(after, 5, EVERYTHING)
            heard.extend(page.events)
            after = page.scanned
        await pool.close()

        assert [event.position for event in heard] == list(range(1, after + 1))


async def test_a_hole_in_the_log_does_not_stop_its_readers(database: str) -> None:
    """A position that is missing for ever (somebody deleted rows) must be seen by `baton verify`, not stall a tail."""
    async with await PostgresStore.open(database, "sales") as store, session(database) as vandal:
        await store.append(an_append(facts=30))
        await vandal.execute("DELETE FROM log.events WHERE position BETWEEN 3 AND 20")

        after, positions = Position(0), []
        for _ in range(20):
            page = await store.read_all(after, 5)
            positions += [event.position for event in page.events]
            after = page.scanned

        assert positions == [1, 2, *range(21, 31)]


async def test_a_filter_that_matches_nothing_does_not_park_its_reader(database: str) -> None:
    async with await PostgresStore.open(database, "sales") as store:
        await store.append(an_append(facts=30))

        page = await store.read_all(Position(0), 10, Filter(types=frozenset({"no.such-type"})))

        assert (list(page.events), page.scanned) == ([], 10)


async def test_a_filtered_reader_is_never_ahead_of_an_event_it_has_not_read(database: str) -> None:
    async with await PostgresStore.open(database, "sales") as store:
        for _ in range(10):
            await store.append(an_append(facts=[an_event(), an_event(type="sales.deal-won")]))
        won = Filter(types=frozenset({"sales.deal-won"}))

        after, positions = Position(0), []
        for _ in range(10):
            page = await store.read_all(after, 3, won)
            positions += [event.position for event in page.events]
            after = page.scanned

        assert positions == list(range(2, 21, 2))


async def test_a_subscriber_does_not_sleep_over_what_came_while_it_looked(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lost wake-up: the event is committed after the reader found nothing and before it begins to wait."""
    monkeypatch.setattr(bell, "LOOK_AGAIN_S", 10 * DEADLINE_S)
    ring = Bell(database)
    ring.written(7)
    async with asyncio.timeout(DEADLINE_S / 10):
        await ring.after(Position(6))


async def test_a_subscriber_that_hears_no_bell_looks_by_itself(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Notifications are lost when a connection is: without a look now and then, the tail is stalled for ever."""
    monkeypatch.setattr(bell, "LOOK_AGAIN_S", 0.01)
    async with asyncio.timeout(DEADLINE_S):
        await Bell(database).after(Position(0))
    async with await PostgresStore.open(database, "sales", shared=False) as store, session(database) as writer:
        reading = asyncio.create_task(collect(store.subscribe(Position(0)), Position(1)))
        await append_behind(writer, await look(writer), "sales.deal-7")

        assert [event.position for event in await reading] == [1]
