"""A department whose log was restored is heard on through Kafka, where what was lost still stands in the topic."""

import random
from collections.abc import AsyncIterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from eventlog.codec import Codec
from eventlog.kafka.topics import facts_topic, watermarks_topic
from eventlog.memory import MemoryStore
from eventlog.postgres.store import PostgresStore
from eventlog.views import Views
from runtime.kafka_server import KafkaServer
from tests.support.department import CustomerBought, CustomerCame, Expected, heard, ledger_is_true, record
from tests.support.kafka import a_department
from tests.support.listening import listening
from tests.support.postgres import TestServer
from tests.support.relaying import a_relay, relaying, told, told_up_to_the_head
from tests.support.restoring import raise_generation, restored

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
async def shop_database(postgres: TestServer) -> AsyncIterator[str]:
    name = postgres.create_database()
    yield postgres.dsn(name)
    postgres.drop_database(name)


@pytest.fixture
def department() -> str:
    return a_department().replace("sales", "shop")


async def some_visits(store: PostgresStore, codec: Codec, seed: int, appends: int) -> None:
    choose = random.Random(seed)
    for _ in range(appends):
        n = choose.randrange(9)
        bought = CustomerBought(customer=f"customer-{n % 3}", what=f"coffee {seed}", price=choose.randrange(9))
        await record(store, codec, f"visit-{n}", CustomerCame(customer=f"customer-{n % 3}"), bought)


async def tell_all(kafka: KafkaServer, store: PostgresStore, database: str) -> None:
    async with relaying(a_relay(store, database, kafka.bootstrap)):
        await told_up_to_the_head(kafka.bootstrap, store)


async def hear_all(views: Views, codec: Codec, kafka: KafkaServer, sales: MemoryStore, store: PostgresStore) -> None:
    async with listening(views, codec, store, kafka.bootstrap, own=sales) as projector:
        await heard(projector, sales, store)


async def is_true(views: Views, codec: Codec, sales: MemoryStore, store: PostgresStore) -> None:
    assert await Expected.found(views) == await Expected.of(codec, sales, store)
    await ledger_is_true(views, store)
    assert await views.fetch("SELECT stream, version, kind, reason FROM parked") == []


@pytest.mark.parametrize("heard_before", ["nothing", "less than is shared", "all that was lost"])
@pytest.mark.parametrize("deleted", [False, True], ids=["the topic stays", "the topics are deleted, too"])
async def test_what_was_lost_is_forgotten_or_passed_over_and_what_comes_is_heard(
    heard_before: str,
    deleted: bool,
    views: Views,
    codec: Codec,
    sales: MemoryStore,
    kafka: KafkaServer,
    shop_database: str,
    department: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await record(sales, codec, "visit-1", CustomerBought(customer="mia", what="tea", price=2))
    async with await PostgresStore.open(shop_database, department) as store:
        await some_visits(store, codec, 1, 15)
        await tell_all(kafka, store, shop_database)
        if heard_before == "less than is shared":
            await hear_all(views, codec, kafka, sales, store)
        await some_visits(store, codec, 2, 10)
        moment = (await store.head()).position
        await some_visits(store, codec, 3, 20)
        await tell_all(kafka, store, shop_database)
        if heard_before == "all that was lost":
            await hear_all(views, codec, kafka, sales, store)
    await restored(shop_database, moment)
    async with await PostgresStore.open(shop_database, department) as store:
        await some_visits(store, codec, 4, 3)
        await raise_generation(shop_database, moment)
        if deleted:
            await delete(kafka, facts_topic(department), watermarks_topic(department))
        await tell_all(kafka, store, shop_database)
        await hear_all(views, codec, kafka, sales, store)
        await is_true(views, codec, sales, store)

        await some_visits(store, codec, 5, 30)
        await tell_all(kafka, store, shop_database)
        await hear_all(views, codec, kafka, sales, store)
        await is_true(views, codec, sales, store)

        records = [fact.event for fact in await told(kafka.bootstrap, department)]
        log = (await store.read_all(moment, 10_000)).events
        assert sorted((each for each in records if each.generation == 2), key=lambda each: each.position) == log
    digests = [message for message in caplog.messages if "another digest" in message or "did not come" in message]
    assert digests == []


async def test_who_hears_while_it_happens_goes_on_by_itself(
    views: Views, codec: Codec, sales: MemoryStore, kafka: KafkaServer, shop_database: str, department: str
) -> None:
    async with await PostgresStore.open(shop_database, department) as store:
        await some_visits(store, codec, 1, 20)
        await tell_all(kafka, store, shop_database)
        async with listening(views, codec, store, kafka.bootstrap, own=sales) as projector:
            await heard(projector, store)
            await restored(shop_database, 17)
            await raise_generation(shop_database, 17)
            async with await PostgresStore.open(shop_database, department) as anew:
                await some_visits(anew, codec, 2, 25)
                await tell_all(kafka, anew, shop_database)
                await heard(projector, anew)
                await is_true(views, codec, sales, anew)


async def delete(kafka: KafkaServer, *topics: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.delete_topics(list(topics))
    await admin.close()
