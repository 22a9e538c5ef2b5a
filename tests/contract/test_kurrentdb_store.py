"""What the log in KurrentDB does beyond the contract: lost answers, restarts, other processes, its index, restores.

On the small server of `tests/support/kurrentdb`, which can be told to fail; what that proves is said there.
"""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from uuid import uuid4

import asyncpg
import pytest
from asyncpg.pgproto.pgproto import UUID as PgUUID
from kurrentdbclient import AsyncKurrentDBClient, NewEvent

from eventlog.errors import Conflict, NotSafe, TooLarge, Unavailable
from eventlog.events import EVENT_BYTES_MAX, Fork, Place, Position, Version, event_id
from eventlog.kurrentdb import KurrentStore, follower, index, known, log_name, raise_generation
from eventlog.kurrentdb.follower import Follower
from eventlog.kurrentdb.stream import Away, LogStream
from eventlog.store import ANY, NO_STREAM, Append, Appended, StreamWrite, exact
from tests.support.data import ROOT
from tests.support.kurrentdb import FakeKurrentDB, running_kurrentdb
from tests.support.log import TENANT, a_command, an_append, an_event, collect, eventually, whole_log
from tests.support.sessions import session

Open = Callable[[], Awaitable[KurrentStore]]

LOG = log_name("sales")


@pytest.fixture
async def kurrentdb() -> AsyncIterator[FakeKurrentDB]:
    async with running_kurrentdb() as server:
        yield server


@pytest.fixture
async def open_store(kurrentdb: FakeKurrentDB, database: str) -> AsyncIterator[Open]:
    """Opens the log as another process would: as often as it is called."""
    stores: list[KurrentStore] = []

    async def opened() -> KurrentStore:
        stores.append(await KurrentStore.open(kurrentdb.url, database, "sales"))
        return stores[-1]

    yield opened
    for store in stores:
        await store.close()


def nothing(stream: str = "sales.deal-7") -> Append:
    """A command that appends nothing."""
    return Append(TENANT, a_command(), [StreamWrite(stream, ANY, [])])


async def held(server: FakeKurrentDB, count: int) -> None:
    async def so_many() -> bool:
        return server.faults.waiting == count

    await eventually(so_many, f"{count} appends are held by the server")


def baton(*words: str, **environment: str) -> str:
    """What the command prints."""
    command = [sys.executable, "-m", "runtime.cli", *words]
    environment = {**os.environ, "GRPC_VERBOSITY": "NONE", **environment}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=60, capture_output=True, text=True)
    return done.stdout


async def indexed(database: str, revision: int) -> None:
    async with session(database) as operator:

        async def so_far() -> bool:
            return bool(await operator.fetchval("SELECT revision >= $1 FROM log_index.log", revision))

        await eventually(so_far, f"the index has record {revision}")


# Answers that do not come


@pytest.mark.parametrize(("lost", "repeated"), [(1, False), (6, True)])
async def test_an_append_whose_answer_is_lost_happens_once(
    kurrentdb: FakeKurrentDB, open_store: Open, lost: int, repeated: bool
) -> None:
    """One lost answer is hidden by the client, which sends the same again; after more of them the log is asked."""
    store = await open_store()
    kurrentdb.faults.answers_lost = lost

    appended = await store.append(an_append(expected=NO_STREAM, facts=2), timeout_s=20)

    assert (appended.last, appended.repeated) == (2, repeated)
    assert await store.append(an_append(expected=exact(Version(2)))) is not None
    assert len(await whole_log(store)) == 3


async def test_an_append_past_its_deadline_has_happened_or_not(kurrentdb: FakeKurrentDB, open_store: Open) -> None:
    store = await open_store()
    append = an_append(expected=NO_STREAM)
    kurrentdb.faults.before_writing.clear()

    with pytest.raises(Unavailable, match="ask again with the same command"):
        await store.append(append, timeout_s=0.05)
    again = asyncio.create_task(store.append(append))
    kurrentdb.faults.before_writing.set()

    assert (await again).versions == {"sales.deal-7": 1}
    assert len(await whole_log(store)) == 1


