"""The metrics of streaming workers are a fold of the logs, whatever happens to the workers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from eventlog.events import CHAIN_START, Position, digest_of
from eventlog.kafka.partitioning import partition_of
from eventlog.kafka.records import to_record
from eventlog.kafka.topics import facts_topic
from eventlog.marks import Superseded
from eventlog.streaming import heard
from eventlog.streaming.worker import StreamWorker
from facts.marketing import LeadCaptured
from runtime.kafka_server import KafkaServer
from services.analytics.projections import METRICS
from tests.support.log import eventually
from tests.support.metrics_history import history
from tests.support.postgres import TestServer
from tests.support.relaying import told_up_to_the_head
from tests.support.streaming import PARTITIONS, Trade, WorkerProcess, trading, working

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def trade(postgres: TestServer, own_kafka: KafkaServer) -> AsyncIterator[Trade]:
    async with trading(postgres, own_kafka.bootstrap) as trade:
        yield trade


async def test_a_clean_run_comes_to_a_fold_of_the_logs(trade: Trade) -> None:
    await trade.tell(history(1))
    async with working(trade.worker()):
        await trade.heard_everything()
        await trade.tell(history(2, tag="-b"))
        await trade.heard_everything()
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
    before = await trade.rows()
    epoch = await heard.begin_anew(trade.views, sorted(METRICS.tables))
    assert await trade.rows() == {table: [] for table in before}
    with pytest.raises(Superseded, match="began anew: epoch 2 follows 1"):
        await asyncio.wait_for(old, timeout=30)  # nobody tells it anything more

    async with working(trade.worker(epoch)):
        await trade.heard_everything()
        assert await trade.rows() == before
        await trade.answers_are_a_fold_of_the_logs()
        await trade.tell(history(4, tag="-b"))
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


async def test_a_forged_record_changes_no_number_and_is_told_as_an_alarm(
    trade: Trade, caplog: pytest.LogCaptureFixture
) -> None:
    """A lead that nobody captured, told at the position of the fact that comes next."""
    await trade.tell(history(1))
    log = await trade.log("marketing")
    captured = next(event for event in log if event.type == LeadCaptured.name)
    lead = "marketing.lead-of-nobody"
    forged = replace(captured, stream=lead, position=Position(len(log) + 1), digest=bytes(32))
    topic, record = facts_topic("marketing"), to_record("marketing", forged)
    async with working(trade.worker()):
        await trade.heard_everything()
        async with AIOKafkaProducer(bootstrap_servers=trade.bootstrap) as somebody:
            part = partition_of(record.key, PARTITIONS)
            await somebody.send_and_wait(topic, record.value, record.key, part, headers=record.headers)
        await eventually(partial(alarms, caplog, 2), "told as an alarm, and forgotten")
        await trade.tell(history(2, tag="-b"))
        await trade.heard_everything()
    assert f"ALARM version {captured.version} of {lead} carries another digest" in caplog.text
    await trade.answers_are_a_fold_of_the_logs()
    await trade.derived_is_told()


async def test_what_a_relay_never_committed_is_not_heard(trade: Trade) -> None:
    """A lead that follows in every way, at the position of the fact that comes next."""
    await trade.tell(history(1))
    await told_up_to_the_head(trade.bootstrap, trade.stores["marketing"])
    log = await trade.log("marketing")
    captured = next(event for event in log if event.type == LeadCaptured.name and event.version == 1)
    lead = replace(captured, id=uuid4(), stream="marketing.lead-of-nobody", position=Position(len(log) + 1))
    record = to_record("marketing", replace(lead, digest=digest_of(CHAIN_START, lead)))
    part = partition_of(record.key, PARTITIONS)
    async with AIOKafkaProducer(bootstrap_servers=trade.bootstrap, transactional_id="somebody") as relay:
        await relay.begin_transaction()
        await relay.send_and_wait(facts_topic("marketing"), record.value, record.key, part, headers=record.headers)
        await relay.abort_transaction()
    async with working(trade.worker()):
        await trade.tell(history(2, tag="-b"))
        await trade.heard_everything()
    await trade.answers_are_a_fold_of_the_logs()
    await trade.derived_is_told()


async def alarms(caplog: pytest.LogCaptureFixture, count: int) -> bool:
    return sum("ALARM" in message for message in caplog.messages) == count


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
