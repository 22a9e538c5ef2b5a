"""A log that was restored, topics that were deleted or damaged: stop and say what to run, or fill again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from eventlog.errors import TooLarge
from eventlog.events import EVENT_BYTES_MAX, NewEvent, Place, Position
from eventlog.kafka.resuming import TopicAhead, TopicDamaged
from eventlog.kafka.topics import facts_topic, partitions_of, watermarks_topic
from eventlog.postgres.store import PostgresStore
from runtime.kafka_server import KafkaServer
from tests.support.kafka import a_department
from tests.support.log import an_append, check_log, eventually, whole_log
from tests.support.relaying import a_relay, relaying, the_topic_is_the_log, told, told_up_to_the_head
from tests.support.restoring import raise_generation, restored

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with await PostgresStore.open(database, a_department()) as store:
        for n in range(40):
            await store.append(an_append(f"sales.deal-{n % 11}", facts=3))
        yield store


async def tell_all(kafka: KafkaServer, store: PostgresStore, database: str) -> None:
    async with relaying(a_relay(store, database, kafka.bootstrap)):
        await told_up_to_the_head(kafka.bootstrap, store)


async def refused(kafka: KafkaServer, store: PostgresStore, database: str, why: type[Exception], words: str) -> None:
    with pytest.raises(why, match=words):
        await asyncio.wait_for(a_relay(store, database, kafka.bootstrap).run(), 60)


async def delete(kafka: KafkaServer, *topics: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.delete_topics(list(topics))
    await admin.close()
    await eventually(lambda: _gone(kafka, topics), f"{', '.join(topics)} deleted")


async def _gone(kafka: KafkaServer, topics: Sequence[str]) -> bool:
    """Brokers know of it a moment after it was asked for."""
    return not any([await partitions_of(kafka.bootstrap, topic) for topic in topics])


async def test_a_topic_that_is_ahead_of_its_log_stops_the_relay(
    kafka: KafkaServer, store: PostgresStore, database: str
) -> None:
    await tell_all(kafka, store, database)
    await restored(database, 80)
    await refused(
        kafka,
        store,
        database,
        TopicAhead,
        r"tells 1\.120, the log of .* ends at 1\.80, .* the same up to position 80: .* run `baton log restored sales-",
    )


async def test_so_does_one_that_tells_other_events_at_the_same_positions(
    kafka: KafkaServer, store: PostgresStore, database: str
) -> None:
    await tell_all(kafka, store, database)
    await restored(database, 80)
    async with await PostgresStore.open(database, store.department) as anew:
        await anew.append(an_append("sales.deal-12", facts=60))
        await refused(kafka, anew, database, TopicAhead, "ends at 1.140, and both are the same up to position 80")


@pytest.mark.parametrize("moment", [0, 1, 80, 119, 120])
async def test_once_its_generation_is_raised_the_log_is_told_from_where_both_were_the_same(
    moment: int, kafka: KafkaServer, store: PostgresStore, database: str
) -> None:
    before = await whole_log(store)
    await tell_all(kafka, store, database)
    await restored(database, moment)
    await raise_generation(database, moment)
    async with await PostgresStore.open(database, store.department) as anew:
        await tell_all(kafka, anew, database)  # nothing new yet: the watermark alone says where the two part
        await anew.append(an_append("sales.deal-12", facts=60))
        await tell_all(kafka, anew, database)
        await anew.append(an_append("sales.deal-13", facts=6))
        await tell_all(kafka, anew, database)
        log = await whole_log(anew)

    facts = sorted((fact.event for fact in await told(kafka.bootstrap, store.department)), key=lambda fact: fact.place)
    first = [fact for fact in facts if fact.generation == 1]
    second = [fact for fact in facts if fact.generation == 2]
    assert first == before
    assert [fact.place for fact in second] == [Place(2, Position(n)) for n in range(moment + 1, moment + 67)]
    assert second == log[moment:]
    check_log([*first[:moment], *second])


async def test_what_was_recorded_before_anybody_noticed_is_of_the_new_generation(
    kafka: KafkaServer, store: PostgresStore, database: str
) -> None:
    await tell_all(kafka, store, database)
    await restored(database, 80)
    async with await PostgresStore.open(database, store.department) as anew:
        await anew.append(an_append("sales.deal-12", facts=60))
        await raise_generation(database, 140)
        await refused(kafka, anew, database, TopicAhead, "shares positions up to 140, but topic .* from 81 on")
        await raise_generation(database, 80)
        await tell_all(kafka, anew, database)
        log = await whole_log(anew)
    facts = sorted((fact.event for fact in await told(kafka.bootstrap, store.department)), key=lambda fact: fact.place)
    assert [fact for fact in facts if fact.generation == 3] == log[80:]


async def test_a_log_that_was_restored_twice_is_told_from_where_both_were_the_same(
    kafka: KafkaServer, store: PostgresStore, database: str
) -> None:
    """Between what is shared, what was lost the first time stands in the topic."""
    await tell_all(kafka, store, database)
    for moment, generation in ((80, 2), (100, 3), (90, 4), (10, 5)):
        await restored(database, moment)
        await raise_generation(database, moment)
        async with await PostgresStore.open(database, store.department) as anew:
            await anew.append(an_append(f"sales.deal-{generation}", facts=30))
            await tell_all(kafka, anew, database)
            log = await whole_log(anew)
        facts = [fact.event for fact in await told(kafka.bootstrap, store.department)]
        assert len(facts) == len({fact.place for fact in facts})
        assert all(event in facts for event in log)


@pytest.mark.parametrize("spoilt", [facts_topic, watermarks_topic])
async def test_a_last_record_that_no_relay_wrote_stops_the_relay_and_says_what_to_do(
    spoilt: Callable[[str], str], kafka: KafkaServer, store: PostgresStore, database: str
) -> None:
    await tell_all(kafka, store, database)
    topic = spoilt(store.department)
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as somebody:
        record = await somebody.send_and_wait(topic, b"?", b"?", partition=0, headers=[("tenant", None)])
    words = f"topic {topic}, partition 0, offset {record.offset}: .*; delete "
    await refused(kafka, store, database, TopicDamaged, words)
    await delete(kafka, facts_topic(store.department), watermarks_topic(store.department))
    await tell_all(kafka, store, database)
    await the_topic_is_the_log(kafka.bootstrap, store)


async def test_topics_that_were_deleted_are_made_and_filled_again(
    kafka: KafkaServer, store: PostgresStore, database: str
) -> None:
    for deleted in (
        [facts_topic(store.department)],
        [watermarks_topic(store.department)],
        [facts_topic(store.department), watermarks_topic(store.department)],
    ):
        await tell_all(kafka, store, database)
        await delete(kafka, *deleted)
        await store.append(an_append("sales.deal-1"))
        await tell_all(kafka, store, database)
        await the_topic_is_the_log(kafka.bootstrap, store)


async def test_a_topic_that_is_deleted_under_the_relay_is_filled_again(
    kafka: KafkaServer, store: PostgresStore, database: str
) -> None:
    async with relaying(a_relay(store, database, kafka.bootstrap)):
        await told_up_to_the_head(kafka.bootstrap, store)
        await delete(kafka, facts_topic(store.department), watermarks_topic(store.department))
        await store.append(an_append("sales.deal-1", facts=5))
        await told_up_to_the_head(kafka.bootstrap, store, deadline_s=60)
    await the_topic_is_the_log(kafka.bootstrap, store)


async def test_a_topic_without_its_first_records_stops_the_relay(
    kafka: KafkaServer, store: PostgresStore, database: str
) -> None:
    await tell_all(kafka, store, database)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.delete_records({TopicPartition(facts_topic(store.department), 1): RecordsToDelete(before_offset=2)})
    await admin.close()
    await refused(kafka, store, database, TopicDamaged, "first records of topic .* were deleted; delete baton")


async def test_the_log_refuses_what_a_record_cannot_carry_and_all_else_is_told(
    kafka: KafkaServer, store: PostgresStore, database: str
) -> None:
    most = bytes(EVENT_BYTES_MAX)
    for data, metadata in ((most + b"1", b"{}"), (b"{}", most + b"1")):
        with pytest.raises(TooLarge):
            await store.append(an_append(facts=[NewEvent("sales.deal-moved", 1, data, metadata)]))
    largest = NewEvent("я" * 500, 1, most, most)
    await store.append(an_append("я" * 500, facts=[largest, largest, largest], tenant="я" * 500))
    await tell_all(kafka, store, database)
    await the_topic_is_the_log(kafka.bootstrap, store)
