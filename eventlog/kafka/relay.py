"""Tells a department's log through Kafka: every event once, in the order of positions within each partition, whatever
is killed, stopped or cut off in between."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, aclosing

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from eventlog import metrics, tracing
from eventlog.ahead import either
from eventlog.errors import LogError
from eventlog.events import Position
from eventlog.feed import PostgresFeed, complete
from eventlog.kafka.brokers import Bootstrap
from eventlog.kafka.gathering import Gathered, Gathering
from eventlog.kafka.leadership import Deposed, Term, term
from eventlog.kafka.resuming import resume
from eventlog.kafka.topics import Topics, prepare
from eventlog.kafka.transactions import Transactions, fencing_producer
from eventlog.kafka.watermarks import Watermark
from eventlog.marks import Superseded, whole
from eventlog.store import Store
from eventlog.trouble import is_infrastructure, wait_s

#: A transaction begins no sooner after the end of the one before, so that the broker has written its markers: else the
#: client waits for longer. A fact that comes alone waits for nothing. Picked from the curve: docs/kafka.md, Pace.
PACE_S = 0.005

log = logging.getLogger("baton.relay")


class OtherGeneration(LogError):
    """The generation of the log was raised while it was told."""


async def nobody() -> None:
    """Who is told where nobody wants to know."""


class Relay:
    """Leads, or waits to lead. `watermark` says what was told; None while it does not lead. `begins` is awaited each
    time that it begins to tell; what it raises is the relay's own trouble."""

    def __init__(
        self,
        store: Store,
        dsn: str,
        bootstrap: Bootstrap,
        topics: Topics,
        *,
        pace_s: float = PACE_S,
        begins: Callable[[], Awaitable[None]] = nobody,
    ) -> None:
        self.watermark: Watermark | None = None
        self._store = store
        self._dsn = dsn
        self._bootstrap = bootstrap
        self._topics = topics
        self._pace_s = pace_s
        self._begins = begins
        self._department = store.department
        self._head = Position(0)

    async def run(self) -> None:
        """Until cancelled. Raises what waiting does not heal: `WrongTopic`, `TopicAhead`, `TopicDamaged`, `NotSafe`."""
        failures = 0
        while True:
            self.watermark = None
            try:
                async with term(self._dsn, "relay") as leading:
                    # Pinged from the first step on: each may take longer than the session may idle. Kafka may be slow,
                    # and to compare a long log with its topic takes long.
                    await either(self._at_the_head(leading), leading.watch())
            except Exception as error:
                if not _passes(error):
                    raise
                metrics.RELAY_INTERRUPTED.labels(self._department, type(error).__name__).inc()
                failures = 1 if self.watermark else failures + 1
                log.warning("%s: %s: %s; starting over", self._department, type(error).__name__, error)
            finally:
                metrics.RELAY_LEADING.labels(self._department).set(0)
                # Who does not lead has nothing to tell, and what it knew of the log's end grows old.
                metrics.RELAY_LAG.labels(self._department).set(0)
                metrics.RELAY_POSITION.remove(self._department)
                self._head = Position(0)
            await asyncio.sleep(wait_s(failures))

    async def _at_the_head(self, leading: Term) -> None:
        """Tell the log, as long as nobody else does.

        The order of the first three steps is the whole guarantee: hold the lock, fence, and only then read where the
        topic ends. Take two relays, A and B, and a log that goes on behind position 7.

        - *A stops, B leads.* A has read that the topic ends at 7, and is stopped (SIGSTOP, a frozen machine, a long
          pause) with the facts 8 to 12 in its hands. Its session ends, B gets the lock, tells 8 to 20, and A wakes.
          A lock alone would not help: A asked for it long ago, and its next packet is the one with 8 to 12. They
          would stand twice in the topic, behind 20. But B has called InitProducerId under the one transactional id
          of this department, which raised the producer's epoch: the brokers refuse every batch and every commit of A's.
        - *B reads first, and fences then.* B reads that the topic ends at 7. Now A, which is only slow, commits 8 to
          12. B fences A, too late, and tells 8 to 12 again. So the end is read after the fence: what A committed
          before is seen, what it had begun is aborted (InitProducerId is answered only when that is done), and what
          it sends later is refused. Between B's reading and B's writing nobody can write but B.
        - *A fences B.* A wakes, is refused, and starts over. Were it to call InitProducerId at once, it would fence B,
          which leads; B would start over and fence A, and so on as long as both live. So whoever was interrupted goes
          back to wait for the lock, and asks the server directly before the fence whether it has it still. A may be
          stopped once more between this question and the fence, and then does fence B: but only once, for its next
          question is answered by a closed session. Nothing stands twice even then: whoever writes was the last to
          fence, and has read the end after that.
        - *The log is restored while it is told.* The events are read by other sessions than the one with the lock.
          Were the server stopped, restored to position 5 and started in a moment, they would go on with what now
          follows, and tell other events as 8 to 12. So before each commit the session that held the lock when the
          topic was compared with the log is asked whether it lives: it does not survive its server."""
        await prepare(self._bootstrap, self._topics.facts, self._topics.watermarks)
        await leading.confirm()
        async with fencing_producer(self._bootstrap, self._department) as producer:
            await self._from_the_end(producer, leading)

    async def _from_the_end(self, producer: AIOKafkaProducer, leading: Term) -> None:
        """Go on where the topic ends."""
        watermark, known = await resume(self._bootstrap, self._topics, self._store)
        transactions = Transactions(producer, self._topics, leading)
        if not known:
            await transactions.mark(watermark)
        await self._begins()
        gathering = Gathering(self._department, producer, self._topics.facts.partitions)
        self._told(watermark)
        metrics.RELAY_LEADING.labels(self._department).set(1)
        log.info("%s: telling the log from %s on", self._department, watermark.place)
        await either(self._gather(gathering, watermark), self._tell(gathering, transactions, watermark))

    async def _gather(self, gathering: Gathering, after: Watermark) -> None:
        """Follow the log. Raises `NotSafe` where it lacks a position."""
        feed = PostgresFeed(self._store)
        position = after.position
        async with aclosing(feed.pages(whole(after.place))) as pages:
            async for page in pages:
                if page.generation != after.generation:
                    raise OtherGeneration(f"the log is of generation {page.generation} now")
                events = await complete(feed, page, position)
                position = page.scanned
                self._head = page.head
                self._show_lag()
                await gathering.put(events)

    async def _tell(self, gathering: Gathering, transactions: Transactions, watermark: Watermark) -> None:
        while True:
            gathered = await gathering.take()
            begun = time.monotonic()
            with self._span(gathered):
                watermark = await transactions.tell(gathered, watermark)
            self._told(watermark)
            metrics.RELAYED.labels(self._department).inc(gathered.events)
            metrics.RELAY_EVENTS.labels(self._department).observe(gathered.events)
            metrics.RELAY_SECONDS.labels(self._department).observe(time.monotonic() - begun)
            await asyncio.sleep(self._pace_s)

    def _span(self, gathered: Gathered) -> AbstractContextManager[None]:
        topic = self._topics.facts.name
        attributes: tracing.Attributes = {
            "messaging.system": "kafka",
            "messaging.operation.type": "send",
            "messaging.destination.name": topic,
            "messaging.batch.message_count": gathered.events,
            "baton.department": self._department,
        }
        return tracing.batch(f"send {topic}", "producer", attributes, gathered.traces)

    def _told(self, watermark: Watermark) -> None:
        self.watermark = watermark
        metrics.RELAY_POSITION.labels(self._department).set(watermark.position)
        self._show_lag()

    def _show_lag(self) -> None:
        told = self.watermark.position if self.watermark else 0
        metrics.RELAY_LAG.labels(self._department).set(max(0, self._head - told))


def _passes(error: Exception) -> bool:
    """Whether starting over is all there is to do."""
    return isinstance(error, (KafkaError, Deposed, OtherGeneration, Superseded)) or is_infrastructure(error)
