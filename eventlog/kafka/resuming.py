"""Where a relay goes on: learnt from the topics, because it keeps no truth of its own, and checked against the log."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition

from eventlog.errors import LogError, NotSafe
from eventlog.events import Event, Fork, Offset, Place, Position, is_lost
from eventlog.kafka.brokers import Bootstrap
from eventlog.kafka.records import NotAnEvent, from_record
from eventlog.kafka.topic_end import Record, committed_reader, first_record, last_records
from eventlog.kafka.topics import Topics, partitions_of
from eventlog.kafka.watermarks import NotAWatermark, Watermark, nothing_told
from eventlog.store import Store

log = logging.getLogger("baton.relay")


class TopicAhead(NotSafe):
    """The topic tells what the log does not have: the log was restored to an earlier moment, or is another one."""


class TopicDamaged(NotSafe):
    """Facts that were told are missing in the topic, its two topics contradict each other, or a record tells nothing
    that a relay would."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the topics say was told: `facts` by the records of facts themselves, `newest` by the last watermark."""

    facts: Watermark | None
    newest: Watermark | None


async def resume(bootstrap: Bootstrap, topics: Topics, store: Store) -> tuple[Watermark, bool]:
    """How far the log was told, and whether the newest watermark says so (else it is to be written).

    Only for a producer that has fenced all others: else the end of the topic may still move. Raises `TopicAhead`,
    `TopicDamaged`, and `KafkaError` where Kafka is away."""
    async with committed_reader(bootstrap) as consumer:
        told = await _told(consumer, topics)
        watermark = _agreed(told, topics, (await store.head()).generation)
        watermark = await _in_the_log(consumer, topics, store, watermark)
    return watermark, watermark == told.newest


async def told_and_differing(
    bootstrap: Bootstrap, topics: Topics, store: Store
) -> tuple[Place, Position | None] | None:
    """How far the topic tells, and the first position at which that is not what the log has (None: all of it stands
    there); None where nothing is told. Raises `TopicDamaged`, and `KafkaError` where Kafka is away."""
    if not await partitions_of(bootstrap, topics.facts.name):
        return None
    async with committed_reader(bootstrap) as consumer:
        told = await _told(consumer, topics)
        if told.facts is None:
            return None
        differs = await _differing_from(consumer, topics, store, told.facts, await store.forks())
    newest = told.newest.generation if told.newest is not None else 0
    return Place(max(told.facts.generation, newest), told.facts.position), differs


async def _told(consumer: AIOKafkaConsumer, topics: Topics) -> Told:
    facts = [TopicPartition(topics.facts.name, n) for n in range(topics.facts.partitions)]
    watermarks = TopicPartition(topics.watermarks.name, 0)
    last = await last_records(consumer, [*facts, watermarks])
    newest = last.pop(watermarks, None)
    begins = await consumer.beginning_offsets(facts)
    if any(begins.values()):
        raise TopicDamaged(f"the first records of topic {topics.facts.name} were deleted; {_refill(topics)}")
    return Told(_by_facts(last, topics), _watermark(newest, topics) if newest else None)


def _by_facts(last: dict[TopicPartition, Record], topics: Topics) -> Watermark | None:
    """A transaction covers positions that follow each other, and is visible as a whole or not at all: so everything
    up to the largest position in the topic is there."""
    if not last:
        return None
    offsets = {each.partition: Offset(record.offset + 1) for each, record in last.items()}
    newest = max((_fact(record, topics) for record in last.values()), key=lambda event: event.place)
    return nothing_told(newest.generation, topics.facts.partitions).after(newest, offsets)


def _fact(record: Record, topics: Topics) -> Event:
    try:
        return from_record(record)
    except NotAnEvent as error:
        raise _spoiled(record, topics, error) from error


def _watermark(record: Record, topics: Topics) -> Watermark:
    try:
        return Watermark.parse(record.value)
    except NotAWatermark as error:
        raise _spoiled(record, topics, error) from error


def _spoiled(record: Record, topics: Topics, error: LogError) -> TopicDamaged:
    """Who goes on behind it would have to guess what was told there."""
    return TopicDamaged(
        f"topic {record.topic}, partition {record.partition}, offset {record.offset}: {error}; {_refill(topics)}"
    )


