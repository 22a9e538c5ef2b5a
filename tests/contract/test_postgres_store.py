"""What the log in PostgreSQL does beyond the contract: restarts, other processes, full queues, unsafe servers."""

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import asyncpg
import pytest

from eventlog.errors import Conflict, NotSafe, Overloaded, TooLarge, Unavailable
from eventlog.events import Place, Position, Version
from eventlog.postgres import PostgresStore
from eventlog.queue import AppendQueue
from eventlog.store import ANY, NO_STREAM, Append, Appended, StreamWrite, exact
from tests.support.log import TENANT, a_command, an_append, an_event, collect, eventually, whole_log
from tests.support.postgres import TestServer
from tests.support.sessions import end_sessions_of_the_log, held_lock, session, waiting_for_a_lock

ROOT = Path(__file__).parents[2]


# Other processes


async def test_processes_that_write_to_one_log_keep_one_order(database: str) -> None:
    stores = [await PostgresStore.open(database, "sales") for _ in range(4)]

    async def write(n: int) -> None:
        for turn in range(10):
            await stores[n % 4].append(an_append(f"sales.deal-{n}", exact(Version(turn))))

    await asyncio.gather(*(write(n) for n in range(64)))

    log = await whole_log(stores[0])
    assert Counter(event.stream for event in log) == {f"sales.deal-{n}": 10 for n in range(64)}
    for store in stores:
        await store.close()


async def test_processes_that_race_for_one_version_have_one_winner(database: str) -> None:
    stores = [await PostgresStore.open(database, "sales") for _ in range(3)]
    for version in range(20):
        appends = [store.append(an_append(expected=exact(Version(version)))) for store in stores]
        answers = await asyncio.gather(*appends, return_exceptions=True)
        assert Counter(type(answer) for answer in answers) == {Appended: 1, Conflict: 2}

    assert len(await whole_log(stores[0])) == 20
    for store in stores:
        await store.close()


async def test_a_command_asked_in_several_processes_happens_once(database: str) -> None:
    stores = [await PostgresStore.open(database, "sales") for _ in range(3)]
    for n in range(20):
        append = an_append(f"sales.deal-{n}", NO_STREAM)
        answers = await asyncio.gather(*(store.append(append) for store in stores))
        assert sorted(answer.repeated for answer in answers) == [False, True, True]
        assert len({answer.place for answer in answers}) == 1

    assert len(await whole_log(stores[0])) == 20
    for store in stores:
        await store.close()


async def test_a_conflict_is_never_told_from_stale_knowledge(database: str) -> None:
    """The version that a caller has seen written by another process is not a conflict to this one."""
    async with (
        await PostgresStore.open(database, "sales") as here,
        await PostgresStore.open(database, "sales") as there,
    ):
        await here.append(an_append(expected=NO_STREAM))
        for version in range(1, 20, 2):
            await there.append(an_append(expected=exact(Version(version))))
            await here.append(an_append(expected=exact(Version(version + 1))))

        assert len(await whole_log(here)) == 21


async def test_a_condition_is_never_judged_by_stale_knowledge(database: str) -> None:
    """A stream that is looked at, not written to, has no key that would refuse the append."""
    async with (
        await PostgresStore.open(database, "sales") as here,
        await PostgresStore.open(database, "sales") as there,
    ):
        await here.append(an_append("sales.pipeline-1", NO_STREAM))
        await there.append(an_append("sales.pipeline-1"))
        first_pipeline = StreamWrite("sales.pipeline-1", exact(Version(1)), [])
        new_deal = StreamWrite("sales.deal-1", NO_STREAM, [an_event()])

        with pytest.raises(Conflict, match=r"expected version 1 of sales\.pipeline-1, found 2"):
            await here.append(Append(TENANT, a_command(), [first_pipeline, new_deal]))


async def test_a_subscription_hears_other_processes(database: str) -> None:
    async with (
        await PostgresStore.open(database, "sales") as here,
        await PostgresStore.open(database, "sales") as there,
    ):
        reading = asyncio.create_task(collect(here.subscribe(Position(0)), Position(50)))
        for _ in range(50):
            await there.append(an_append())

        assert [event.position for event in await reading] == list(range(1, 51))