async def test_an_append_that_arrives_late_finds_its_place_taken(kurrentdb: FakeKurrentDB, open_store: Open) -> None:
    """The connection breaks while the server has the append and has not written it. The writer plans anew, the old
    attempt is written after all: the new one is refused, and finds the command done."""
    store = await open_store()
    kurrentdb.faults.before_writing.clear()
    appending = asyncio.create_task(store.append(an_append(expected=NO_STREAM), timeout_s=20))
    await held(kurrentdb, 1)

    await kurrentdb.stop()
    await kurrentdb.start()
    await held(kurrentdb, 2)
    kurrentdb.faults.before_writing.set()

    assert (await appending).last == 1
    assert len(await whole_log(store)) == 1


async def test_a_call_whose_connection_is_closed_does_not_end_the_task_that_made_it(kurrentdb: FakeKurrentDB) -> None:
    """gRPC tells such a call that it was cancelled, as if the task were to end; the writer would go, without a word."""
    stream = LogStream(kurrentdb.url, LOG)
    kurrentdb.faults.before_writing.clear()
    appending = asyncio.create_task(stream.append([NewEvent("a", b"{}")], -1))
    await held(kurrentdb, 1)

    await stream._client.connection._grpc_channel.close(None)

    with pytest.raises(Away):
        await appending
    kurrentdb.faults.before_writing.set()
    await stream.close()


async def test_a_read_whose_connection_is_closed_is_not_taken_for_the_end(kurrentdb: FakeKurrentDB) -> None:
    """One call finds the connection broken and makes a new one; the others must not end as if all had been read."""
    stream = LogStream(kurrentdb.url, LOG)
    await stream.append([NewEvent("a", b"x" * 100) for _ in range(3000)], -1)
    for wait_turns in range(1, 40, 3):
        reading = asyncio.create_task(stream.read(0, 3000))
        for _ in range(wait_turns):
            await asyncio.sleep(0)

        await stream._client.reconnect()

        try:
            async with asyncio.timeout(5):  # half of what a read may take that nothing has happened to
                assert len(await reading) == 3000
        except Away:
            continue
    await stream.close()


# A server that goes and comes


async def test_writers_and_readers_wait_for_a_server_that_restarts(kurrentdb: FakeKurrentDB, open_store: Open) -> None:
    store = await open_store()
    await store.append(an_append(facts=3))
    following = asyncio.create_task(collect(store.subscribe(Position(0)), Position(5)))

    await kurrentdb.stop()
    appending = asyncio.create_task(store.append(an_append(facts=2), timeout_s=20))
    reading = asyncio.create_task(store.read_stream(TENANT, "sales.deal-7"))
    await kurrentdb.start()

    assert (await appending).last == 5
    assert len(await reading) in (3, 5)
    assert [event.position for event in await following] == [1, 2, 3, 4, 5]


