"""Failures that other readers of Kafka shipped, each held by a test; `tests/museum/` shows what each test is for."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError
from aiokafka.structs import OffsetAndMetadata

from eventlog.codec import Codec
from eventlog.events import Offset
from eventlog.kafka.membership import Member
from eventlog.marks import Superseded
from eventlog.memory import MemoryStore
from eventlog.views import Views
from runtime.kafka_server import KafkaServer
from tests.kafka.test_hearing import is_as_told, some_visits
from tests.kafka.test_outages import feed_of
from tests.support.department import heard
from tests.support.listening import SESSION_S, listening
from tests.support.log import eventually
from tests.support.telling import Teller

MakeMember = Callable[[], Member]


@pytest.fixture
async def members(teller: Teller, kafka: KafkaServer) -> AsyncIterator[MakeMember]:
    """Members of one group."""
    made: list[Member] = []

    def make() -> Member:
        made.append(
            Member(kafka.bootstrap, teller.topics.facts.name, f"baton.sales.{teller.store.department}", None, SESSION_S)
        )
        return made[-1]

    yield make
    for member in made:
        await member.leave()


async def committed(member: Member, topic: str) -> dict[int, int]:
    consumer = member._consumer
    assert consumer is not None
    return {part: await consumer.committed(TopicPartition(topic, part)) or 0 for part in range(3)}


async def test_nothing_comes_between_partitions_that_are_given_anew_and_the_place_where_the_database_goes_on(
    codec: Codec, shop: MemoryStore, teller: Teller, members: MakeMember
) -> None:
    """The group has committed the end, whoever did that, and the database is far behind: it was restored."""
    await some_visits(shop, codec, seed=1)
    await teller.tell_all()
    member, another = members(), members()
    turn = await member.start_at(dict.fromkeys(await member.assigned(), Offset(0)))
    while not await member.records(turn, 1):
        pass
    assert member._consumer is not None
    ends = {
        TopicPartition(teller.topics.facts.name, p): OffsetAndMetadata(o - 1, "")
        for p, o in enumerate(teller.watermark.offsets)
    }
    await member._consumer.commit(ends)

    await another.assigned()
    await another.leave()
    await eventually(lambda: has_all(member), "all partitions given back")
    with pytest.raises(Superseded):
        await read_on(member, turn)


async def read_on(member: Member, turn: int) -> None:
    async with asyncio.timeout(30):
        while True:
            for record in await member.records(turn, 1):
                assert record.offset < 3, "it went on at what was committed"


async def has_all(member: Member) -> bool:
    return len(member.parts) == 3


async def test_partitions_that_move_while_a_reader_finds_its_place_are_asked_for_again(
    codec: Codec, shop: MemoryStore, teller: Teller, members: MakeMember
) -> None:
    member, another = members(), members()
    found = dict.fromkeys(await member.assigned(), Offset(0))
    await another.assigned()
    await eventually(lambda: shares(member, another), "the partitions shared")

    with pytest.raises(Superseded):
        await member.start_at(found)


async def shares(*members: Member) -> bool:
    return sum(len(member.parts) for member in members) == 3 and all(member.parts for member in members)


async def test_kafka_is_not_told_of_what_is_still_being_written(
    views: Views, codec: Codec, shop: MemoryStore, teller: Teller, kafka: KafkaServer
) -> None:
    await some_visits(shop, codec, seed=2)
    async with listening(views, codec, shop, kafka.bootstrap) as projector:
        member = feed_of(projector, shop).member
        await eventually(lambda: has_all(member), "all partitions")
        async with views.transaction() as connection:
            await connection.execute("LOCK TABLE customers")
            await teller.tell_all()
            await eventually(lambda: is_blocked(views), "a batch that waits for the table")
            await asyncio.sleep(2.5)
            assert await committed(member, teller.topics.facts.name) == {0: 0, 1: 0, 2: 0}
        await heard(projector, shop)
    await is_as_told(views, codec, shop)


async def is_blocked(views: Views) -> bool:
    return bool(await views.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))


async def test_the_lag_is_told_again_after_telling_it_failed_while_partitions_moved(
    views: Views,
    codec: Codec,
    shop: MemoryStore,
    teller: Teller,
    kafka: KafkaServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with listening(views, codec, shop, kafka.bootstrap) as projector:
        member = feed_of(projector, shop).member
        await eventually(lambda: has_all(member), "all partitions")
        failed = asyncio.Event()

        async def fail(_: object) -> None:
            failed.set()
            raise CommitFailedError("the group has already rebalanced")

        with monkeypatch.context() as patch:
            patch.setattr(member._consumer, "commit", fail)
            await some_visits(shop, codec, seed=3)
            await teller.tell_all()
            await heard(projector, shop)
            async with asyncio.timeout(20):
                await failed.wait()

        await eventually(lambda: is_told(member, teller), "the lag told")


async def is_told(member: Member, teller: Teller) -> bool:
    return await committed(member, teller.topics.facts.name) == dict(enumerate(teller.watermark.offsets))
