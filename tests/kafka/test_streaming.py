"""The metrics of streaming workers are a fold of the logs, whatever happens to the workers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from eventlog.codec import Recorded
from eventlog.entry import StreamKey
from eventlog.events import Event
from eventlog.kafka.records import to_record
from eventlog.kafka.topics import facts_topic
from eventlog.marks import Superseded
from eventlog.projections import Projection
from eventlog.streaming import heard
from eventlog.streaming.application import partition_of
from eventlog.streaming.worker import StreamWorker
from eventlog.topologies import Derived
from facts.marketing import LeadDisqualified
from runtime.kafka_server import KafkaServer
from services.analytics.projections import METRICS
from services.analytics.topologies import DWELL
from tests.support.log import eventually
from tests.support.metrics_history import history
from tests.support.postgres import TestServer
from tests.support.relaying import told_up_to_the_head
from tests.support.streaming import PARTITIONS, TENANT, Trade, WorkerProcess, trading, working

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def trade(postgres: TestServer, own_kafka: KafkaServer) -> AsyncIterator[Trade]:
    async with trading(postgres, own_kafka.bootstrap) as trade:
        yield trade


async def test_a_clean_run_comes_to_a_fold_of_the_logs(trade: Trade) -> None:
    await trade.tell(history(1))
    async with working(trade.worker()) as worker:
        await trade.heard_everything()
        await trade.tell(history(2, tag="-b"))
        await trade.heard_everything()
        assert worker.isolation_level == "read_committed"
    await trade.answers_are_a_fold_of_the_logs()
    await trade.derived_is_told()


async def test_a_worker_may_be_killed_at_any_moment(trade: Trade) -> None:
    dice = Random(11)
    for n in range(4):
        worker = await WorkerProcess.start(trade)
        try:
            telling = asyncio.create_task(trade.tell(history(n, tag=f"-{n}")))
            enough = await trade.count_heard() + dice.randint(1, 150)
            await eventually(partial(has_heard, trade, enough), f"{enough} facts heard")
        finally:
            await worker.kill()
        await telling
    last = await WorkerProcess.start(trade)
    try:
        await trade.heard_everything()
    finally:
        await last.kill()
    await trade.answers_are_a_fold_of_the_logs()
    await trade.derived_is_told()


async def has_heard(trade: Trade, facts: int) -> bool:
    return await trade.count_heard() >= facts


async def test_workers_may_come_and_go(trade: Trade) -> None:
    first = await WorkerProcess.start(trade)
    second = None
    try:
        await trade.tell(history(1, tag="-a"))
        await trade.heard_everything()
        second = await WorkerProcess.start(trade)
        await asyncio.gather(*(trade.tell(history(n, tag=f"-{n}")) for n in (2, 3, 4)))
        await trade.heard_everything()
        await first.kill()
        await trade.tell(history(5, tag="-c"))
        await trade.heard_everything()
        first = await WorkerProcess.start(trade)
        await asyncio.gather(*(trade.tell(history(n, tag=f"-{n}")) for n in (6, 7)))
        await trade.heard_everything()
    finally:
        await first.kill()
        if second:
            await second.kill()
    await trade.answers_are_a_fold_of_the_logs()
    await trade.derived_is_told()


async def test_what_is_made_anew_from_nothing_is_the_same(trade: Trade) -> None:
    await trade.tell(history(3))
    old = asyncio.create_task(trade.worker().run())
    await trade.heard_everything()
    before = await rows(trade)
    epoch = await heard.begin_anew(trade.views, sorted(METRICS.tables))
    assert await rows(trade) == {table: [] for table in before}

    async with working(trade.worker(epoch)):
        await trade.heard_everything()
        assert await rows(trade) == before
        await trade.answers_are_a_fold_of_the_logs()
        await trade.tell(history(4, tag="-b"))
        with pytest.raises(Superseded, match="began anew"):
            await asyncio.wait_for(old, timeout=30)
        await trade.heard_everything()
    await trade.answers_are_a_fold_of_the_logs()


async def test_a_log_that_was_restored_is_folded_anew_without_what_it_lost(trade: Trade) -> None:
    """What was lost stands in marketing's topic for ever, between what is shared and what comes then."""
    await trade.tell(history(3))
    shared = (await trade.stores["marketing"].head()).position
    await trade.tell(history(4, tag="-b"))
    old = asyncio.create_task(trade.worker().run())
    await trade.heard_everything()

    await trade.go_back("marketing", shared)
    with pytest.raises(Superseded, match="epoch 2 follows 1"):
        await asyncio.wait_for(old, timeout=30)
    async with working(trade.worker(await heard.current_epoch(trade.views, sorted(METRICS.tables)))):
        await trade.tell(history(5, tag="-c"))
        await trade.heard_everything()
        assert (await trade.positions())["marketing"].startswith("2.")
    await trade.answers_are_a_fold_of_the_logs()


