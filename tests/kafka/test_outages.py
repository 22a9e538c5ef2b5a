"""A department that hears through Kafka when something is away: it waits, keeps its place, and goes on."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from eventlog.codec import Codec
from eventlog.kafka.feed import KafkaFeed
from eventlog.memory import MemoryStore
from eventlog.projector import Projector
from eventlog.views import Views
from runtime.kafka_server import KafkaServer
from tests.kafka.test_hearing import is_as_told, some_visits
from tests.support.department import heard, open_views
from tests.support.listening import listening
from tests.support.log import eventually
from tests.support.postgres import TestServer
from tests.support.telling import Teller, telling


def feed_of(projector: Projector, shop: MemoryStore) -> KafkaFeed:
    feed = projector.sources[shop.department].feed
    assert isinstance(feed, KafkaFeed)
    return feed


@pytest.fixture
async def own_views(own_postgres: TestServer) -> AsyncIterator[Views]:
    async with open_views(own_postgres.dsn(own_postgres.create_database())) as views:
        yield views


async def test_a_reader_whose_database_is_away_keeps_its_partitions_and_goes_on_when_it_is_back(
    own_views: Views,
    own_postgres: TestServer,
    codec: Codec,
    shop: MemoryStore,
    teller: Teller,
    kafka: KafkaServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with listening(own_views, codec, shop, kafka.bootstrap) as projector:
        await some_visits(shop, codec, seed=1)
        await teller.tell_all()
        await heard(projector, shop)
        turn = feed_of(projector, shop).member.turn

        own_postgres.stop()
        first = (await shop.head()).position
        await some_visits(shop, codec, seed=2)
        await teller.tell_all(first)
        begun, worked = time.monotonic(), time.process_time()
        await eventually(lambda: has_waited(caplog, 5), "it has tried again several times")
        assert time.process_time() - worked < 0.5 * (time.monotonic() - begun) + 0.5
        own_postgres.start()
        await heard(projector, shop)

        assert feed_of(projector, shop).member.turn == turn
    await is_as_told(own_views, codec, shop)


async def has_waited(caplog: pytest.LogCaptureFixture, times: int) -> bool:
    return len([each for each in caplog.records if "trying again" in each.getMessage()]) >= times


@pytest.mark.timeout(240)
async def test_a_broker_that_is_away_is_waited_for_and_nothing_is_lost(
    views: Views, codec: Codec, shop: MemoryStore, own_kafka: KafkaServer
) -> None:
    async with telling(shop, own_kafka.bootstrap) as teller:
        await some_visits(shop, codec, seed=3)
        await teller.tell_all()
        async with listening(views, codec, shop, own_kafka.bootstrap) as projector:
            await heard(projector, shop)
            await own_kafka.kill()
            await asyncio.sleep(1.0)
            worked = time.process_time()
            await asyncio.sleep(2.0)
            assert time.process_time() - worked < 1.0
            await own_kafka.restart()
            first = (await shop.head()).position
            await some_visits(shop, codec, seed=4, appends=5)
            await teller.tell_all(first)
            await projector.wait_for(shop.department, await shop.head(), 60)
    await is_as_told(views, codec, shop)


@pytest.mark.timeout(240)
async def test_a_topic_that_is_deleted_and_filled_again_meanwhile_is_heard_from_its_start(
    views: Views, codec: Codec, shop: MemoryStore, teller: Teller, kafka: KafkaServer
) -> None:
    await some_visits(shop, codec, seed=5)
    await teller.tell_all()
    async with listening(views, codec, shop, kafka.bootstrap) as projector:
        await heard(projector, shop)

        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        await admin.start()
        await admin.delete_topics([teller.topics.facts.name, teller.topics.watermarks.name])
        await admin.close()
        async with telling(shop, kafka.bootstrap) as again:
            # Other positions have the same offsets now: a reader that just goes on misses some of them.
            await some_visits(shop, codec, seed=6, appends=40)
            await again.tell_all()
            await projector.wait_for(shop.department, await shop.head(), 60)
    await is_as_told(views, codec, shop)
