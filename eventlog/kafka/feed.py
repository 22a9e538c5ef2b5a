"""Another department's facts, heard through its topic: the partitions that this reader's group gives to it."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import contextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from eventlog.errors import NotSafe, Unavailable
from eventlog.events import Event, Offset
from eventlog.feed import LogFeed, OwnersLog, PostgresFeed, Told
from eventlog.kafka.brokers import Bootstrap
from eventlog.kafka.membership import SESSION_S, Member, Record
from eventlog.kafka.partitioning import Partitioner
from eventlog.kafka.records import NotAnEvent, from_record
from eventlog.kafka.spoiled import salvaged
from eventlog.kafka.told import told
from eventlog.kafka.topic_end import committed_reader, last_records
from eventlog.kafka.topics import facts_topic, partitions_of, watermarks_topic
from eventlog.kafka.watermarks import NotAWatermark, Watermark
from eventlog.marks import Mark, Marks
from eventlog.store import Log
from eventlog.trouble import wait_s

#: Events handed on at once.
PAGE_EVENTS = 1000

_POLL_MS = 500
_CHECK_S = 30.0


class KafkaFeed(OwnersLog):
    """Hears `log.department` for a reader, the department whose group it joins. `log` is the owner's log, for what the
    topic lacks. Whoever stops reading pages is still a member, and nothing is fetched for it: so a reader whose
    database is away keeps its partitions and goes on later. `leave` ends it."""

    def __init__(
        self, log: Log, reader: str, bootstrap: Bootstrap, *, instance: str | None = None, session_s: float = SESSION_S
    ) -> None:
        super().__init__(log)
        self.topic = facts_topic(log.department)
        self.member = Member(bootstrap, self.topic, f"baton.{reader}.{log.department}", instance, session_s)
        self._bootstrap = bootstrap
        self._partition_of: Partitioner | None = None
        self._log = logging.getLogger(f"baton.kafka.{reader}.{log.department}")

    async def parts(self) -> frozenset[int]:
        await self._partitioner()
        return await self.member.assigned()

    async def part_of(self, stream: str) -> int:
        return (await self._partitioner())(stream.encode())

    async def generation(self) -> int:
        """That of the newest watermark: a relay tells a new generation by a watermark, before any fact of it."""
        await self._wait_for(watermarks_topic(self.department))
        try:
            place = await told(self._bootstrap, self.department)
        except NotAWatermark:
            return 0  # An alarm where watermarks are followed; the next one tells.
        return place.generation if place else 0

    async def gone(self, marks: Marks) -> Iterable[Mark]:
        """A topic that was deleted and filled again has other records where the marks point, or none: then a partition
        is heard again from its start, and the ledger drops what it has. Of one whose first records were deleted,
        nobody knows what is missing."""
        partitions = {mark.part: TopicPartition(self.topic, mark.part) for mark in marks.values()}
        with _reaching(self.topic):
            async with committed_reader(self._bootstrap) as reader:
                begins = await reader.beginning_offsets(list(partitions.values()))
                ends = await reader.end_offsets(list(partitions.values()))
                for part, partition in partitions.items():
                    if begins[partition] > marks[part].offset:
                        raise NotSafe(
                            f"{self.topic} begins at offset {begins[partition]} of partition {part}, and was heard up"
                            f" to {marks[part].offset}: records were deleted, fill the topic again from the log"
                        )
                named = {partitions[mark.part]: mark for mark in marks.values() if mark.offset > 0}
                within = {each: mark for each, mark in named.items() if mark.offset <= ends[each]}
                records = await _records_at(reader, {each: mark.offset - 1 for each, mark in within.items()})
        return [mark for each, mark in named.items() if not _is_heard(mark, records.get(each))]

    async def pages(self, marks: Marks) -> AsyncGenerator[Told, None]:
        turn = await self.member.start_at({mark.part: mark.offset for mark in marks.values()})
        while True:
            records = await self.member.records(turn, PAGE_EVENTS)
            if records:
                yield self._told(records)

    def _told(self, records: Sequence[Record]) -> Told:
        events, parts, offsets = [], [], []
        for record in records:
            events.append(self._event(record))
            parts.append(record.partition)
            offsets.append(Offset(record.offset))
        return Told(events, parts, offsets)

    def _event(self, record: Record) -> Event:
        try:
            return from_record(record)
        except NotAnEvent as error:
            self._log.error("ALARM %s, partition %d, offset %d: %s", self.topic, record.partition, record.offset, error)
            return salvaged(record)

    async def watermarks(self) -> AsyncGenerator[Watermark, None]:
        topic = watermarks_topic(self.department)
        partition = TopicPartition(topic, 0)
        await self._wait_for(topic)
        with _reaching(topic):
            async with committed_reader(self._bootstrap, _POLL_MS) as reader:
                newest = (await last_records(reader, [partition])).get(partition)
                reader.assign([partition])
                reader.seek(partition, newest.offset if newest else 0)
                while True:
                    for record in (await reader.getmany(timeout_ms=_POLL_MS)).get(partition, ()):
                        try:
                            watermark = Watermark.parse(record.value)
                        except NotAWatermark as error:
                            self._log.error("ALARM %s, offset %d: %s", topic, record.offset, error)
                        else:
                            yield watermark

    def saved(self, marks: Marks) -> None:
        self.member.saved({mark.part: mark.offset for mark in marks.values()})

    def in_log_order(self) -> LogFeed:
        return PostgresFeed(self.log)

    async def leave(self) -> None:
        """Leave the group."""
        await self.member.leave()

    async def _partitioner(self) -> Partitioner:
        if self._partition_of is None:
            self._partition_of = Partitioner(await self._wait_for(self.topic))
        return self._partition_of

    async def _wait_for(self, topic: str) -> int:
        """How many partitions a topic has, as soon as its owner has made it. Raises `Unavailable`."""
        attempts = 0
        while True:
            with _reaching(topic):
                count = await partitions_of(self._bootstrap, topic)
            if count:
                return count
            attempts += 1
            if attempts == 1:
                self._log.info("there is no topic %s yet: waiting for it", topic)
            await asyncio.sleep(wait_s(attempts))


@contextmanager
def _reaching(topic: str) -> Iterator[None]:
    try:
        yield
    except KafkaError as error:
        raise Unavailable(f"Kafka, {topic}: {error!r}") from error


def _is_heard(mark: Mark, record: Record | None) -> bool:
    """Whether a record is the event that a mark names. A mark without a digest stands behind an event that nobody
    could prove."""
    if record is None or record.offset != mark.offset - 1:
        return False
    try:
        event = from_record(record)
    except NotAnEvent:
        return mark.digest is None
    return event.place == mark.place and mark.digest in (None, event.digest)


async def _records_at(reader: AIOKafkaConsumer, wanted: dict[TopicPartition, int]) -> dict[TopicPartition, Record]:
    """The first committed record at or behind an offset of each partition, which is in front of its end; none where
    only markers are left."""
    found: dict[TopicPartition, Record] = {}
    if not wanted:
        return found
    reader.assign(list(wanted))
    for partition, offset in wanted.items():
        reader.seek(partition, offset)
    async with asyncio.timeout(_CHECK_S):
        left = set(wanted)
        while left:
            for partition, records in (await reader.getmany(*left, timeout_ms=_POLL_MS)).items():
                found.setdefault(partition, records[0])
            left = {each for each in left - set(found) if await reader.position(each) <= wanted[each]}
    return found