async def test_a_reopened_log_goes_on_where_it_was(database: str) -> None:
    async with await PostgresStore.open(database, "sales") as store:
        append = an_append(expected=NO_STREAM, facts=3)
        first = await store.append(append)

    async with await PostgresStore.open(database, "sales") as store:
        assert (await store.append(append)).place == first.place
        await store.append(an_append(expected=exact(Version(3))))
        assert await store.head() == Place(1, Position(4))
        assert len(await whole_log(store)) == 4


async def test_a_raised_generation_stands_on_what_comes_after(database: str) -> None:
    async with await PostgresStore.open(database, "sales") as store, session(database) as operator:
        await store.append(an_append())
        await operator.execute("UPDATE log.log SET generation = 2")

        appended = await store.append(an_append())

        assert (appended.place, store.generation) == (Place(2, Position(2)), 2)
        assert (await store.read_all(Position(0))).generation == 2


# A stopped or lost writer


async def test_a_writer_stopped_between_lock_and_commit_does_not_stop_the_log(database: str) -> None:
    async with await PostgresStore.open(database, "sales") as store:
        await store.append(an_append())
        other = subprocess.Popen(  # noqa: ASYNC220 - it answers with a line
            [sys.executable, "-m", "tests.support.stopped_writer", database], cwd=ROOT, stdout=subprocess.PIPE
        )
        try:
            assert other.stdout is not None
            assert await asyncio.to_thread(other.stdout.readline) == b"has written, has not committed\n"
            other.send_signal(signal.SIGSTOP)

            appended = await store.append(an_append(), timeout_s=10)

            assert appended.place == Place(1, Position(2))
        finally:
            other.kill()
            other.wait()
        assert len(await whole_log(store)) == 2


class Load:
    """Writers that append without end, each to a stream of its own, and count what was answered."""

    def __init__(self, store: PostgresStore, writers: int = 8) -> None:
        self.written = 0
        self._store = store
        self._stopped = False
        self._tasks = [asyncio.create_task(self._write(n)) for n in range(writers)]

    async def _write(self, n: int) -> None:
        version = 0
        while not self._stopped:
            await self._store.append(an_append(f"sales.deal-{n}", exact(Version(version))), timeout_s=60)
            version, self.written = version + 1, self.written + 1

    async def goes_on(self) -> None:
        """Return when some more is written."""
        goal = self.written + 30

        async def reached() -> bool:
            return self.written >= goal

        await eventually(reached, f"{goal} appends written")

    async def stop(self) -> None:
        self._stopped = True
        await asyncio.gather(*self._tasks)


async def test_a_session_that_is_ended_costs_no_append(database: str) -> None:
    async with await PostgresStore.open(database, "sales") as store, session(database) as operator:
        load = Load(store)
        for _ in range(15):
            await load.goes_on()
            await end_sessions_of_the_log(operator)
        await load.stop()

        assert len(await whole_log(store)) == load.written


async def test_writers_and_readers_wait_for_a_server_that_restarts(own_postgres: TestServer) -> None:
    async with await PostgresStore.open(own_postgres.dsn(own_postgres.create_database()), "sales") as store:
        reading = asyncio.create_task(collect(store.subscribe(Position(0)), Position(100)))
        load = Load(store)
        for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            await load.goes_on()
            await asyncio.to_thread(own_postgres.stop, how)
            await asyncio.to_thread(own_postgres.start)
        await load.goes_on()
        await load.stop()

        log = await whole_log(store)
        assert len(log) == load.written
        assert await reading == log[: len(reading.result())]


async def test_past_their_deadline_callers_are_told_that_the_server_is_away(own_postgres: TestServer) -> None:
    async with await PostgresStore.open(own_postgres.dsn(own_postgres.create_database()), "sales") as store:
        append = an_append(expected=NO_STREAM)
        await asyncio.to_thread(own_postgres.stop)

        with pytest.raises(Unavailable, match="same command"):
            await store.append(append, timeout_s=0.3)

        await asyncio.to_thread(own_postgres.start)
        assert (await store.append(append)).last == 1
        assert len(await whole_log(store)) == 1


