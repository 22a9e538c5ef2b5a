"""What a `read_committed` reader finds in a department's topics, compared with its log."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.partitioner import murmur2

from eventlog.events import Event, Offset
from eventlog.kafka.brokers import Bootstrap
from eventlog.kafka.records import from_record
from eventlog.kafka.relay import Relay
from eventlog.kafka.topic_end import committed_reader, last_records
from eventlog.kafka.topics import Topics, facts_topic, partitions_of, prepare, watermarks_topic
from eventlog.kafka.watermarks import Watermark
from eventlog.store import Store
from tests.support.log import check_log, eventually, whole_log

PARTITIONS = 5
READ_S = 60.0


@dataclass(frozen=True)
class Told:
    """A fact where it stands in its topic."""

    partition: int
    offset: Offset
    event: Event


def some_topics(department: str, partitions: int = PARTITIONS) -> Topics:
    return Topics.of(department, partitions=partitions)


def a_relay(store: Store, dsn: str, bootstrap: Bootstrap, partitions: int = PARTITIONS) -> Relay:
    return Relay(store, dsn, bootstrap, some_topics(store.department, partitions))


@asynccontextmanager
async def relaying(relay: Relay) -> AsyncIterator["asyncio.Task[None]"]:
    """Run it beside the test."""
    running = asyncio.create_task(relay.run())
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.wait({running})


async def records_of(
    consumer: AIOKafkaConsumer, topic: str, at_least: Sequence[Offset] = ()
) -> list["ConsumerRecord[bytes, bytes]"]:
    """Every committed record, partition by partition; waits for those before `at_least`, an offset a partition."""
    partitions = [TopicPartition(topic, n) for n in sorted(await consumer._client._wait_on_metadata(topic))]
    ends = await consumer.end_offsets(partitions)
    ends |= {each: max(ends[each], offset) for each, offset in zip(partitions, at_least, strict=False)}
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    found: dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]] = {each: [] for each in partitions}
    async with asyncio.timeout(READ_S):
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            for partition, records in (await consumer.getmany(timeout_ms=50)).items():
                found[partition].extend(records)
    return [record for records in found.values() for record in records]


async def told(bootstrap: Bootstrap, department: str) -> list[Told]:
    """Every fact that a reader of committed records is given, partition by partition.

    A transaction is seen as committed at each partition on its own, and perhaps first where the watermarks are (seen 4
    times in 300 with three brokers): so what the newest watermark counts is waited for."""
    watermark = await newest_watermark(bootstrap, department)
    async with committed_reader(bootstrap) as consumer:
        records = await records_of(consumer, facts_topic(department), watermark.offsets if watermark else ())
    return [Told(record.partition, Offset(record.offset), from_record(record)) for record in records]


async def newest_watermark(bootstrap: Bootstrap, department: str) -> Watermark | None:
    """The last one; None where there is none, or no topic."""
    topic = TopicPartition(watermarks_topic(department), 0)
    if not await partitions_of(bootstrap, topic.topic):
        return None
    async with committed_reader(bootstrap) as consumer:
        last = await last_records(consumer, [topic])
    return Watermark.parse(last[topic].value) if last else None


async def position_told(bootstrap: Bootstrap, department: str) -> int:
    """The newest watermark's position; makes the topics where they are missing."""
    topics = some_topics(department)
    await prepare(bootstrap, topics.facts, topics.watermarks)
    found = await newest_watermark(bootstrap, department)
    return found.position if found else 0


async def told_after(bootstrap: Bootstrap, department: str, position: int) -> None:
    """Wait until something behind a position was told."""

    async def further() -> bool:
        found = await newest_watermark(bootstrap, department)
        return found is not None and found.position > position

    await eventually(further, f"something told behind position {position}")


async def told_up_to_the_head(bootstrap: Bootstrap, store: Store, deadline_s: float = 30.0) -> Watermark:
    """Wait until the newest watermark is at the head of the log."""
    seen: list[Watermark | None] = []

    async def complete() -> bool:
        seen.append(await newest_watermark(bootstrap, store.department))
        return seen[-1] is not None and seen[-1].place == await store.head()

    await eventually(complete, "the whole log told", deadline_s)
    assert seen[-1] is not None
    return seen[-1]


async def the_topic_is_the_log(bootstrap: Bootstrap, store: Store, partitions: int = PARTITIONS) -> list[Told]:
    """Record by record and digest by digest: none missing, none twice, in order in each partition."""
    facts = await told(bootstrap, store.department)
    log = await whole_log(store)
    _each_once_and_in_order(facts, log, partitions)
    watermark = await newest_watermark(bootstrap, store.department)
    assert not log or watermark == _watermark_over(facts, log, partitions)
    return facts


def _each_once_and_in_order(facts: Sequence[Told], log: Sequence[Event], partitions: int) -> None:
    for partition in range(partitions):
        positions = [fact.event.position for fact in facts if fact.partition == partition]
        assert positions == sorted(set(positions)), f"partition {partition} is not in the order of positions"
    for fact in facts:
        assert fact.partition == (murmur2(fact.event.stream.encode()) & 0x7FFFFFFF) % partitions
    found = [fact.event for fact in sorted(facts, key=lambda fact: fact.event.position)]
    assert [event.position for event in found] == [event.position for event in log]
    assert found == list(log)
    check_log(found)


def _watermark_over(facts: Sequence[Told], log: Sequence[Event], partitions: int) -> Watermark:
    offsets = [Offset(0)] * partitions
    for fact in facts:
        offsets[fact.partition] = Offset(max(offsets[fact.partition], fact.offset + 1))
    return Watermark(log[-1].generation, log[-1].position, tuple(offsets), log[-1].digest)
