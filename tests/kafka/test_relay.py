"""The relay tells a log through Kafka: every event once, in order, and nothing else."""

import asyncio
import random

from prometheus_client import REGISTRY

from eventlog.postgres.store import PostgresStore
from runtime.kafka_server import KafkaServer
from tests.support.kafka import a_department
from tests.support.log import an_append, eventually
from tests.support.relaying import a_relay, relaying, the_topic_is_the_log, told_up_to_the_head
from tests.support.sessions import session


async def test_every_event_stands_once_in_the_topic_and_the_watermark_covers_it(
    kafka: KafkaServer, database: str
) -> None:
    dice = random.Random(7)
    async with await PostgresStore.open(database, a_department()) as store:
        for _ in range(60):
            await store.append(an_append(f"sales.deal-{dice.randrange(25)}", facts=dice.randint(1, 9)))
        async with relaying(a_relay(store, database, kafka.bootstrap)):
            await told_up_to_the_head(kafka.bootstrap, store)
            for _ in range(40):
                await store.append(an_append(f"sales.deal-{dice.randrange(25)}", facts=dice.randint(1, 3)))
            await told_up_to_the_head(kafka.bootstrap, store)
        await the_topic_is_the_log(kafka.bootstrap, store)


async def test_it_says_what_it_does_in_numbers(kafka: KafkaServer, database: str) -> None:
    async with await PostgresStore.open(database, a_department()) as store:
        await store.append(an_append(facts=12))
        async with relaying(a_relay(store, database, kafka.bootstrap)):
            await told_up_to_the_head(kafka.bootstrap, store)
            await eventually(lambda: _is("baton_relay_position", store, 12), "the position is shown")
            assert await _is("baton_relay_leading", store, 1)
            assert await _is("baton_relayed_records_total", store, 12)
            assert await _is("baton_relay_transaction_events_sum", store, 12)
            assert await _is("baton_relay_lag", store, 0)
        assert await _is("baton_relay_leading", store, 0)


async def _is(name: str, store: PostgresStore, value: float) -> bool:
    return REGISTRY.get_sample_value(name, {"department": store.department}) == value


async def test_what_was_interrupted_leaves_nothing_running_behind(kafka: KafkaServer, database: str) -> None:
    async with (
        await PostgresStore.open(database, a_department()) as store,
        session(database) as operator,
        relaying(a_relay(store, database, kafka.bootstrap)),
    ):
        await store.append(an_append())
        await told_up_to_the_head(kafka.bootstrap, store)
        tasks = len(asyncio.all_tasks())
        for _ in range(4):
            await operator.execute(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE application_name = 'baton relay' AND datname = current_database()"""
            )
            await store.append(an_append())
            await told_up_to_the_head(kafka.bootstrap, store)
        await eventually(lambda: _no_more_than(tasks), "no task is left behind")


async def _no_more_than(tasks: int) -> bool:
    return len(asyncio.all_tasks()) <= tasks