async def test_an_append_whose_argument_does_not_fit_fails_at_once_and_alone(database: str) -> None:
    async with await PostgresStore.open(database, "sales") as store:
        async with held_lock(database) as holder:
            first = asyncio.create_task(store.append(an_append("sales.deal-0")))
            await waiting_for_a_lock(holder)
            misfit = an_append("sales.deal-1", outcome="no bytes")  # type: ignore[arg-type]
            appends = [an_append("sales.deal-2"), misfit, an_append("sales.deal-3")]
            answers = asyncio.gather(*map(store.append, appends), return_exceptions=True)
            await asyncio.sleep(0)

        assert [type(answer) for answer in (await first, *await answers)] == [
            *(Appended, Appended, asyncpg.DataError, Appended)
        ]
        assert [event.stream for event in await whole_log(store)] == ["sales.deal-0", "sales.deal-2", "sales.deal-3"]


async def test_closing_answers_those_who_wait(database: str) -> None:
    store = await PostgresStore.open(database, "sales")
    async with held_lock(database) as holder:
        waiting = asyncio.create_task(store.append(an_append()))
        await waiting_for_a_lock(holder)
        await store.close()

        with pytest.raises(Unavailable, match="closed"):
            await waiting
        with pytest.raises(Unavailable, match="closed"):
            await store.append(an_append())


# A bounded queue


async def test_past_the_bound_callers_wait_and_past_their_deadline_are_told(database: str) -> None:
    queue = AppendQueue(count_max=10)
    async with await PostgresStore.open(database, "sales", queue=queue) as store:
        async with held_lock(database) as holder:
            fitting = [asyncio.create_task(store.append(an_append(), timeout_s=30)) for _ in range(10)]
            await waiting_for_a_lock(holder)
            with pytest.raises(Overloaded):
                await store.append(an_append(), timeout_s=0.05)
            patient = [asyncio.create_task(store.append(an_append(), timeout_s=30)) for _ in range(30)]
            await asyncio.sleep(0)
            patient[0].cancel()

        assert len(await asyncio.gather(*fitting)) == 10
        answers = await asyncio.gather(*patient, return_exceptions=True)
        assert Counter(type(answer) for answer in answers) == {Appended: 29, asyncio.CancelledError: 1}
        assert queue.count == 0
        assert len(await whole_log(store)) == 39


async def test_the_queue_is_bounded_by_bytes_too(database: str) -> None:
    queue = AppendQueue(bytes_max=1000)
    async with await PostgresStore.open(database, "sales", queue=queue) as store:
        async with held_lock(database) as holder:
            large = asyncio.create_task(store.append(an_append(facts=[an_event(bytes(900))])))
            await waiting_for_a_lock(holder)
            with pytest.raises(Overloaded):
                await store.append(an_append(facts=[an_event(bytes(500))]), timeout_s=0.05)
            small = asyncio.create_task(store.append(an_append()))

        assert [(await large).last, (await small).last] == [1, 2]
        with pytest.raises(TooLarge, match="queue"):
            await store.append(an_append(facts=[an_event(bytes(2000))]))


async def test_a_caller_that_goes_away_harms_nobody_in_its_batch(database: str) -> None:
    async with await PostgresStore.open(database, "sales") as store:
        async with held_lock(database) as holder:
            first = asyncio.create_task(store.append(an_append("sales.deal-0")))
            await waiting_for_a_lock(holder)
            appends = [an_append(f"sales.deal-{n}", NO_STREAM) for n in range(1, 11)]
            tasks = [asyncio.create_task(store.append(append)) for append in appends]
            await asyncio.sleep(0)
            for task in (*tasks[::2], first):
                task.cancel()
            again = [asyncio.create_task(store.append(append)) for append in appends]

        assert [(await task).versions for task in tasks[1::2]] == [{f"sales.deal-{n}": 1} for n in range(2, 11, 2)]
        assert {answer.generation for answer in await asyncio.gather(*again)} == {1}
        streams = Counter(event.stream for event in await whole_log(store))
        assert {stream: n for stream, n in streams.items() if stream != "sales.deal-0"} == {
            f"sales.deal-{n}": 1 for n in range(1, 11)
        }


async def test_a_batch_larger_than_one_transaction_is_written_in_several(database: str) -> None:
    async with await PostgresStore.open(database, "sales") as store:
        appends = [an_append(f"sales.deal-{n}", ANY, [an_event(bytes(200_000))]) for n in range(200)]

        await asyncio.gather(*map(store.append, appends))

        assert (await store.head()).position == 200


