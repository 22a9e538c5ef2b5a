"""Facts gather in batches of their partitions, in order, as many as one transaction may hold."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from aiokafka.producer.message_accumulator import BatchBuilder

from eventlog.events import Event, Position, Version
from eventlog.kafka import gathering as gathering_module
from eventlog.kafka.gathering import Gathered, Gathering
from tests.unit.kafka.test_records import WON

BATCH_BYTES = 4000


class Producer:
    """Makes batches; a relay's producer makes them of `BATCH_BYTES_MAX`."""

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(BATCH_BYTES, 0, is_transactional=1)


def some_facts(first: int, last: int, data: bytes = b"{}") -> list[Event]:
    return [
        replace(WON, position=Position(n), version=Version(n), stream=f"sales.deal-{n % 7}", data=data)
        for n in range(first, last + 1)
    ]


def a_gathering() -> Gathering:
    producer: Any = Producer()
    return Gathering("sales", producer, 3)


def sizes(gathered: Gathered) -> dict[int, list[int]]:
    return {partition: [batch.record_count() for batch in batches] for partition, batches in gathered.batches.items()}


async def test_what_was_put_is_taken_together() -> None:
    gathering = a_gathering()
    await gathering.put(some_facts(1, 4))
    await gathering.put(some_facts(5, 9))
    taken = await gathering.take()
    assert taken.last is not None
    assert (taken.events, taken.last.position, sum(sum(each) for each in sizes(taken).values())) == (9, 9, 9)


async def test_a_full_batch_is_followed_by_another_and_each_partition_takes_one_at_a_time() -> None:
    gathering = a_gathering()
    await gathering.put(some_facts(1, 70))
    taken = await gathering.take()
    assert all(len(batches) > 1 for batches in taken.batches.values())
    assert all(batch.size() <= BATCH_BYTES for batches in taken.batches.values() for batch in batches)
    rounds = [[partition for partition, _ in each] for each in taken.rounds()]
    assert all(len(each) == len(set(each)) for each in rounds)
    assert sorted(partition for each in rounds for partition in each) == sorted(
        partition for partition, batches in taken.batches.items() for _ in batches
    )


async def test_an_event_larger_than_a_batch_goes_alone() -> None:
    gathering = a_gathering()
    await gathering.put(some_facts(1, 3))
    await gathering.put(some_facts(4, 4, data=bytes(3 * BATCH_BYTES)))
    await gathering.put(some_facts(5, 6))
    taken = await gathering.take()
    assert taken.events == 6
    assert max(batch.size() for batches in taken.batches.values() for batch in batches) > 3 * BATCH_BYTES


async def test_who_puts_waits_until_what_is_full_was_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering_module, "EVENTS_MAX", 10)
    monkeypatch.setattr(gathering_module, "SLICE_EVENTS", 5)
    gathering = a_gathering()
    putting = asyncio.create_task(gathering.put(some_facts(1, 25)))
    taken: list[Gathered] = []
    async with asyncio.timeout(20):
        while sum(each.events for each in taken) < 25:
            taken.append(await gathering.take())
    await putting
    assert max(each.events for each in taken) <= 10
    assert [each.last.position for each in taken if each.last][-1] == 25


async def test_large_events_fill_a_transaction_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering_module, "BYTES_MAX", 10_000)
    gathering = a_gathering()
    putting = asyncio.create_task(gathering.put(some_facts(1, 20, data=bytes(4000))))
    taken: list[Gathered] = []
    async with asyncio.timeout(20):
        while sum(each.events for each in taken) < 20:
            taken.append(await gathering.take())
    await putting
    assert max(each.bytes for each in taken) < 10_000 + 5_000
