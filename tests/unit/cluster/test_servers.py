"""Kafka under its supervisor: started again as often as a process of ours, and given up as visibly."""

import asyncio
import logging
from pathlib import Path
from typing import cast

import pytest

from runtime.cluster import restarts, servers
from runtime.cluster.executor import Executor
from runtime.cluster.servers import Servers, kept_running
from runtime.cluster.supervisor import Supervisor
from runtime.commands.status import given_up
from runtime.home import Run, announced
from runtime.kafka_broker import BrokerFailed
from runtime.kafka_server import KafkaServer
from runtime.settings import Settings
from tests.support.cluster import until


class Broker:
    def __init__(self) -> None:
        self.pid: int | None = None

    def end_of_log(self) -> str:
        return "no space left on device"


class Kafka:
    """One broker; only the start of that number helps."""

    def __init__(self, helps: int) -> None:
        self.brokers = {1: Broker()}
        self.starts = 0
        self._helps = helps

    async def restart(self, *nodes: int) -> None:
        assert nodes == (1,)
        self.starts += 1
        # It lives on without being of use, as one does that does not listen.
        self.brokers[1].pid = 7
        if self.starts != self._helps:
            raise BrokerFailed("broker 1 does not listen")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "WAIT_MIN_S", 0.001)
    monkeypatch.setattr(restarts, "WAIT_MAX_S", 0.001)
    monkeypatch.setattr(restarts, "ENDS_MAX", 4)
    monkeypatch.setattr(servers, "LOOK_S", 0.001)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


async def test_one_start_that_fails_is_not_the_last_and_the_one_that_helps_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "baton.cluster")
    kafka = Kafka(helps=3)
    keeping = asyncio.create_task(kept_running(cast("KafkaServer", kafka)))
    await until(lambda: kafka.starts == 3, "not started again")
    await until(lambda: caplog.messages[-1].startswith("Kafka is back after "), "nobody is told")
    assert not keeping.done()
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


async def test_where_no_start_helps_its_last_words_are_told() -> None:
    kafka = Kafka(helps=0)
    with pytest.raises(BrokerFailed, match=r"has ended 4 times in a row:\nno space left"):
        await kept_running(cast("KafkaServer", kafka))
    assert kafka.starts == 3


async def test_the_status_tells_of_a_server_that_was_given_up(settings: Settings) -> None:
    supervisor = Supervisor(settings, Executor())
    given = Servers(settings, lambda left: None, supervisor.give_up)
    run = Run("http://127.0.0.1:8080", "", 7)
    with announced(settings, run):
        supervisor.announce(run)
        given.keep(kept_running(cast("KafkaServer", Kafka(helps=0))), "Kafka")
        await until(lambda: bool(given_up(settings)), "nobody is told")
        assert given_up(settings) == [
            "Kafka is given up: it has ended 4 times in a row:\nno space left on device",
        ]
    await given.stop()


async def test_what_was_given_up_before_the_cluster_stood_is_told_as_well(settings: Settings) -> None:
    supervisor = Supervisor(settings, Executor())
    supervisor.give_up("Kafka is given up")
    run = Run("http://127.0.0.1:8080", "", 7)
    with announced(settings, run):
        supervisor.announce(run)
        assert given_up(settings) == ["Kafka is given up"]