async def test_who_waits_longer_than_its_deadline_is_told_so(
    kurrentdb: FakeKurrentDB, open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventlog.reading.READ_TIMEOUT_S", 0.2)
    store = await open_store()
    await kurrentdb.stop()

    with pytest.raises(Unavailable, match="ask again with the same command"):
        await store.append(an_append(), timeout_s=0.1)
    with pytest.raises(Unavailable, match="could not be read"):
        await store.head()

    await kurrentdb.start()


async def test_a_start_without_a_server_says_so(kurrentdb: FakeKurrentDB, database: str) -> None:
    await kurrentdb.stop()

    with pytest.raises(Unavailable, match="the log of sales is out of reach"):
        await KurrentStore.open(kurrentdb.url, database, "sales")


# Other processes


async def test_processes_that_write_to_one_log_keep_one_order(open_store: Open) -> None:
    stores = [await open_store() for _ in range(4)]

    async def write(n: int) -> None:
        for turn in range(5):
            await stores[n % 4].append(an_append(f"sales.deal-{n}", exact(Version(turn))), timeout_s=20)

    await asyncio.gather(*(write(n) for n in range(32)))

    log = await whole_log(stores[0])
    assert Counter(event.stream for event in log) == {f"sales.deal-{n}": 5 for n in range(32)}


async def test_processes_that_race_for_one_version_have_one_winner(open_store: Open) -> None:
    stores = [await open_store() for _ in range(3)]
    for version in range(10):
        appends = [store.append(an_append(expected=exact(Version(version)))) for store in stores]
        answers = await asyncio.gather(*appends, return_exceptions=True)
        assert Counter(type(answer) for answer in answers) == {Appended: 1, Conflict: 2}

    assert len(await whole_log(stores[0])) == 10


async def test_a_process_is_not_told_that_its_bytes_stand_where_anothers_do(
    kurrentdb: FakeKurrentDB, open_store: Open
) -> None:
    """KurrentDB answers "done already" when the *ids* are the same. Two processes that write one command at the same
    moment, sealed differently, must not both believe that it was they who wrote it."""
    here, there = await open_store(), await open_store()
    append = an_append(expected=NO_STREAM, facts=[an_event("sealed here")])
    same = Append(TENANT, append.command, [replace(append.writes[0], events=[an_event("sealed there")])])
    kurrentdb.faults.before_writing.clear()
    answers = [asyncio.create_task(here.append(append)), asyncio.create_task(there.append(same))]
    await held(kurrentdb, 2)

    kurrentdb.faults.before_writing.set()

    assert sorted([(await answer).repeated for answer in answers]) == [False, True]
    await here.append(an_append(expected=exact(Version(1))))
    await there.append(an_append(expected=exact(Version(2))))
    assert len(await whole_log(here)) == 3


async def test_what_another_process_answered_is_known_here(open_store: Open) -> None:
    here, there = await open_store(), await open_store()
    for n in range(10):
        append = an_append("sales.deal-1", exact(Version(n)))
        appended = await there.append(append)

        assert await here.stream_version(TENANT, "sales.deal-1") == n + 1
        assert await here.head() == appended.place
        assert await here.answered(TENANT, append.command) == replace(appended, repeated=True)
        assert (await here.read_stream(TENANT, "sales.deal-1"))[-1].place == appended.place


async def test_a_condition_is_never_judged_by_stale_knowledge(open_store: Open) -> None:
    here, there = await open_store(), await open_store()
    await here.append(an_append("sales.pipeline-1", NO_STREAM))
    await there.append(an_append("sales.pipeline-1"))
    first_pipeline = StreamWrite("sales.pipeline-1", exact(Version(1)), [])

    with pytest.raises(Conflict, match=r"expected version 1 of sales\.pipeline-1, found 2"):
        await here.append(Append(TENANT, a_command(), [first_pipeline, StreamWrite("sales.deal-1", ANY, [an_event()])]))
    await there.append(an_append("sales.pipeline-1"))
    with pytest.raises(Conflict, match=r"expected version 1 of sales\.pipeline-1, found 3"):
        await here.append(Append(TENANT, a_command(), [first_pipeline]))


async def test_a_subscription_hears_other_processes(open_store: Open) -> None:
    here, there = await open_store(), await open_store()
    reading = asyncio.create_task(collect(here.subscribe(Position(0)), Position(50)))
    for _ in range(50):
        await there.append(an_append())

    assert [event.position for event in await reading] == list(range(1, 51))


# The index


async def test_positions_stay_contiguous_between_commands_that_append_nothing(database: str, open_store: Open) -> None:
    """Such a command has a record of its own, and no position."""
    store = await open_store()
    for n in range(30):
        for _ in range(n % 4):
            await store.append(nothing())
        await store.append(an_append(f"sales.deal-{n % 3}", facts=1 + n % 2))

    async def pages() -> list[list[int]]:
        found = [await store.read_all(Position(after), 7) for after in range(0, 45, 3)]
        return [[event.position for event in page.events] for page in found]

    expected = [list(range(after + 1, min(after + 7, 45) + 1)) for after in range(0, 45, 3)]
    assert await pages() == expected
    assert len(await whole_log(store, 4)) == 45
    await indexed(database, 45 + 43 - 1)
    assert await pages() == expected
    store = await open_store()
    assert await pages() == expected
    assert len(await whole_log(store, 4)) == 45


async def test_a_reopened_log_goes_on_where_it_was(database: str, open_store: Open) -> None:
    store = await open_store()
    append, no_op = an_append(expected=NO_STREAM, facts=3), nothing()
    first, second = await store.append(append), await store.append(no_op)
    await store.close()

    for _ in range(2):
        store = await open_store()
        assert (await store.append(append)) == replace(first, repeated=True)
        assert (await store.append(no_op)) == replace(second, repeated=True)
        with pytest.raises(Conflict):
            await store.append(an_append(expected=NO_STREAM))
        await store.close()
        async with session(database) as operator:
            await operator.execute("DROP SCHEMA log_index CASCADE; DELETE FROM migrations.applied")

    store = await open_store()
    assert (await store.append(an_append(expected=exact(Version(3))))).last == 4
    assert len(await whole_log(store)) == 4


async def test_streams_are_found_half_in_the_index_and_half_in_memory(database: str, open_store: Open) -> None:
    store = await open_store()
    await store.append(an_append("sales.deal-1", facts=3))
    await store.append(an_append("sales.deal-2", facts=3))
    await indexed(database, 5)
    async with held_index(database):
        await store.append(an_append("sales.deal-1", facts=2))

        async def versions(after: int = 0, limit: int | None = None, *, backwards: bool = False) -> list[int]:
            found = await store.read_stream(
                TENANT, "sales.deal-1", after=Version(after), limit=limit, backwards=backwards
            )
            return [event.version for event in found]

        assert await versions() == [1, 2, 3, 4, 5]
        assert await versions(1, 3) == [2, 3, 4]
        assert await versions(limit=3, backwards=True) == [5, 4, 3]
        assert await store.stream_version(TENANT, "sales.deal-1") == 5


async def test_memory_is_bounded_while_the_index_cannot_follow(
    database: str, open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "UNINDEXED_MAX", 20)
    store = await open_store()
    async with held_index(database):
        await store.append(an_append(facts=20))
        with pytest.raises(Unavailable):
            await store.append(an_append(), timeout_s=0.2)
        assert len(store._known.unindexed(1000)) == 20

    assert (await store.append(an_append(), timeout_s=20)).last == 21


async def test_a_process_that_is_far_behind_passes_over_what_is_indexed(
    kurrentdb: FakeKurrentDB, database: str, open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It need not read it, and knows the log all the same: commands, versions, and where each position is."""

    async def deaf(self: Follower) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Follower, "_hear", deaf)
    monkeypatch.setattr(follower, "PAGE", 10)
    here, there = await open_store(), await open_store()
    first = an_append("sales.deal-1", NO_STREAM, 2)
    await there.append(first)
    assert await here.stream_version(TENANT, "sales.deal-1") == 2
    appends = [first]
    for n in range(20):
        await there.append(nothing())
        appends.append(an_append(f"sales.deal-{n % 3}", ANY, 5))
        await there.append(appends[-1])
    await indexed(database, 102 + 20 - 1)

    assert (await here.append(appends[-1])).repeated
    assert (await here.append(an_append("sales.deal-1", exact(Version(2 + 35))))).last == 103
    assert here._known.indexed_head.revision >= 121
    assert (await here.append(first)).versions == {"sales.deal-1": 2}
    assert len(await whole_log(here, 7)) == len(await whole_log(there)) == 103


async def test_a_process_that_always_finds_its_place_taken_is_let_go_first(
    open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "TURN_S", 1.0)
    here, there = await open_store(), await open_store()
    now = asyncio.get_running_loop().time
    await here._index.ask_for_a_turn()
    await there.append(an_append())

    async def is_asked() -> bool:
        return there._known._give_way_until > now()

    await eventually(is_asked, "the other process has heard of it")
    until = there._known._give_way_until
    first, second = (asyncio.create_task(store.append(an_append())) for store in (there, here))

    assert (await second).last == 2
    assert not first.done()
    assert (await first).last == 3
    assert now() >= until


async def test_an_index_that_went_back_is_noticed(database: str, open_store: Open) -> None:
    """What memory gave up, because the index had it, would be in neither: a command could happen twice."""
    store = await open_store()
    append = an_append(expected=NO_STREAM)
    await store.append(append)
    await indexed(database, 0)
    async with session(database) as operator:
        await operator.execute("TRUNCATE log_index.facts, log_index.commands; UPDATE log_index.log SET revision = -1")

        async def is_forgotten() -> bool:
            return not store._known.commands

        await eventually(is_forgotten, "memory has given the command up")

    with pytest.raises(NotSafe, match="the index of the log went back from record 0 to -1"):
        await store.append(append)


async def test_the_index_of_another_department_is_refused(kurrentdb: FakeKurrentDB, database: str) -> None:
    await (await KurrentStore.open(kurrentdb.url, database, "sales")).close()

    with pytest.raises(NotSafe, match="the index of the log of sales, not of marketing"):
        await KurrentStore.open(kurrentdb.url, database, "marketing")


# Restored to an earlier moment


async def test_a_restored_log_is_refused_until_its_generation_is_raised(
    kurrentdb: FakeKurrentDB, database: str, open_store: Open
) -> None:
    store = await open_store()
    appends = [an_append(expected=exact(Version(n))) for n in range(5)]
    for append in appends:
        await store.append(append)
    await indexed(database, 4)
    await store.close()
    kurrentdb.streams.restore(LOG, 3)

    with pytest.raises(NotSafe, match="restored to an earlier moment"):
        await open_store()
    told = await asyncio.to_thread(baton, "log", "raise-generation", "sales", BATON_EVENTSTORE_URL=kurrentdb.url)
    assert told == "generation 2 of the log of sales begins behind position 3\n"

    store = await open_store()
    assert await store.head() == Place(2, Position(3))
    assert (await store.append(appends[2])).place == Place(2, Position(3))
    again = await store.append(appends[3])
    assert (again.repeated, again.place) == (False, Place(2, Position(4)))
    assert await store.forks() == [Fork(2, Position(3))]
    for events in (await whole_log(store), await store.read_stream(TENANT, "sales.deal-7")):
        assert [event.generation for event in events] == [1, 1, 1, 2]


async def test_what_was_recorded_before_anybody_noticed_is_of_the_new_generation(
    kurrentdb: FakeKurrentDB, database: str, open_store: Open
) -> None:
    store = await open_store()
    await store.append(an_append(facts=5))
    await indexed(database, 4)
    with pytest.raises(NotSafe, match=r"ends at position 5: it shares none up to 6"):
        await raise_generation(kurrentdb.url, LOG, shared=Position(6))

    words = ("log", "raise-generation", "sales", "--shared", "3", "--above", "4")
    told = await asyncio.to_thread(baton, *words, BATON_EVENTSTORE_URL=kurrentdb.url)

    assert told == "generation 5 of the log of sales begins behind position 3\n"
    await store.append(an_append())
    for each in (store, await open_store()):
        assert await each.forks() == [Fork(5, Position(3))]
        assert [event.generation for event in await whole_log(each)] == [1, 1, 1, 5, 5, 5]
    assert store.once_restored(Position(2), 7) == "baton log raise-generation sales --shared 2 --above 7"


async def test_an_index_that_does_not_know_where_generations_began_is_computed_again(
    kurrentdb: FakeKurrentDB, database: str, open_store: Open
) -> None:
    store = await open_store()
    await store.append(an_append(facts=2))
    await raise_generation(kurrentdb.url, LOG)
    await store.append(an_append())
    await indexed(database, 3)
    await store.close()
    async with session(database) as operator:
        await operator.execute("DROP TABLE log_index.forks")
        await operator.execute("DELETE FROM migrations.applied WHERE name = 'log_index' AND number = 2")

    assert [event.generation for event in await whole_log(await open_store())] == [1, 1, 2]


async def test_processes_that_start_together_after_a_restore_empty_the_index_once(
    kurrentdb: FakeKurrentDB, database: str, open_store: Open
) -> None:
    """The second has seen the old index, and is about to empty it when the first has made it anew already."""
    store = await open_store()
    await store.append(an_append(facts=5))
    await indexed(database, 4)
    await store.close()
    kurrentdb.streams.restore(LOG, 3)
    await raise_generation(kurrentdb.url, LOG)
    second = await index.Index.open(database, "sales")
    seen = await second.checkpoint()

    first = await open_store()
    await indexed(database, 3)
    await second.clear(seen)
    await second.close()

    assert [event.version for event in await first.read_stream(TENANT, "sales.deal-7")] == [1, 2, 3]
    await (await open_store()).append(an_append(expected=exact(Version(3))))
    assert await first.head() == Place(2, Position(4))


async def test_a_role_that_may_make_nothing_needs_the_index_that_is_there(
    kurrentdb: FakeKurrentDB, database: str, open_store: Open
) -> None:
    with pytest.raises(NotSafe, match="schema log_index is at migration 0"):
        await KurrentStore.open(kurrentdb.url, database, "sales", migrate=False)
    async with session(database) as operator:
        assert await operator.fetchval("SELECT to_regnamespace('log_index')") is None
    await open_store()
    async with await KurrentStore.open(kurrentdb.url, database, "sales", migrate=False) as store:
        assert (await store.append(an_append())).place == Place(1, Position(1))


async def test_one_that_nobody_shares_needs_not_be_told(kurrentdb: FakeKurrentDB, database: str) -> None:
    async with await KurrentStore.open(kurrentdb.url, database, "sales", shared=False) as store:
        heard = asyncio.create_task(collect(store.subscribe(Position(0)), Position(3)))
        await store.append(an_append(facts=3))
        assert [event.position for event in await asyncio.wait_for(heard, 10)] == [1, 2, 3]


async def test_the_generation_of_an_empty_log_can_be_raised(kurrentdb: FakeKurrentDB, open_store: Open) -> None:
    assert await raise_generation(kurrentdb.url, LOG) == Fork(2, Position(0))
    store = await open_store()

    assert await store.head() == Place(2, Position(0))
    assert (await store.append(an_append())).place == Place(2, Position(1))
    assert await raise_generation(kurrentdb.url, LOG) == Fork(3, Position(1))
    assert [event.place for event in await whole_log(store)] == [Place(2, Position(1))]
    assert await store.forks() == [Fork(2, Position(0)), Fork(3, Position(1))]


async def test_the_command_for_logs_in_postgresql_names_that_for_this_one(kurrentdb: FakeKurrentDB) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        await asyncio.to_thread(baton, "log", "restored", "sales", BATON_EVENTSTORE_URL=kurrentdb.url)

    assert refused.value.returncode == 2
    assert "is in KurrentDB (BATON_EVENTSTORE_URL): run `baton log raise-generation sales`" in refused.value.stderr


async def test_a_log_that_is_restored_under_a_running_process_is_noticed(
    kurrentdb: FakeKurrentDB, open_store: Open
) -> None:
    here = await open_store()
    for n in range(5):
        await here.append(an_append(expected=exact(Version(n))))
    kurrentdb.streams.restore(LOG, 3)

    for trial in (here.append(an_append()), here.head(), here.read_all(Position(0))):
        with pytest.raises(NotSafe, match="restored while Baton ran"):
            await trial


@pytest.mark.parametrize("facts", [5, 40], ids=["near the end", "far from it"])
async def test_who_is_behind_is_not_given_what_stands_where_others_stood(
    kurrentdb: FakeKurrentDB, open_store: Open, facts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who follows reads what it knows of without asking how the log ends now: here the log was restored to position 3,
    and others have written since, as much as there was before."""
    monkeypatch.setattr("eventlog.kurrentdb.store.SUBSCRIPTION_PAGE", 1)
    here = await open_store()
    await here.append(an_append(facts=facts))
    stored = kurrentdb.streams.streams[LOG]
    stored[3:] = [replace(each, event=replace(each.event, id=uuid4())) for each in stored[3:]]

    with pytest.raises(NotSafe, match="restored while Baton ran"):
        await anext(here.subscribe(Position(3)))


async def test_another_history_of_the_log_is_noticed(kurrentdb: FakeKurrentDB, open_store: Open) -> None:
    """The log was restored, and others have written since: it is long enough, and it is another one."""
    here = await open_store()
    await here.append(an_append(facts=3))
    await kurrentdb.stop()
    stored = kurrentdb.streams.streams[LOG]
    stored[-1] = replace(stored[-1], event=replace(stored[-1].event, id=uuid4()))
    previous = stored[-1].event.id
    metadata = (
        stored[0]
        .event.metadata.replace(b'"position":1', b'"position":4')
        .replace(b"null", b'"%s"' % str(previous).encode())
    )
    stored.append(replace(stored[0], revision=3, event=replace(stored[0].event, id=uuid4(), metadata=metadata)))
    await kurrentdb.start()

    with pytest.raises(NotSafe, match="record 2, which this process has seen, is another one now"):
        await here.append(an_append(), timeout_s=20)


# What is refused


@pytest.mark.parametrize("forgetting", [{"$maxCount": 1000}, {"$maxAge": 3600}, {"$tb": 5}])
async def test_a_stream_whose_events_are_thrown_away_is_refused(
    kurrentdb: FakeKurrentDB, open_store: Open, forgetting: dict[str, int]
) -> None:
    operator = AsyncKurrentDBClient(kurrentdb.url)
    await operator.set_stream_metadata(LOG, metadata=forgetting)
    await operator.close()

    with pytest.raises(NotSafe, match=f"has .{next(iter(forgetting))[1:]}: the server would throw facts away"):
        await open_store()


async def test_events_that_are_not_batons_are_refused(kurrentdb: FakeKurrentDB, open_store: Open) -> None:
    stranger = LogStream(kurrentdb.url, LOG)
    await stranger.append([NewEvent("order-placed", b"{}")], -1)
    await stranger.close()

    with pytest.raises(NotSafe, match=r"event 0 of baton\.sales is not Baton's"):
        await open_store()


async def test_an_append_that_the_server_does_not_take_is_too_large(database: str) -> None:
    """A server that is told nothing takes 1 MiB in one append, with all that is stored beside the facts."""
    async with (
        running_kurrentdb(max_append_size=1024 * 1024) as server,
        await KurrentStore.open(server.url, database, "sales") as store,
    ):
        large = store.append(an_append("sales.deal-1", facts=[an_event(bytes(EVENT_BYTES_MAX))]))
        small = [store.append(an_append(f"sales.deal-{n}", facts=[an_event(bytes(30_000))])) for n in range(2, 60)]
        answers = await asyncio.gather(large, *small, return_exceptions=True)

        assert Counter(type(answer) for answer in answers) == {TooLarge: 1, Appended: 58}
        assert "MaxAppendSize" in str(answers[0])
        assert len(await whole_log(store)) == 58


async def test_a_type_of_kurrentdbs_own_is_refused(open_store: Open) -> None:
    store = await open_store()

    with pytest.raises(ValueError, match="begins with"):
        await store.append(an_append(facts=[an_event(type="$>")]))


# Bytes


@pytest.mark.parametrize(
    "metadata", [b"", b"\xff\x00\xfe", b'{"a": "\\u0041\\n"}', "é\u2028\x00\x7f".encode(), b"{" * 9]
)
async def test_metadata_comes_back_as_the_same_bytes(open_store: Open, metadata: bytes) -> None:
    store = await open_store()
    await store.append(an_append(facts=[replace(an_event(), metadata=metadata)], outcome=metadata))

    (event,) = await whole_log(store)
    assert event.metadata == metadata


async def test_ids_may_come_from_a_database(database: str, open_store: Open) -> None:
    """The driver has a kind of its own for them, and the log's own index hands it out as well."""
    id = PgUUID(str(uuid4()))
    store = await open_store()
    await store.append(an_append(command=id))
    await indexed(database, 0)
    store = await open_store()
    await store.append(an_append())

    first, _ = await whole_log(store)
    assert first.id == event_id(id, 0)


@pytest.mark.parametrize("first", ["eventlog.kurrentdb", "runtime.errors"])
def test_the_client_lives_beside_googles_messages(first: str) -> None:
    """Each brings a `google.rpc.Code`, and protobuf takes one: see google_codes.py."""
    program = f"import {first}, eventlog.kurrentdb, runtime.errors; from google.rpc import code_pb2, status_pb2"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)


class held_index:
    """Nobody can move the index while this is held."""

    def __init__(self, database: str) -> None:
        self._database = database

    async def __aenter__(self) -> None:
        self._connection = await asyncpg.connect(self._database)
        await self._connection.execute("BEGIN; SELECT FROM log_index.log FOR UPDATE")

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()
