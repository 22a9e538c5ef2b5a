"""The relay and its database: sessions end, servers restart, networks are cut."""

import asyncio
import inspect
import signal
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from eventlog import metrics
from eventlog.errors import NotSafe
from eventlog.kafka import leadership, relay
from eventlog.postgres.store import PostgresStore
from runtime.kafka_server import KafkaServer
from tests.support.kafka import a_department
from tests.support.log import an_append, eventually
from tests.support.network import network
from tests.support.postgres import TestServer
from tests.support.relaying import a_relay, relaying, the_topic_is_the_log, told_up_to_the_head
from tests.support.sessions import session

pytestmark = pytest.mark.timeout(240)


async def test_a_leader_that_lost_its_session_leads_again(kafka: KafkaServer, database: str) -> None:
    async with await PostgresStore.open(database, a_department()) as store, session(database) as operator:
        async with relaying(a_relay(store, database, kafka.bootstrap)):
            for round in range(5):
                await store.append(an_append(f"sales.deal-{round}", facts=20))
                await operator.execute(
                    """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE application_name = 'baton relay' AND datname = current_database()"""
                )
            await told_up_to_the_head(kafka.bootstrap, store)
        await the_topic_is_the_log(kafka.bootstrap, store)


@pytest.mark.parametrize("step", ["prepare", "fencing_producer", "resume"])
async def test_a_leader_may_take_longer_for_a_step_to_the_head_than_its_session_may_idle(
    step: str, kafka: KafkaServer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, step, slowly(getattr(relay, step)))
    monkeypatch.setitem(leadership._LIMITS, "idle_session_timeout", "1s")
    monkeypatch.setattr(leadership, "PING_S", 0.2)
    async with await PostgresStore.open(database, a_department()) as store:
        await store.append(an_append(facts=7))
        async with relaying(a_relay(store, database, kafka.bootstrap)):
            await told_up_to_the_head(kafka.bootstrap, store)


def slowly(step: Callable[..., Any]) -> Callable[..., Any]:
    """The same after a while, longer than a session may idle: a function to await, or a context to enter."""

    async def delayed(*given: Any) -> Any:
        await asyncio.sleep(2.5)
        return await step(*given)

    @asynccontextmanager
    async def entered(*given: Any) -> AsyncIterator[Any]:
        await asyncio.sleep(2.5)
        async with step(*given) as made:
            yield made

    return delayed if inspect.iscoroutinefunction(step) else entered


async def test_the_server_crashes_and_comes_back_under_a_relay(kafka: KafkaServer, own_postgres: TestServer) -> None:
    dsn = own_postgres.dsn(own_postgres.create_database())
    async with await PostgresStore.open(dsn, a_department()) as store:
        async with relaying(a_relay(store, dsn, kafka.bootstrap)):
            for round in range(2):
                await store.append(an_append(f"sales.deal-{round}", facts=500))
                await asyncio.to_thread(own_postgres.stop, signal.SIGQUIT)
                await asyncio.to_thread(own_postgres.start)
            await store.append(an_append("sales.deal-9", facts=7), timeout_s=20)
            await told_up_to_the_head(kafka.bootstrap, store)
        await the_topic_is_the_log(kafka.bootstrap, store)


async def test_a_leader_that_is_cut_off_from_its_database_makes_room_and_writes_nothing_more(
    kafka: KafkaServer, postgres: TestServer, database: str
) -> None:
    """Nobody closes anything: the server's session goes on until it was idle for too long, the leader believes that
    it leads, and Kafka takes what it sends until another one has fenced it."""
    with tempfile.TemporaryDirectory(prefix="baton-cut-") as folder:
        here, there = Path(folder) / ".s.PGSQL.5432", postgres.socket / ".s.PGSQL.5432"
        beyond_the_cut = database.replace(str(postgres.socket), folder)
        async with (
            network(there, here) as (wires, _),
            await PostgresStore.open(database, a_department()) as store,
            relaying(a_relay(store, beyond_the_cut, kafka.bootstrap)) as first,
        ):
            await store.append(an_append("sales.deal-1", facts=20))
            await told_up_to_the_head(kafka.bootstrap, store)
            wires.cut()
            async with relaying(a_relay(store, database, kafka.bootstrap)) as second:
                for n in range(80):
                    await store.append(an_append(f"sales.deal-{n % 7}", facts=3))
                    await asyncio.sleep(0.1)  # while the first notices, and the second is given the lock
                wires.mend()
                await store.append(an_append("sales.deal-8", facts=20))
                await told_up_to_the_head(kafka.bootstrap, store)
                assert not first.done()
                assert not second.done()
            await store.append(an_append("sales.deal-9", facts=20))
            await told_up_to_the_head(kafka.bootstrap, store)  # by the first, which had to wait for it
            await the_topic_is_the_log(kafka.bootstrap, store)


