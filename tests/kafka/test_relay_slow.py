"""A leader that was only slow can neither write after its successor has started, nor stop it from starting."""

import asyncio

import pytest

from eventlog.postgres.store import PostgresStore
from runtime.kafka_server import KafkaServer
from tests.support.kafka import a_department
from tests.support.log import an_append
from tests.support.relay_process import PLACES, relay_process
from tests.support.relaying import a_relay, relaying, the_topic_is_the_log, told_up_to_the_head

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("place", PLACES)
async def test_a_leader_that_is_stopped_before_it_may(place: str, kafka: KafkaServer, database: str) -> None:
    async with await PostgresStore.open(database, a_department()) as store:
        await store.append(an_append("sales.deal-1", facts=30))
        with relay_process(database, kafka.bootstrap, store.department, place) as slow:
            await slow.has_stopped()
            await store.append(an_append("sales.deal-2", facts=30))
            async with relaying(a_relay(store, database, kafka.bootstrap)) as successor:
                await told_up_to_the_head(kafka.bootstrap, store)
                slow.go_on()
                for n in range(40):
                    await store.append(an_append(f"sales.deal-{n % 7}", facts=3))
                    await asyncio.sleep(0.02)  # while both run
                await told_up_to_the_head(kafka.bootstrap, store)
                assert slow.runs
                assert not successor.done()
        await the_topic_is_the_log(kafka.bootstrap, store)