# The start


async def test_many_writers_share_two_batches_and_neither_spoils_the_other(database: str) -> None:
    """So many wait that both lanes of the writer are under way, on streams that they share."""
    async with await PostgresStore.open(database, "sales") as store:
        await many_writes(store)
        writing = await writers(database)
        written = Counter(event.stream for event in await whole_log(store))

    assert written == {**{f"sales.deal-{n}": 5 for n in range(200)}, "sales.pipeline-1": 1000}
    assert writing == 2


async def test_the_second_session_of_a_writer_ends_when_nothing_needs_it_and_is_there_again_for_many(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventlog.postgres.writer.SECOND_REST_S", 0.05)

    async def one_is_left() -> bool:
        return await writers(database) == 1

    async with await PostgresStore.open(database, "sales") as store:
        await many_writes(store)
        await eventually(one_is_left, "the second session ended")
        monkeypatch.setattr("eventlog.postgres.writer.SECOND_REST_S", 10.0)
        await many_writes(store, after=5)
        assert await writers(database) == 2
        written = Counter(event.stream for event in await whole_log(store))

    assert written == {**{f"sales.deal-{n}": 10 for n in range(200)}, "sales.pipeline-1": 2000}


async def many_writes(store: PostgresStore, after: int = 0) -> None:
    """Of two hundred at once: five appends on a stream of one's own, from a version on, and five on a shared one."""

    async def write(n: int) -> None:
        for turn in range(after, after + 5):
            await store.append(an_append(f"sales.deal-{n}", exact(Version(turn))))
            await store.append(an_append("sales.pipeline-1"))

    await asyncio.gather(*(write(n) for n in range(200)))


async def writers(database: str) -> int:
    """How many sessions have written last."""
    async with session(database) as sessions:
        found: int = await sessions.fetchval(
            """SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'baton log' AND query LIKE '%log.append%'"""
        )
        return found


@pytest.mark.parametrize("scope", ["DATABASE", "ROLE"])
async def test_a_database_or_role_that_does_not_wait_for_the_disk_is_refused(postgres: TestServer, scope: str) -> None:
    name = postgres.create_database()
    async with session(postgres.dsn(name)) as operator:
        await operator.execute(f"CREATE ROLE {name} LOGIN; ALTER DATABASE {name} OWNER TO {name}")
        await operator.execute(f"ALTER {scope} {name} SET synchronous_commit = off")

        with pytest.raises(NotSafe, match="synchronous_commit off"):
            await PostgresStore.open(postgres.dsn(name, user=name), "sales")

        await operator.execute(f"ALTER {scope} {name} RESET synchronous_commit")
        await (await PostgresStore.open(postgres.dsn(name, user=name), "sales")).close()
    postgres.drop_database(name)


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
async def test_a_server_that_does_not_survive_a_crash_is_refused(own_postgres: TestServer, setting: str) -> None:
    database = own_postgres.dsn(own_postgres.create_database())
    async with session(database) as operator:
        await operator.execute(f"ALTER SYSTEM SET {setting} = off")
        await operator.execute("SELECT pg_reload_conf()")

        async def is_off() -> bool:
            return bool(await operator.fetchval(f"SHOW {setting}") == "off")

        await eventually(is_off, f"{setting} is off")

    with pytest.raises(NotSafe, match=f"{setting} off"):
        await PostgresStore.open(database, "sales")


async def test_another_departments_log_is_refused(database: str) -> None:
    await (await PostgresStore.open(database, "sales")).close()

    with pytest.raises(NotSafe, match="the log of sales, not of marketing"):
        await PostgresStore.open(database, "marketing")


async def test_processes_may_start_at_once_on_an_empty_database(database: str) -> None:
    stores = await asyncio.gather(*(PostgresStore.open(database, "sales") for _ in range(8)))

    await asyncio.gather(*(store.append(an_append()) for store in stores))

    assert len(await whole_log(stores[0])) == 8
    await asyncio.gather(*(store.close() for store in stores))


async def test_names_of_a_tenant_are_bound_never_spelled_into_a_statement(database: str) -> None:
    async with await PostgresStore.open(database, "sales") as store:
        await store.append(an_append("'; DROP TABLE log.events; --", tenant=TENANT))

        assert len(await whole_log(store)) == 1
