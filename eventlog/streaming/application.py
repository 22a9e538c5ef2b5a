"""The Faust application: its settings, as the faults of faust-streaming 0.15.3 demand, and its table.

    at least once       exactly-once loses tables (issue 47); repeats are dropped by version
    concurrency 1       each partition's facts in their order, by one task
    earliest            from the first fact on; `latest` can leave a recovery stuck (651)
    no web, no leader   nothing here listens or elects; the table is asked by nobody else
    no declared topics  topics are made and checked by `StreamTopics`, as all others are
    memory              the rocksdb store lost data under load (333); the changelog in Kafka is what stays, so no folder
                        is made, which a worker that is killed would leave behind
    read_committed      in at-least-once mode Faust reads what a relay never committed
    manual acks         an agent acknowledges what its handler raised on, and skips it at the next start (315)

It can still deliver past a fact after a rebalance (216, 221), stop committing (596), or lose a change of a table: none
of that makes a number wrong, see `handling.py`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import faust
from aiokafka import TopicPartition
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP
from faust.types.auth import SASLMechanism

from eventlog.events import StreamKey
from eventlog.kafka.brokers import Bootstrap, Security, addresses, security
from eventlog.kafka.limits import PARTITION_FETCH_BYTES_MAX, RECORD_BYTES_MAX
from eventlog.kafka.partitioning import partition_of
from eventlog.kafka.topics import PARTITIONS, Topic
from eventlog.streaming.anew import Begun
from eventlog.streaming.records import kept_topics
from eventlog.streaming.streams import NOTHING, Known

TABLE = "streams"

#: How soon it is noticed that a topic was deleted, and that there is one of its name again.
METADATA_S = 2.0

#: aiokafka commits, and asks for offsets, until it works: for ever, where a topic was deleted.
ASK_S = 5.0


@dataclass(frozen=True)
class StreamTopics:
    """The topics of one department's topologies in one epoch. All have as many partitions as the topics of facts: what
    concerns a stream is in the partition of the stream's number, in each of them."""

    department: str
    epoch: int
    partitions: int = PARTITIONS
    replication: int = 1

    @property
    def group(self) -> str:
        """The consumer group, and what names of the table's topics begin with."""
        return f"baton.{self.department}.stream.{self.epoch}"

    @property
    def changelog(self) -> str:
        return f"{self.group}-{TABLE}-changelog"

    def made(self) -> Sequence[Topic]:
        """What a worker makes and checks when it starts."""
        kept = kept_topics(self.department, partitions=self.partitions, replication=self.replication)
        compacted = {**kept[0].settings, "cleanup.policy": "compact"}
        return [*kept, Topic(self.changelog, self.partitions, self.replication, compacted)]


class _CommittedThread(AIOKafkaConsumerThread):
    """Reads what is committed; and begins at the beginning where its group has committed no offset. Faust leaves such
    a partition where it stands after a recovery: behind whatever was fetched and dropped meanwhile."""

    def _create_worker_consumer(self, transport: Transport) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"
        return consumer

    async def seek_to_committed(self) -> Mapping[Any, Any]:
        committed: Mapping[Any, Any] = await super().seek_to_committed()
        changelogs = self.app.tables.changelog_topics
        fresh = [tp for tp, offset in committed.items() if not offset and tp.topic not in changelogs]
        if fresh:
            await self.call_thread(self._ensure_consumer().seek_to_beginning, *fresh)
        return committed

    def hang_up(self) -> None:
        """Who joins a group waits for the answer until all its members have joined or are missed."""
        if self._consumer is not None and not self.thread_loop.is_closed():
            asyncio.run_coroutine_threadsafe(self._consumer._client.close(), self.thread_loop)

    async def begun(self, partitions: Sequence[TP]) -> Begun:
        """When the first record of partitions was written. Raises `TimeoutError` and what Kafka raises."""
        found: Begun = await self.call_thread(self._begun, partitions)
        return found

    async def begin_again(self, partitions: Sequence[TP]) -> None:
        """Hear partitions from their beginning, as does whoever is given them next. Raises `IllegalStateError` where
        they were given to others, `TimeoutError` and what Kafka raises."""
        await self.call_thread(self._begin_again, partitions)

    async def _begun(self, partitions: Sequence[TP]) -> Begun:
        async with asyncio.timeout(ASK_S):
            found = await self._ensure_consumer().offsets_for_times(dict.fromkeys(map(_plain, partitions), 0))
        return {TP(tp.topic, tp.partition): first.timestamp for tp, first in found.items() if first is not None}

    async def _begin_again(self, partitions: Sequence[TP]) -> None:
        plain = [_plain(partition) for partition in partitions]
        consumer = self._ensure_consumer()
        for each in plain:
            consumer.seek(each, 0)
        async with asyncio.timeout(ASK_S):
            await consumer.commit(dict.fromkeys(plain, 0))

    async def _commit(self, offsets: Mapping[Any, int]) -> bool:
        try:
            async with asyncio.timeout(ASK_S):
                return bool(await super()._commit(offsets))
        except TimeoutError:
            self.log.warning("no offsets were committed within %.0f s", ASK_S)
            return False


