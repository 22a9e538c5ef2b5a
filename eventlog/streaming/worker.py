"""A worker: facts of every source, batch by batch, and those that wait, stream by stream, until it is stopped."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from aiokafka.errors import IllegalStateError, KafkaError
from faust.types import TP

from eventlog import metrics
from eventlog.clock import Clock, utc_now
from eventlog.codec import Codec
from eventlog.errors import Unavailable
from eventlog.events import Event
from eventlog.kafka.brokers import Bootstrap
from eventlog.kafka.partitioning import partition_of
from eventlog.kafka.records import NotAnEvent, Record, from_record
from eventlog.kafka.topics import facts_topic, prepare
from eventlog.projections import At, Projection
from eventlog.streaming.anew import Anew
from eventlog.streaming.application import KeptStreams, StreamTopics, application, streams_table
from eventlog.streaming.handling import Handling, Owner, Telling
from eventlog.streaming.late import Late
from eventlog.streaming.records import derived_record, derived_topic, retry_topic, waiting_record
from eventlog.streaming.waiting import Waiting
from eventlog.topologies import Derived
from eventlog.trouble import persist
from eventlog.views import Views

#: So many facts are folded at once, or as many as come within this time.
BATCH_EVENTS, BATCH_WAIT_S = 500, 0.05

#: How often it is looked for what waits, for a position that never came and for another epoch, and how long a position
#: may be late.
LOOK_S, LATE_S = 1.0, 10.0

#: A worker that is silent for so long has left: its partitions are given to others, its last offsets are lost.
SESSION_S = 10.0

#: Together shorter than the time in which a process must have stopped: what comes after Faust needs some of it, too.
STOP_S, CUT_SHORT_S = 3.0, 1.5


@dataclass(frozen=True)
class Work:
    """What a worker needs: where Kafka is, what to fold, and where the logs are that it asks for what did not come."""

    bootstrap: Bootstrap
    topics: StreamTopics
    views: Views
    codec: Codec
    projection: Projection
    owners: Mapping[str, Owner]
    clock: Clock = utc_now
    session_timeout_s: float = SESSION_S
    late_s: float = LATE_S


class StreamWorker:
    """One process of the group. `run` returns when it is cancelled, and raises what waiting does not heal."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._department = work.topics.department
        self._log = logging.getLogger(f"baton.stream.{self._department}")
        self._begun = False
        self._one_by_one = asyncio.Lock()
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._handling = Handling(
            self._department,
            work.views,
            work.codec,
            work.projection,
            work.owners,
            Telling(self._tell, self._park),
            work.clock,
            work.topics.epoch,
        )
        self._late = Late(self._handling, self._one_by_one, work.late_s)
        self._app = application(work.bootstrap, work.topics, session_timeout_s=work.session_timeout_s)
        self._streams = KeptStreams(streams_table(self._app, work.topics))
        self._derived = self._topic(derived_topic(self._department))
        self._retries = self._topic(retry_topic(self._department))
        self._app.agent(self._topic(*map(facts_topic, self._handling.sources)), name="facts")(self._hear)

    def _topic(self, *names: str) -> Any:
        partitions = self._work.topics.partitions
        return self._app.topic(*names, key_type=bytes, value_type=bytes, partitions=partitions)

    async def run(self) -> None:
        await persist(self._ready, "Kafka and the database", self._log)
        looking = [asyncio.create_task(self._guarded(each)) for each in self._looks()]
        try:
            await self._app.start()
            self._begun = True
            self._log.info("topologies of %s, epoch %d", self._department, self._work.topics.epoch)
            await self._failed
        finally:
            for each in looking:
                each.cancel()
            await self._stop()

    async def _stop(self) -> None:
        """Nothing is lost when it is cut short: what was not acknowledged is heard again."""
        stopping = asyncio.create_task(self._app.stop())
        await asyncio.wait({stopping}, timeout=STOP_S)
        if not stopping.done():
            self._log.warning("Faust did not stop within %.0f s: cut short", STOP_S)
            consumer: Any = self._app.consumer
            consumer.hang_up()
            await asyncio.wait({stopping}, timeout=CUT_SHORT_S)
        if stopping.done():
            stopping.result()

    async def waits_for(self) -> str:
        """What keeps it from work, or ""."""
        return "" if self._begun else "Kafka has not dealt partitions yet"

    async def _ready(self) -> None:
        with _waited_for():
            await prepare(self._work.bootstrap, *self._work.topics.made())
        await self._handling.load()

    # ------------------------------------------------------------------------------------------------------- agents

    async def _hear(self, stream: Any) -> None:
        async for events in stream.noack_take(BATCH_EVENTS, within=BATCH_WAIT_S):
            await self._guarded(self._facts(events))
            for event in events:
                await stream.ack(event)

    async def _guarded(self, work: Awaitable[None]) -> None:
        """An agent that raises is started again by Faust, behind what it raised on. So this one does not: the worker
        stops, nothing is acknowledged, and whoever starts it anew begins with the same facts."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 (raised by `run`)
            if not self._failed.done():
                self._failed.set_exception(error)
            await asyncio.Event().wait()

    async def _facts(self, events: Sequence[Any]) -> None:
        batches: dict[str, list[Event]] = {}
        for each in events:
            event = self._read(each.message)
            if event is not None:
                batches.setdefault(_source(each.message.topic), []).append(event)
        for source, batch in batches.items():
            await self._handle(source, batch)

    def _read(self, message: Any) -> Event | None:
        """A record that is no fact tells nothing, and there is nothing to wait for; it is counted as an alarm. Where
        it took the place of a fact, that one is missing and is read from its log."""
        try:
            event = self._fact(message)
        except NotAnEvent as error:
            metrics.ALARMS.labels(self._department, _source(message.topic)).inc()
            self._log.error("ALARM %s, partition %s, offset %s: %s", *message.tp, message.offset, error)
            return None
        return event

    def _fact(self, message: Any) -> Event:
        """Raises `NotAnEvent`, also where it stands in a partition to which its stream does not belong."""
        event = from_record(message)
        expected = partition_of(message.key, self._work.topics.partitions)
        if message.partition != expected:
            raise NotAnEvent(f"{event.stream} stands in partition {message.partition}, its key belongs to {expected}")
        return event

    async def _handle(self, source: str, events: Sequence[Event]) -> None:
        work = partial(self._handling.handle, source, events, self._streams)
        await self._alone(work, f"{len(events)} facts of {source}")

    async def _alone(self, work: Callable[[], Awaitable[None]], what: str) -> None:
        async def attempt() -> None:
            async with self._one_by_one:
                await work()

        await persist(attempt, what, self._log)

    # -------------------------------------------------------------------------------------------------- what waits

    def _looks(self) -> Sequence[Awaitable[None]]:
        return [
            self._close_gaps(),
            self._watch_topics(),
            self._watch_epoch(),
            *(self._keep_trying(source) for source in self._handling.sources),
        ]

    async def _keep_trying(self, source: str) -> None:
        """Try streams that wait, whose time has come: those whose facts come to this worker."""
        while True:
            for due in await persist(partial(self._handling.due, source), f"what waits of {source}", self._log):
                if self._has(due.stream):
                    metrics.STREAM_RETRIES.labels(self._department, source).inc()
                    await self._alone(partial(self._handling.retry, due, self._streams), f"{due.stream}, which waits")
            await asyncio.sleep(LOOK_S)

    def _has(self, stream: str) -> bool:
        """Whether it keeps what is known of a stream, and all of that has been recovered. Where two workers think so,
        both try; where none does yet, it is tried when one does."""
        partition = partition_of(stream.encode(), self._work.topics.partitions)
        mine: bool = self._app.assignor.is_active(TP(self._work.topics.changelog, partition))
        return mine and not self._app.rebalancing

    # --------------------------------------------------------------------------------------------- what never came

    async def _close_gaps(self) -> None:
        """Look for positions that are late, and read those that stay away from their logs."""
        while True:
            if self._app.crashed:
                raise self._app.crash_reason or Unavailable("Faust stopped")
            for source in self._handling.sources:
                await persist(partial(self._late.close_gaps, source), f"a gap of {source}", self._log)
            await asyncio.sleep(LOOK_S)

    # ------------------------------------------------------------------------------------------------ another epoch

    async def _watch_epoch(self) -> None:
        """Stop when all began anew, also where no fact comes by which it would be noticed."""
        while True:
            await persist(self._handling.require_epoch, "the epoch", self._log)
            await asyncio.sleep(LOOK_S)

    # ------------------------------------------------------------------------------------------ topics made anew

    async def _watch_topics(self) -> None:
        """Hear partitions from their beginning that were made anew."""
        anew = Anew()
        while True:
            await asyncio.sleep(LOOK_S)
            await persist(partial(self._begin_again, anew), "what is told of topics", self._log)

    async def _begin_again(self, anew: Anew) -> None:
        if not self._settled():
            return
        partitions = range(self._work.topics.partitions)
        facts = [TP(facts_topic(source), part) for source in self._handling.sources for part in partitions]
        consumer: Any = self._app.consumer
        with _waited_for():
            found = await consumer.begun(facts)
            made = sorted(anew.among(found, consumer.assignment()))
            if not made or not self._settled():
                return
            names = ", ".join(sorted({each.topic for each in made}))
            self._log.warning("%d partitions of %s were made anew, heard from their beginning", len(made), names)
            try:
                await consumer.begin_again(made)
            except IllegalStateError:
                self._log.info("partitions of %s were dealt anew meanwhile", names)
                return
        anew.heard(found, made)

    def _settled(self) -> bool:
        """Whether partitions are dealt, and what is known of their streams was recovered."""
        return self._begun and not self._app.rebalancing and not self._app.in_recovery

    # ------------------------------------------------------------------------------------------------------ results

    async def _tell(self, derived: Sequence[tuple[At, Derived]]) -> None:
        counts: Counter[UUID] = Counter()
        records = []
        for at, each in derived:
            records.append(derived_record(self._department, at, counts[at.event_id], each))
            counts[at.event_id] += 1
        await self._produce(self._derived, records)

    async def _park(self, waiting: Sequence[Waiting]) -> None:
        for each in waiting:
            self._log.error("%s, version %d: parked, %s", each.event.stream, each.event.version, each.reason)
        await self._produce(self._retries, map(waiting_record, waiting))

    async def _produce(self, topic: Any, records: Iterable[Record]) -> None:
        """Return once all of them are written. Streams keep their partitions."""
        with _waited_for():
            sent = [
                await topic.send(
                    key=record.key,
                    value=record.value,
                    headers=record.headers,
                    partition=partition_of(record.key, self._work.topics.partitions),
                    force=True,
                )
                for record in records
            ]
            await asyncio.gather(*sent)


@contextmanager
def _waited_for() -> Iterator[None]:
    """What Kafka refuses now, it may take later."""
    try:
        yield
    except KafkaError as error:
        raise Unavailable(f"Kafka: {error!r}") from error


def _source(topic: str) -> str:
    """The department whose facts a topic tells."""
    return topic.split(".")[1]
