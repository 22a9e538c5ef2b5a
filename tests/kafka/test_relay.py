"""The relay tells a log through Kafka: every event once, in order, and nothing else."""

import random

from eventlog.postgres.store import PostgresStore
from runtime.kafka_server import KafkaServer
from tests.support.kafka import a_department
from tests.support.log import an_append
from tests.support.relaying import a_relay, relaying, the_topic_is_the_log, told_up_to_the_head


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
