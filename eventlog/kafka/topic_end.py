"""What stands at the end of partitions: the last record of each that was committed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaTimeoutError

from eventlog.kafka.brokers import Bootstrap, connection
from eventlog.kafka.limits import FETCH_BYTES_MAX, PARTITION_FETCH_BYTES_MAX

READ_S = 30.0
_POLL_MS = 100

Record: TypeAlias = ConsumerRecord[bytes, bytes]


@asynccontextmanager
async def committed_reader(bootstrap: Bootstrap, wait_ms: int = _POLL_MS) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group that sees only what was committed. Where there is nothing new it asks the broker again
    every `wait_ms`; what comes meanwhile is answered at once."""
    consumer = AIOKafkaConsumer(
        **connection(bootstrap),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="none",
        fetch_max_wait_ms=wait_ms,
        fetch_max_bytes=FETCH_BYTES_MAX,
        max_partition_fetch_bytes=PARTITION_FETCH_BYTES_MAX,
        request_timeout_ms=10_000,
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def last_records(
    consumer: AIOKafkaConsumer, partitions: Collection[TopicPartition]
) -> dict[TopicPartition, Record]:
    """The last committed record of each partition that has one.

    The end of a partition is a commit marker, behind records of aborted transactions perhaps, which no reader is
    given; so it is read from further and further in front of the end until a record was seen."""
    ends = await consumer.end_offsets(partitions)
    begins = await consumer.beginning_offsets(partitions)
    found: dict[TopicPartition, Record] = {}
    behind = 4
    wanted = {each: max(begins[each], ends[each] - behind) for each in partitions if ends[each] > begins[each]}
    while wanted:
        found |= await _last_between(consumer, wanted, ends)
        behind *= 32
        wanted = {
            each: max(begins[each], ends[each] - behind)
            for each, start in wanted.items()
            if each not in found and start > begins[each]
        }
    return found


async def first_record(
    consumer: AIOKafkaConsumer,
    partition: TopicPartition,
    start: int,
    end: int,
    counts: Callable[[Record], bool] = lambda record: True,
) -> Record | None:
    """The first committed record that counts, from an offset on, before another."""
    consumer.assign([partition])
    consumer.seek(partition, start)
    async with _in_time(partition):
        while await consumer.position(partition) < end:
            records = await consumer.getmany(partition, timeout_ms=_POLL_MS)
            for record in records.get(partition, ()):
                if record.offset >= end:
                    return None
                if counts(record):
                    return record
    return None


async def _last_between(
    consumer: AIOKafkaConsumer, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
) -> dict[TopicPartition, Record]:
    """Of each partition the last committed record from `starts` to before `ends`."""
    consumer.assign(list(starts))
    for partition, start in starts.items():
        consumer.seek(partition, start)
    found: dict[TopicPartition, Record] = {}
    left = set(starts)
    async with _in_time(*starts):
        while left:
            for partition, records in (await consumer.getmany(*left, timeout_ms=_POLL_MS)).items():
                found.update((partition, record) for record in records if record.offset < ends[partition])
            left = {each for each in left if await consumer.position(each) < ends[each]}
    return found


@asynccontextmanager
async def _in_time(*partitions: TopicPartition) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(READ_S):
            yield
    except TimeoutError:
        raise KafkaTimeoutError(f"{partitions[0].topic} was not read to its end within {READ_S:.0f} s") from None
