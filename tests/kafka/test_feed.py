"""The contract of feeds, run on the one through Kafka: a department's log, its relay, the topic, and members of groups
that hear it."""

from collections.abc import AsyncIterator

import pytest

from eventlog.feed import Feed
from eventlog.kafka.feed import KafkaFeed
from eventlog.postgres import PostgresStore
from eventlog.store import Store
from runtime.kafka_server import KafkaServer
from tests.contract.feed_contract import FeedContract, FeedFor
from tests.support.kafka import a_department
from tests.support.relaying import a_relay, relaying


class TestFeedThroughKafka(FeedContract):
    @pytest.fixture
    async def store(self, database: str, kafka: KafkaServer) -> AsyncIterator[Store]:
        async with (
            await PostgresStore.open(database, a_department()) as store,
            relaying(a_relay(store, database, kafka.bootstrap)),
        ):
            yield store

    @pytest.fixture
    async def feed_for(self, store: Store, kafka: KafkaServer) -> AsyncIterator[FeedFor]:
        made: list[KafkaFeed] = []

        async def feed_for(department: str) -> Feed:
            made.append(KafkaFeed(store, department, kafka.bootstrap))
            return made[-1]

        yield feed_for
        for feed in made:
            await feed.leave()
