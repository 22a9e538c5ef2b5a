"""Streaming workers that are stopped, or killed: how long the others wait, and what stays behind."""

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from eventlog.streaming.application import StreamTopics
from eventlog.streaming.worker import SESSION_S
from runtime.kafka_server import KafkaServer
from runtime.roles.process import STOP_S
from tests.support.data import ROOT
from tests.support.log import eventually
from tests.support.metrics_history import history
from tests.support.postgres import TestServer
from tests.support.streaming import Trade, WorkerProcess, trading

pytestmark = pytest.mark.timeout(300)

#: Joining, recovering the table, and the rest of it.
BEGIN_S = 20.0


@pytest.fixture
async def trade(postgres: TestServer, own_kafka: KafkaServer) -> AsyncIterator[Trade]:
    async with trading(postgres, own_kafka.bootstrap) as trade:
        yield trade


async def test_a_worker_stops_in_time_while_it_joins(trade: Trade) -> None:
    """It waits for one that was killed, and would for half a minute."""
    first = await WorkerProcess.start(trade, session_s=30.0)
    await trade.tell(history(1))
    await trade.heard_everything()
    await first.kill()
    second = await WorkerProcess.start(trade, session_s=30.0)
    try:
        await eventually(partial(group_is, trade, "PreparingRebalance"), "the second worker joins")
        begun = time.monotonic()
        assert await asyncio.wait_for(second.stop(), STOP_S) == 0
        assert time.monotonic() - begun < STOP_S
    finally:
        await second.kill()


async def test_the_next_worker_goes_on_soon_after_one_was_killed_which_leaves_nothing_behind(
    trade: Trade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    first = await WorkerProcess.start(trade, SESSION_S)
    await trade.tell(history(1))
    await trade.heard_everything()
    await first.kill()
    second = await WorkerProcess.start(trade, SESSION_S)
    try:
        await trade.tell(history(2, tag="-b"))
        async with asyncio.timeout(SESSION_S + BEGIN_S):
            await trade.heard_everything()
    finally:
        await second.kill()
    await trade.answers_are_a_fold_of_the_logs()
    assert left_behind(tmp_path) == []


def left_behind(folder: Path) -> list[Path]:
    """Faust would make a folder where it is started."""
    return [*folder.iterdir(), *ROOT.glob("*-data")]


async def group_is(trade: Trade, state: str) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=trade.bootstrap)
    await admin.start()
    described = await admin.describe_consumer_groups([StreamTopics("analytics", 1).group])
    await admin.close()
    return any(state in group for answer in described for group in answer.groups)