async def test_who_waits_to_lead_notices_that_its_database_is_gone(
    kafka: KafkaServer, postgres: TestServer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not hang on a connection at whose other end nobody is: it starts over, and leads when it can."""
    monkeypatch.setattr(leadership, "ANSWER_S", 1.0)
    with tempfile.TemporaryDirectory(prefix="baton-cut-") as folder:
        here, there = Path(folder) / ".s.PGSQL.5432", postgres.socket / ".s.PGSQL.5432"
        beyond_the_cut = database.replace(str(postgres.socket), folder)
        async with network(there, here) as (wires, _), await PostgresStore.open(database, a_department()) as store:
            async with AsyncExitStack() as waiting:
                async with relaying(a_relay(store, database, kafka.bootstrap)):
                    await store.append(an_append(facts=9))
                    await told_up_to_the_head(kafka.bootstrap, store)
                    await waiting.enter_async_context(relaying(a_relay(store, beyond_the_cut, kafka.bootstrap)))
                    await eventually(lambda: somebody_stands_by(database), "the second stands by")
                    wires.cut()
                    interrupted = metrics.RELAY_INTERRUPTED.labels(store.department, "TimeoutError")
                    await eventually(lambda: is_counted(interrupted), "the second has started over")
                    wires.mend()
                await store.append(an_append(facts=9))
                await told_up_to_the_head(kafka.bootstrap, store)
            await the_topic_is_the_log(kafka.bootstrap, store)


async def somebody_stands_by(database: str) -> bool:
    """Who leads has asked something else since: whether its session lives."""
    async with session(database) as operator:
        return bool(
            await operator.fetchval(
                """SELECT count(*) FROM pg_stat_activity WHERE application_name = 'baton relay'
                AND datname = current_database() AND query LIKE '%advisory%'"""
            )
        )


async def is_counted(counter: Any) -> bool:
    return bool(counter._value.get() > 0)


async def test_a_log_that_lacks_a_position_stops_the_relay(kafka: KafkaServer, database: str) -> None:
    async with await PostgresStore.open(database, a_department()) as store, session(database) as operator:
        await store.append(an_append("sales.deal-1", facts=9))
        await operator.execute("DELETE FROM log.events WHERE position = 5")
        with pytest.raises(NotSafe, match="lacks position 5"):
            await asyncio.wait_for(a_relay(store, database, kafka.bootstrap).run(), 60)


async def test_a_relay_waits_for_the_one_that_leads_and_takes_over_when_it_ends(
    kafka: KafkaServer, database: str
) -> None:
    async with await PostgresStore.open(database, a_department()) as store:
        first, second = (a_relay(store, database, kafka.bootstrap) for _ in range(2))
        async with AsyncExitStack() as waiting:
            async with relaying(first):
                await store.append(an_append("sales.deal-1", facts=9))
                await told_up_to_the_head(kafka.bootstrap, store)
                await waiting.enter_async_context(relaying(second))
                await store.append(an_append("sales.deal-1", facts=9))
                await told_up_to_the_head(kafka.bootstrap, store)
                assert (first.watermark is not None, second.watermark) == (True, None)
            await store.append(an_append("sales.deal-1", facts=9))
            await told_up_to_the_head(kafka.bootstrap, store)
            assert second.watermark is not None
        await the_topic_is_the_log(kafka.bootstrap, store)