async def test_records_that_are_no_facts_of_their_partition_are_alarms_and_stop_nothing(
    trade: Trade, caplog: pytest.LogCaptureFixture
) -> None:
    """What they took the place of is read from its log, once it is late."""
    await trade.tell(history(1))
    store = trade.stores["marketing"]
    await told_up_to_the_head(trade.bootstrap, store)
    topic, record = facts_topic("marketing"), to_record("marketing", (await trade.log("marketing"))[0])
    elsewhere = (partition_of(record.key, PARTITIONS) + 1) % PARTITIONS
    nameless: list[Any] = [(name, None if name == "tenant" else value) for name, value in record.headers]
    async with AIOKafkaProducer(bootstrap_servers=trade.bootstrap) as somebody:
        await somebody.send_and_wait(topic, record.value, record.key, elsewhere, headers=record.headers)
        await somebody.send_and_wait(topic, record.value, record.key, elsewhere, headers=nameless)
    async with working(trade.worker()):
        await trade.heard_everything()
        await eventually(partial(alarms, caplog, 2), "both told as alarms")
    await trade.answers_are_a_fold_of_the_logs()


async def alarms(caplog: pytest.LogCaptureFixture, count: int) -> bool:
    return sum("ALARM" in message for message in caplog.messages) == count


async def rows(trade: Trade) -> dict[str, list[Any]]:
    keys = {table: key for table, key in METRICS.tables.items() if table != METRICS.states}
    ordered = {table: f"SELECT * FROM {table} ORDER BY {', '.join(key)}" for table, key in keys.items()}
    return {table: [tuple(row) for row in await trade.views.fetch(sql)] for table, sql in ordered.items()}


def choking() -> Projection:
    """The metrics, whose dwell knows nothing of disqualified leads."""

    def process(key: StreamKey, state: Any, heard: Recorded) -> tuple[Any, Sequence[Derived]]:
        if isinstance(heard.fact, LeadDisqualified):
            raise ValueError("what is this?")
        return DWELL.process(key, state, heard)

    topologies = [replace(each, process=process) if each is DWELL else each for each in METRICS.topologies]
    return replace(METRICS, topologies=topologies)


async def test_a_fact_that_cannot_be_handled_waits_with_its_stream_and_holds_the_positions_back(trade: Trade) -> None:
    await trade.tell(history(5))
    log = await trade.log("marketing")
    first = next(event for event in log if event.type == LeadDisqualified.name)
    stopped = {event.stream for event in log if event.type == LeadDisqualified.name}

    async with working(trade.worker(projection=choking())):
        await eventually(partial(all_parked, trade, stopped), "every stream with such a fact parked")
        await eventually(partial(reached, trade, "contacts", "sales"), "the other departments heard")
        assert (await trade.positions())["marketing"] == f"1.{first.position - 1}"
    assert await trade.waiting() >= stopped

    async with working(trade.worker()):
        await trade.heard_everything()
    assert await trade.views.fetchval("SELECT count(*) FROM stream_parked") == 0
    await trade.answers_are_a_fold_of_the_logs()
    await trade.derived_is_told()


async def test_whoever_operates_it_sees_what_waits_and_may_have_it_tried(trade: Trade) -> None:
    await trade.tell(history(5))
    stopped = {event.stream for event in await trade.log("marketing") if event.type == LeadDisqualified.name}
    operator = trade.operator()
    async with working(trade.worker(projection=choking())):
        await eventually(partial(all_parked, trade, stopped), "every stream with such a fact parked")
        assert not any(await asyncio.gather(*(operator.retry(TENANT, stream) for stream in stopped)))

    listed = {each.stream: each for each in await operator.list(TENANT)}
    assert listed.keys() == stopped
    for stream, each in listed.items():
        shown = await operator.show(TENANT, stream)
        assert (shown[0][0].version, shown[0][0].type) == (each.version, LeadDisqualified.name)
        assert (each.kind, len(shown)) == ("FAULT", each.events)
        assert {kind for _, kind, _ in shown[1:]} <= {"FOLLOWS"}
    assert await operator.list("globex") == []


async def test_topologies_go_on_without_what_was_discarded(trade: Trade) -> None:
    await trade.tell(history(5))
    stopped = {event.stream for event in await trade.log("marketing") if event.type == LeadDisqualified.name}
    operator, recorded = trade.operator(), list[Event]()

    async def record(event: Event) -> None:
        recorded.append(event)

    async def discarded(stream: str) -> None:
        """All of such facts that it has, one after the other."""
        while not await operator.discard(TENANT, stream, "nobody needs it", datetime.now(UTC), record):
            pass

    async with working(trade.worker(projection=choking())):
        await eventually(partial(all_parked, trade, stopped), "every stream with such a fact parked")
        await asyncio.gather(*map(discarded, stopped))
        await trade.heard_everything()
    assert {event.type for event in recorded} == {LeadDisqualified.name}
    assert {event.stream for event in recorded} == stopped


async def all_parked(trade: Trade, streams: set[str]) -> bool:
    rows = await trade.views.fetch("SELECT DISTINCT stream FROM stream_parked WHERE kind = 'FAULT'")
    return {row["stream"] for row in rows} == streams


async def reached(trade: Trade, *sources: str) -> bool:
    found, heads = await trade.positions(), await trade.heads()
    return all(found.get(source) == heads[source] for source in sources)


class Careless(StreamWorker):
    """Loses what it was given, and forgets what it knew, as Faust may."""

    dice = Random(5)

    async def _facts(self, events: Sequence[Any]) -> None:
        kept = [event for event in events if self.dice.random() < 0.8]
        if self.dice.random() < 0.3:
            self._streams._table.clear()
        await super()._facts(kept)


async def test_facts_that_faust_loses_are_read_from_their_logs(trade: Trade) -> None:
    await trade.tell(history(6, leads=10, deals=6))
    async with working(trade.worker(kind=Careless)):
        await trade.heard_everything()
    await trade.answers_are_a_fold_of_the_logs()