def _agreed(told: Told, topics: Topics, generation: int) -> Watermark:
    """What both topics say. One of them may have been deleted and made again; neither is needed to fill the other."""
    facts, newest = told.facts, told.newest
    if facts is None:
        if newest is not None and newest.position:
            log.warning("%s is empty: it is filled again from the log", topics.facts.name)
        elif newest is not None:
            return newest
        return nothing_told(generation, topics.facts.partitions)
    if newest is None:
        log.warning("%s is empty: it goes on from what the facts say", topics.watermarks.name)
        return facts
    # The first watermark of a generation is behind the last fact of the generation before.
    same = newest == facts or (newest.generation > facts.generation and newest.offsets == facts.offsets)
    if not same:
        raise TopicDamaged(
            f"topic {topics.facts.name} ends with {facts.place}, its watermark says {newest.place}: records were lost;"
            f" {_refill(topics)}"
        )
    return newest


def _refill(topics: Topics) -> str:
    return (
        f"delete {topics.facts.name} and {topics.watermarks.name}: the relay fills them again from the log"
        " (docs/operations.md, Restore)"
    )


async def _in_the_log(consumer: AIOKafkaConsumer, topics: Topics, store: Store, told: Watermark) -> Watermark:
    """What was told must be what the log says, up to the same position."""
    head = await store.head()
    if told.generation < head.generation:
        return await _shared(consumer, topics, store, told, head.generation)
    same = told.generation == head.generation and told.position <= head.position
    if not same or (told.position and await _digest_at(store, told.position) != told.digest):
        raise await _ahead(consumer, topics, store, told, head)
    return told


async def _ahead(consumer: AIOKafkaConsumer, topics: Topics, store: Store, told: Watermark, head: Place) -> TopicAhead:
    """What an operator is told: where both part, and what to run."""
    first = await _differing_from(consumer, topics, store, told, await store.forks())
    shared = Position(min(head.position, told.position, *([] if first is None else [first - 1])))
    return TopicAhead(
        f"topic {topics.facts.name} tells {told.place}, the log of {store.department} ends at {head}, and both are the"
        f" same up to position {shared}: the log was restored to an earlier moment, or is another one. If it was"
        f" restored, run `{store.once_restored(shared, told.generation)}` (docs/operations.md, Restore)"
    )


async def _digest_at(store: Store, position: Position) -> bytes:
    event = await _event_at(store, position)
    return event.digest if event else b""


async def _event_at(store: Store, position: Position) -> Event | None:
    if not position:
        return None
    page = await store.read_all(Position(position - 1), 1)
    return page.events[0] if page.events else None


async def _shared(
    consumer: AIOKafkaConsumer, topics: Topics, store: Store, told: Watermark, generation: int
) -> Watermark:
    """The first watermark of a new generation: the last position at which log and topic are the same.

    Up to the moment to which the log was restored both are the same, behind it everything differs."""
    forks = await store.forks()
    first = await _differing_from(
        consumer, topics, store, told, [each for each in forks if each.generation < generation]
    )
    last = Position(min(told.position + 1, first or told.position + 1) - 1)
    said = next((each.position for each in forks if each.generation == generation), last)
    if first is not None and last < said:
        raise TopicAhead(
            f"the log of {store.department} says that generation {generation} shares positions up to {said}, but topic"
            f" {topics.facts.name} tells other events from {first} on: run again"
            f" `{store.once_restored(last, generation)}`"
        )
    log.warning("the log of %s is of a new generation: it shares positions up to %d", store.department, last)
    return Watermark(generation, last, told.offsets, await _digest_at(store, last))


async def _differing_from(
    consumer: AIOKafkaConsumer, topics: Topics, store: Store, told: Watermark, known: Sequence[Fork]
) -> Position | None:
    """The first position at which the topic tells another event than the log has; None where there is none. What was
    lost before the generations that are `known` does not count."""
    differing = [
        await _first_differing(consumer, topics, store, partition, end, known)
        for partition, end in enumerate(told.offsets)
    ]
    return min((position for position in differing if position), default=None)


async def _first_differing(
    consumer: AIOKafkaConsumer, topics: Topics, store: Store, partition: int, end: int, known: Sequence[Fork]
) -> Position | None:
    """The position of the first record of a partition that is not in the log: behind it none is, so it is found by
    halving. What was lost before stands between others, and says nothing."""
    low, high, found = 0, end, None

    def still_told(record: Record) -> bool:
        return not is_lost(_fact(record, topics).place, known)

    while low < high:
        middle = (low + high) // 2
        record = await first_record(consumer, TopicPartition(topics.facts.name, partition), middle, high, still_told)
        if record is None:
            high = middle
            continue
        event = _fact(record, topics)
        if await _digest_at(store, event.position) == event.digest:
            low = record.offset + 1
        else:
            high, found = middle, event.position
    return found
