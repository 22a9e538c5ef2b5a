"""Facts on their way into one transaction: gathered, as batches of partitions, while the one before is written."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiokafka import AIOKafkaProducer

from eventlog import tracing
from eventlog.events import Event
from eventlog.kafka.limits import BATCH_BYTES_MAX
from eventlog.kafka.partitioning import Partitioner
from eventlog.kafka.records import Record, to_record

#: One transaction: large enough that its cost does not count, small enough to be written within a second or two.
EVENTS_MAX = 5000
BYTES_MAX = 16 * 1024 * 1024

#: Records made in one go: whoever else works in this process has its turn in between.
SLICE_EVENTS = 200


@dataclass(slots=True)
class Gathered:
    """Facts of positions that follow each other, up to `last`, in batches of each partition in order."""

    batches: dict[int, list[Any]] = field(default_factory=dict)
    last: Event | None = None
    events: int = 0
    bytes: int = 0
    #: Traceparents of the facts, where traces are made.
    traces: list[str] = field(default_factory=list)

    @property
    def full(self) -> bool:
        return self.events >= EVENTS_MAX or self.bytes >= BYTES_MAX

    def rounds(self) -> Iterator[list[tuple[int, Any]]]:
        """The first batch of each partition, then the second …: a partition takes one at a time."""
        for n in count():
            found = [(partition, batches[n]) for partition, batches in self.batches.items() if n < len(batches)]
            if not found:
                return
            yield found


class Gathering:
    """One side puts facts in the order of their positions, the other takes what has gathered. Making a record costs
    more than anything else a relay computes; so it is done while the other side waits for the broker."""

    def __init__(self, department: str, producer: AIOKafkaProducer, partitions: int) -> None:
        self._department = department
        self._producer = producer
        self._partition_of = Partitioner(partitions)
        self._gathered = Gathered()
        self._filled = asyncio.Event()
        self._room = asyncio.Event()

    async def put(self, events: Sequence[Event]) -> None:
        """Add facts; waits while there are as many as one transaction may hold."""
        for start in range(0, len(events), SLICE_EVENTS):
            for event in events[start : start + SLICE_EVENTS]:
                while self._gathered.full:
                    self._filled.set()
                    self._room.clear()
                    await self._room.wait()
                self._add(event)
            self._filled.set()
            await asyncio.sleep(0)

    async def take(self) -> Gathered:
        """Wait for facts; from now on others gather."""
        await self._filled.wait()
        taken, self._gathered = self._gathered, Gathered()
        self._filled.clear()
        self._room.set()
        return taken

    def _add(self, event: Event) -> None:
        record = to_record(self._department, event)
        partition, gathered = self._partition_of(record.key), self._gathered
        batches = gathered.batches.setdefault(partition, [])
        size = _append(batches[-1], record) if batches else None
        if size is None:
            batches.append(self._producer.create_batch())
            size = _append(batches[-1], record)
            if size is None:
                raise ValueError(f"a batch of {BATCH_BYTES_MAX} bytes does not take event {event.place} alone")
        gathered.last = event
        gathered.events += 1
        gathered.bytes += size
        if tracing.is_on():
            gathered.traces.append(tracing.trace_of(event.metadata))


def _append(batch: Any, record: Record) -> int | None:
    """The bytes that it took in the batch; None when the batch is full."""
    added = batch.append(timestamp=0, key=record.key, value=record.value, headers=record.headers)
    return None if added is None else int(added.size)
