"""One of those who share the partitions of a topic: which are its own now, and what comes in them."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TypeAlias

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError
from aiokafka.structs import OffsetAndMetadata

from eventlog import metrics
from eventlog.errors import Unavailable
from eventlog.events import Offset
from eventlog.kafka.brokers import Bootstrap, connection
from eventlog.kafka.limits import FETCH_BYTES_MAX, PARTITION_FETCH_BYTES_MAX
from eventlog.marks import Superseded

#: A member that is silent for so long has left: its partitions are given to others.
SESSION_S = 10.0
HEARTBEAT_S = 1.0

#: How soon it is noticed that a topic was made anew.
METADATA_S = 5.0

#: How often lags are told to those who look from outside.
TELL_S = 1.0

_POLL_MS = 250
CLOSE_S = 5.0

Record: TypeAlias = ConsumerRecord[bytes, bytes]


class Member(ConsumerRebalanceListener):  # type: ignore[misc]
    """A member of a group of readers. With an `instance` its place is kept for it over a restart (static membership).

    `turn` counts how often partitions were given to it or taken from it. aiokafka gives everything anew each time (its
    only protocol is the eager one), and its sticky assignor is not used: it mixes up the members of one process and
    believes members that were away (aiokafka's issues 1175 and 1176). Nothing here would move with a partition but a
    row of `views.marks`."""

    def __init__(
        self, bootstrap: Bootstrap, topic: str, group: str, instance: str | None = None, session_s: float = SESSION_S
    ) -> None:
        self.parts: frozenset[int] = frozenset()
        self.turn = 0
        self._started = -1
        self._bootstrap = bootstrap
        self._topic = topic
        self._group = group
        self._instance = instance
        self._session_s = session_s
        self._consumer: AIOKafkaConsumer | None = None
        self._saved: dict[int, Offset] = {}
        self._telling: asyncio.Task[None] | None = None
        self._log = logging.getLogger(f"baton.kafka.{group}")

    async def assigned(self) -> frozenset[int]:
        """Its partitions, as soon as it has any; joins the group if need be. Raises `Unavailable`."""
        while not self.parts:
            await self._poll()
        return self.parts

    async def start_at(self, offsets: Mapping[int, Offset]) -> int:
        """Go on at these offsets: the turn in which they hold. Raises `Superseded` if they are of other partitions."""
        if self._consumer is None or frozenset(offsets) != self.parts:
            raise Superseded(f"partitions of {self._topic} were given to others")
        for part, offset in offsets.items():
            self._consumer.seek(TopicPartition(self._topic, part), offset)
        self._started = self.turn
        return self.turn

    async def records(self, turn: int, most: int) -> list[Record]:
        """What came next; perhaps nothing yet. Raises `Superseded` when the turn is over, `Unavailable`.

        aiokafka goes on by itself when partitions were given anew: at the offset that the group committed, before
        anybody could say where (its issue 738). So whatever came is of no use unless partitions stayed as they were
        when the place to go on was set."""
        found = await self._poll(most)
        if turn != self.turn:
            raise Superseded(f"partitions of {self._topic} were given anew")
        return [record for records in found.values() for record in records]

    async def _poll(self, most: int | None = None) -> "Mapping[TopicPartition, list[Record]]":
        consumer = self._consumer or await self._join()
        try:
            found: Mapping[TopicPartition, list[Record]] = await consumer.getmany(timeout_ms=_POLL_MS, max_records=most)
            return found
        except (NoOffsetForPartitionError, OffsetOutOfRangeError) as error:
            if self._started != self.turn:
                return {}  # Nobody has said yet where to go on.
            raise Unavailable(f"{self._topic} does not go on where it was heard: {error}") from error
        except KafkaError as error:
            # What a consumer does not get over by itself, it never gets over.
            await self.leave()
            raise Unavailable(f"Kafka, {self._topic}: {error!r}") from error

    async def _join(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            **connection(self._bootstrap),
            group_id=self._group,
            group_instance_id=self._instance,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_bytes=FETCH_BYTES_MAX,
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES_MAX,
            session_timeout_ms=int(self._session_s * 1000),
            heartbeat_interval_ms=int(HEARTBEAT_S * 1000),
            request_timeout_ms=15_000,
            metadata_max_age_ms=int(METADATA_S * 1000),
            retry_backoff_ms=100,
        )
        self._consumer = consumer
        try:
            await consumer.start()
            consumer.subscribe([self._topic], listener=self)
        except KafkaError as error:
            await self.leave()
            raise Unavailable(f"Kafka, {self._topic}: {error!r}") from error
        self._telling = asyncio.create_task(self._tell(), name=f"lag of {self._group}")
        return consumer

    async def leave(self) -> None:
        """Leave the group; a later call joins again. With an `instance` the place is kept until the session ends."""
        consumer, self._consumer = self._consumer, None
        self.on_partitions_revoked(())
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.wait({self._telling})
            self._telling = None
        if consumer is not None:
            try:
                async with asyncio.timeout(CLOSE_S):
                    await consumer.stop()
            except (TimeoutError, KafkaError) as error:
                self._log.debug("the consumer did not stop by itself: %r", error)
                await consumer._client.close()

    # aiokafka calls these two; neither awaits anything, so nobody sees partitions that are no longer there.

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self.turn += 1
        self.parts = frozenset()
        self._saved.clear()
        metrics.PARTITIONS.labels(self._group).set(0)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self.turn += 1
        self.parts = frozenset(each.partition for each in assigned)
        metrics.PARTITIONS.labels(self._group).set(len(self.parts))
        metrics.REBALANCES.labels(self._group).inc()

    def saved(self, offsets: Mapping[int, Offset]) -> None:
        """These offsets were saved by the reader itself, so that their lag may be shown."""
        self._saved.update((part, offset) for part, offset in offsets.items() if part in self.parts)

    async def _tell(self) -> None:
        """Commit to Kafka what was saved, and only that, for dashboards and autoscalers: nobody reads it to go on. It
        fails while partitions are given anew or a coordinator is away, and is told again later."""
        while True:
            await asyncio.sleep(TELL_S)
            told = dict(self._saved)
            if self._consumer is None or not told:
                continue
            offsets = {TopicPartition(self._topic, part): OffsetAndMetadata(at, "") for part, at in told.items()}
            with suppress(IllegalStateError):
                try:
                    await self._consumer.commit(offsets)
                except KafkaError as error:
                    self._log.info("lag not told: %r", error)
                    continue
            self._saved = {part: at for part, at in self._saved.items() if told.get(part) != at}
