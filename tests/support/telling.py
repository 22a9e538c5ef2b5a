"""A department's topics written by a test itself: what a faulty Kafka would hold."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer

from eventlog.events import Event, Offset, Position
from eventlog.kafka.partitioning import Partitioner
from eventlog.kafka.records import Record, to_record
from eventlog.kafka.topics import Topics, prepare
from eventlog.kafka.watermarks import Watermark, nothing_told
from eventlog.store import Store

PARTITIONS = 3

Spoil = Callable[[Record], Record]


@dataclass
class Teller:
    """Writes to the topics of the department that owns `store`."""

    store: Store
    topics: Topics
    producer: AIOKafkaProducer
    watermark: Watermark = field(init=False)

    def __post_init__(self) -> None:
        self.partition_of = Partitioner(self.topics.facts.partitions)
        self.watermark = nothing_told(1, self.topics.facts.partitions)

    async def tell(self, events: Iterable[Event], spoil: Spoil = lambda record: record) -> None:
        """Produce these, in this order."""
        for event in events:
            record = to_record(self.store.department, event)
            partition = self.partition_of(record.key)
            sent = spoil(record)
            told = await self.producer.send_and_wait(
                self.topics.facts.name, sent.value, sent.key, partition, headers=sent.headers
            )
            self.watermark = self.watermark.after(event, {partition: Offset(told.offset + 1)})

    async def mark(self) -> None:
        """Say that the log was told up to its head, whatever was."""
        place = await self.store.head()
        (event,) = (await self.store.read_all(Position(place.position - 1), 1)).events
        self.watermark = self.watermark.after(event, {})
        await self.producer.send_and_wait(
            self.topics.watermarks.name, self.watermark.value(), self.watermark.key, partition=0
        )

    async def tell_all(self, after: Position = Position(0)) -> None:
        """Tell the log as it is, from a position on."""
        await self.tell((await self.store.read_all(after, 10_000)).events)
        await self.mark()


@asynccontextmanager
async def telling(store: Store, bootstrap: str, partitions: int = PARTITIONS) -> AsyncIterator[Teller]:
    topics = Topics.of(store.department, partitions=partitions)
    await prepare(bootstrap, topics.facts, topics.watermarks)
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=0) as producer:
        yield Teller(store, topics, producer)


def with_header(name: str, change: Callable[[bytes], bytes | None]) -> Spoil:
    """Spoils one header of a record."""

    def spoil(record: Record) -> Record:
        headers: list[Any] = [(each, change(value) if each == name else value) for each, value in record.headers]
        return record._replace(headers=headers)

    return spoil
