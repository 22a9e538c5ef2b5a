"""Facts and the watermark over them, written to Kafka in one transaction, by a producer that can be fenced."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError

from eventlog.events import Offset
from eventlog.kafka.brokers import Bootstrap, connection
from eventlog.kafka.gathering import Gathered
from eventlog.kafka.leadership import Term
from eventlog.kafka.limits import BATCH_BYTES_MAX
from eventlog.kafka.topics import Topics
from eventlog.kafka.watermarks import Watermark

#: A transaction that takes longer is given up, and the broker aborts it by itself a moment later.
TRANSACTION_S = 10.0
_BROKER_ABORTS_MS = 20_000
CLOSE_S = 2.0

log = logging.getLogger("baton.relay")


@asynccontextmanager
async def fencing_producer(bootstrap: Bootstrap, department: str) -> AsyncIterator[AIOKafkaProducer]:
    """Whoever enters here fences everybody who entered before under this department's name: their open transaction
    is aborted, or completed if its commit was decided, and nothing that they send from now on is taken."""
    producer = AIOKafkaProducer(
        **connection(bootstrap),
        transactional_id=f"baton.{department}.relay",
        transaction_timeout_ms=_BROKER_ABORTS_MS,
        acks="all",
        max_batch_size=BATCH_BYTES_MAX,
        request_timeout_ms=10_000,
        retry_backoff_ms=50,
    )
    try:
        await producer.start()
        yield producer
    finally:
        await _close(producer)


async def _close(producer: AIOKafkaProducer) -> None:
    """Closing sends what is left, and waits for a broker that may be away; nothing that is left matters."""
    try:
        async with asyncio.timeout(CLOSE_S):
            await producer.stop()
    except (TimeoutError, KafkaError) as error:
        log.debug("the producer did not stop by itself: %r", error)
        await producer.client.close()


class Transactions:
    """Writes what was gathered, transaction after transaction."""

    def __init__(self, producer: AIOKafkaProducer, topics: Topics, term: Term) -> None:
        self._producer = producer
        self._topics = topics
        self._term = term

    async def tell(self, gathered: Gathered, before: Watermark) -> Watermark:
        """Write facts and their watermark; returns it once both are committed. Raises `KafkaError`, `Deposed`: then
        whether they were is not known, and nothing more may be written by this producer."""
        async with self._transaction():
            acknowledged, _ = await asyncio.gather(self._facts(gathered), self._term.confirm())
            if gathered.last is None:
                raise ValueError("nothing was gathered")
            watermark = before.after(gathered.last, acknowledged)
            await self._watermark(watermark)
        return watermark

    async def mark(self, watermark: Watermark) -> None:
        """Write a watermark alone."""
        async with self._transaction():
            await self._term.confirm()
            await self._watermark(watermark)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(TRANSACTION_S):
                await self._producer.begin_transaction()
                yield
                await self._producer.commit_transaction()
        except TimeoutError:
            raise KafkaTimeoutError(f"a transaction took longer than {TRANSACTION_S:.0f} s") from None

    async def _facts(self, gathered: Gathered) -> dict[int, Offset]:
        """The next offset of each partition, as the broker acknowledged it."""
        sent: list[tuple[int, Any, Any]] = []
        for each in gathered.rounds():
            for partition, batch in each:
                ack = await self._producer.send_batch(batch, self._topics.facts.name, partition=partition)
                sent.append((partition, batch, ack))
        offsets: dict[int, Offset] = {}
        acknowledged = await asyncio.gather(*(ack for _, _, ack in sent))
        for (partition, batch, _), ack in zip(sent, acknowledged, strict=True):
            if ack is None or ack.offset < 0:
                # After a repeated request the broker may know no more than that it has the batch.
                raise KafkaTimeoutError(f"the broker did not say where in partition {partition} the facts stand")
            offsets[partition] = Offset(ack.offset + batch.record_count())
        return offsets

    async def _watermark(self, watermark: Watermark) -> None:
        batch = self._producer.create_batch()
        batch.append(timestamp=0, key=watermark.key, value=watermark.value(), headers=[])
        await (await self._producer.send_batch(batch, self._topics.watermarks.name, partition=0))
