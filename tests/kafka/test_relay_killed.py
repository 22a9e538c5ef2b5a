"""The relay and the broker are killed at any moment: the topic is the log, none missing and none twice."""

import asyncio
import random

import pytest

from eventlog.postgres.store import PostgresStore
from eventlog.store import Store
from runtime.kafka_server import KafkaServer
from tests.support.kafka import a_department
from tests.support.log import an_append
from tests.support.relay_process import relay_process
from tests.support.relaying import (
    a_relay,
    position_told,
    relaying,
    the_topic_is_the_log,
    told_after,
    told_up_to_the_head,
)

pytestmark = pytest.mark.timeout(300)


async def appending(store: Store, dice: random.Random, stop: asyncio.Event) -> int:
    """Append until told to stop, now and then a lot at once; answers how many events."""
    count = 0
    while not stop.is_set():
        facts = dice.choice((1, 1, 1, 3, 40, 700))
        await store.append(an_append(f"sales.deal-{dice.randrange(50)}", facts=facts))
        count += facts
        await asyncio.sleep(dice.uniform(0, 0.02))
    return count


@pytest.mark.parametrize("seed", [1, 2])
async def test_kill_9_of_the_relay_at_any_moment(kafka: KafkaServer, database: str, seed: int) -> None:
    dice, stop = random.Random(seed), asyncio.Event()
    async with await PostgresStore.open(database, a_department()) as store:
        load = asyncio.create_task(appending(store, random.Random(seed), stop))
        for _ in range(6):
            before = await position_told(kafka.bootstrap, store.department)
            with relay_process(database, kafka.bootstrap, store.department):
                await told_after(kafka.bootstrap, store.department, before)
                await asyncio.sleep(dice.uniform(0, 0.3))  # the moment of the kill
        stop.set()
        assert await load > 1000, f"seed {seed} put no load on the relay"
        async with relaying(a_relay(store, database, kafka.bootstrap)):
            await told_up_to_the_head(kafka.bootstrap, store)
        await the_topic_is_the_log(kafka.bootstrap, store)


@pytest.mark.parametrize("seed", [3])
async def test_kill_9_of_the_broker_at_any_moment(own_kafka: KafkaServer, database: str, seed: int) -> None:
    dice, stop = random.Random(seed), asyncio.Event()
    async with await PostgresStore.open(database, a_department()) as store:
        load = asyncio.create_task(appending(store, random.Random(seed), stop))
        async with relaying(a_relay(store, database, own_kafka.bootstrap)):
            for _ in range(3):
                before = await position_told(own_kafka.bootstrap, store.department)
                await told_after(own_kafka.bootstrap, store.department, before)
                await asyncio.sleep(dice.uniform(0, 0.5))  # the moment of the kill
                await own_kafka.kill()
                await own_kafka.restart()
            stop.set()
            assert await load > 1000, f"seed {seed} put no load on the relay"
            await told_up_to_the_head(own_kafka.bootstrap, store)
        await the_topic_is_the_log(own_kafka.bootstrap, store)
