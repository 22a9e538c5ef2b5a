"""A log that KurrentDB keeps is told through Kafka as any other; the relay's lock is in the department's database."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from eventlog.errors import NotSafe
from eventlog.events import Place, Position
from eventlog.kafka.resuming import TopicAhead
from eventlog.kurrentdb import KurrentStore, log_name, raise_generation
from eventlog.store import ANY, Append, StreamWrite
from runtime.kafka_server import KafkaServer
from runtime.roles.process import Started
from runtime.roles.relay import relay
from runtime.settings import Settings
from runtime.stores import open_store
from tests.support.house import eventually
from tests.support.kafka import a_department
from tests.support.kurrentdb import FakeKurrentDB, running_kurrentdb
from tests.support.log import TENANT, a_command, an_append, check_log, whole_log
from tests.support.relaying import a_relay, relaying, the_topic_is_the_log, told, told_up_to_the_head
from tests.support.sessions import session

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
async def kurrentdb() -> AsyncIterator[FakeKurrentDB]:
    async with running_kurrentdb() as server:
        yield server


async def append(store: KurrentStore, deals: range) -> None:
    """Three facts for each deal, and behind them a command that appends nothing: a record without a position."""
    for n in deals:
        await store.append(an_append(f"sales.deal-{n % 11}", facts=3))
        await store.append(Append(TENANT, a_command(), [StreamWrite(f"sales.deal-{n % 11}", ANY, [])]))


async def tell_all(kafka: KafkaServer, store: KurrentStore, database: str) -> None:
    async with relaying(a_relay(store, database, kafka.bootstrap)):
        await told_up_to_the_head(kafka.bootstrap, store, deadline_s=60)


async def test_every_event_stands_once_in_the_topic_whoever_wrote_it_and_whatever_restarts(
    kafka: KafkaServer, kurrentdb: FakeKurrentDB, database: str
) -> None:
    department = a_department()
    async with (
        await KurrentStore.open(kurrentdb.url, database, department) as writing,
        await KurrentStore.open(kurrentdb.url, database, department, migrate=False) as telling,
    ):
        await append(writing, range(20))
        async with relaying(a_relay(telling, database, kafka.bootstrap)):
            await told_up_to_the_head(kafka.bootstrap, writing)
            await kurrentdb.stop()
            await kurrentdb.start()
            await append(writing, range(10))
            await told_up_to_the_head(kafka.bootstrap, writing)
        await tell_all(kafka, telling, database)
        await the_topic_is_the_log(kafka.bootstrap, writing)


async def test_a_restored_log_is_told_from_where_both_were_the_same_once_its_generation_is_raised(
    kafka: KafkaServer, kurrentdb: FakeKurrentDB, database: str
) -> None:
    department = a_department()
    async with await KurrentStore.open(kurrentdb.url, database, department) as store:
        await append(store, range(20))
        await tell_all(kafka, store, database)
        before = await whole_log(store)
    kurrentdb.streams.restore(log_name(department), 48)
    with pytest.raises(NotSafe, match="restored to an earlier moment"):
        await KurrentStore.open(kurrentdb.url, database, department)
    await raise_generation(kurrentdb.url, log_name(department))

    async with await KurrentStore.open(kurrentdb.url, database, department) as anew:
        assert await anew.head() == Place(2, Position(36))
        await tell_all(kafka, anew, database)
        await append(anew, range(20, 40))
        await tell_all(kafka, anew, database)
        log = await whole_log(anew)

    facts = sorted((fact.event for fact in await told(kafka.bootstrap, department)), key=lambda fact: fact.place)
    assert facts == [*before, *log[36:]]
    check_log([*before[:36], *log[36:]])


async def test_one_whose_index_was_restored_with_it_stops_the_relay_which_says_what_to_run(
    kafka: KafkaServer, kurrentdb: FakeKurrentDB, database: str
) -> None:
    """Also when others have written since, as much as there was before."""
    department = a_department()
    async with await KurrentStore.open(kurrentdb.url, database, department) as store:
        await append(store, range(20))
        await tell_all(kafka, store, database)
    kurrentdb.streams.restore(log_name(department), 48)
    async with session(database) as operator:
        await operator.execute("DROP SCHEMA log_index CASCADE; DELETE FROM migrations.applied")

    async with await KurrentStore.open(kurrentdb.url, database, department) as anew:
        for _ in range(2):
            with pytest.raises(TopicAhead, match=f"run `baton log raise-generation {department} --shared 36`"):
                await asyncio.wait_for(a_relay(anew, database, kafka.bootstrap).run(), 60)
            await append(anew, range(20, 28))
        await raise_generation(kurrentdb.url, log_name(department))
        with pytest.raises(TopicAhead, match=f"run again `baton log raise-generation {department} --shared 36`"):
            await asyncio.wait_for(a_relay(anew, database, kafka.bootstrap).run(), 60)

        await raise_generation(kurrentdb.url, log_name(department), shared=Position(36))
        await tell_all(kafka, anew, database)
        log = await whole_log(anew)
    facts = sorted((fact.event for fact in await told(kafka.bootstrap, department)), key=lambda fact: fact.place)
    assert [fact for fact in facts if fact.generation == 3] == log[36:]


async def test_a_relay_that_runs_while_its_log_is_restored_is_ended_by_its_own_check(
    kafka: KafkaServer, kurrentdb: FakeKurrentDB, database: str
) -> None:
    department = a_department()
    async with await KurrentStore.open(kurrentdb.url, database, department) as store:
        await append(store, range(20))
        relaying = asyncio.create_task(a_relay(store, database, kafka.bootstrap).run())
        await told_up_to_the_head(kafka.bootstrap, store)
        kurrentdb.streams.restore(log_name(department), 48)

        with pytest.raises(NotSafe, match="the log was restored while Baton ran"):
            await asyncio.wait_for(relaying, 30)


async def test_its_role_tells_it_and_makes_no_index(
    kafka: KafkaServer, kurrentdb: FakeKurrentDB, database: str
) -> None:
    department = a_department()
    settings = Settings(eventstore_url=kurrentdb.url, database_url=database, kafka_bootstrap=kafka.bootstrap)
    with pytest.raises(NotSafe, match=r"schema log_index is at migration 0.*run `baton migrate`"):
        async with relay(department, settings):
            pass
    store = await open_store(department, settings, database, shared=False)
    try:
        await store.append(an_append(facts=7))
        async with relay(department, settings) as telling:
            await eventually(lambda: _reasons(telling), lambda reasons: reasons == [])
            await told_up_to_the_head(kafka.bootstrap, store)
    finally:
        await store.close()


async def _reasons(started: Started) -> list[str]:
    """Why the role cannot be counted on."""
    return [reason for check in started.checks.values() if (reason := await check())]