def _plain(partition: TP) -> TopicPartition:
    return TopicPartition(partition.topic, partition.partition)


class _NothingRead(dict[Any, Any]):
    """Offsets that were read: none, whatever is put in."""

    def __getitem__(self, tp: Any) -> None:
        return None


class _CommittedConsumer(Consumer):
    """Hands over whatever is fetched. Faust's own drops what lies before the last offset that it handed over, and after
    a recovery that may be one that it had fetched before it sought back: what it fetches then is gone. Repeats are
    dropped by version.

    Facts are acknowledged in the order in which they are handed over. So the last one acknowledged says where to go on;
    Faust's own takes the markers of the relay's transactions for facts that are still to come, and hardly commits."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._read_offset = _NothingRead()

    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        return _CommittedThread(self, loop=self.loop, beacon=self.beacon)

    def hang_up(self) -> None:
        cast(_CommittedThread, self._thread).hang_up()

    async def begun(self, partitions: Sequence[TP]) -> Begun:
        return await cast(_CommittedThread, self._thread).begun(partitions)

    async def begin_again(self, partitions: Sequence[TP]) -> None:
        await cast(_CommittedThread, self._thread).begin_again(partitions)
        for partition in partitions:
            self._committed_offset.pop(partition, None)

    def _new_offset(self, tp: Any) -> int | None:
        acknowledged = self._acked[tp]
        if not acknowledged:
            return None
        last = max(acknowledged)
        acknowledged.clear()
        self._acked_index[tp].clear()
        return int(last) + 1


class _CommittedTransport(Transport):
    Consumer = _CommittedConsumer


class StreamsTable(faust.Table[bytes, bytes]):
    """Keyed by tenant and stream. A change is logged in the partition of the stream, whichever event is at hand: Faust
    takes that of the event read last, which in a batch is another one."""

    def partition_for_key(self, key: bytes) -> int:
        return partition_of(key.partition(b"\0")[2], self.partitions or 1)


class KeptStreams:
    """What is known of the streams of this worker's partitions (`streams.Streams`)."""

    def __init__(self, table: StreamsTable) -> None:
        self._table = table

    def read(self, stream: StreamKey) -> Known:
        value = self._table.get(_key(stream))
        return NOTHING if value is None else Known.parse(value)

    def write(self, stream: StreamKey, known: Known) -> None:
        self._table[_key(stream)] = known.value()


def _key(stream: StreamKey) -> bytes:
    tenant, name = stream
    return tenant.encode() + b"\0" + name.encode()


class _Unfiled(faust.App):
    """Writes no files."""

    def _create_directories(self) -> None:
        pass


def application(bootstrap: Bootstrap, topics: StreamTopics, *, session_timeout_s: float) -> faust.App:
    """A Faust application without agents. Nothing is connected before it starts."""
    app = _Unfiled(
        topics.group,
        broker=[f"kafka://{address.strip()}" for address in addresses(bootstrap).split(",")],
        broker_credentials=_credentials(security(bootstrap)),
        store="memory://",
        autodiscover=False,
        web_enabled=False,
        processing_guarantee="at_least_once",
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=int(METADATA_S * 1000),
        consumer_max_fetch_size=PARTITION_FETCH_BYTES_MAX,
        producer_max_request_size=RECORD_BYTES_MAX,
        topic_partitions=topics.partitions,
        topic_replication_factor=topics.replication,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        Table=StreamsTable,
        broker_session_timeout=session_timeout_s,
        broker_heartbeat_interval=session_timeout_s / 4,
        broker_commit_interval=1.0,
        stream_recovery_delay=0.0,
        stream_wait_empty=False,
        key_serializer="raw",
        value_serializer="raw",
    )
    app.transport = _CommittedTransport(app.conf.broker_consumer, app)
    return app


def _credentials(found: Security) -> Any:
    """The same in Faust's words."""
    if found.logs_in:
        return faust.SASLCredentials(
            username=found.user,
            password=found.password(),
            ssl_context=found.context(),
            mechanism=SASLMechanism(found.mechanism),
        )
    return faust.SSLCredentials(context=found.context()) if found.encrypts else None


def streams_table(app: faust.App, topics: StreamTopics) -> StreamsTable:
    return cast(StreamsTable, app.Table(TABLE, key_type=bytes, value_type=bytes, partitions=topics.partitions))
