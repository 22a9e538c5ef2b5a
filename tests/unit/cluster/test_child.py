"""One process under its supervisor: heard, started again, given up, stopped."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from runtime.cluster import child, restarts
from runtime.cluster.child import Child, GivenUp
from runtime.cluster.plan import Planned
from runtime.cluster.will import Left
from runtime.commands.status import given_up
from runtime.home import Run, announced
from runtime.identity import Issuer
from runtime.settings import Settings
from tests.support.cluster import until
from tests.support.running import ROOT, free_port

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "gen")))}
RUN = "run-of-this-test"


class Supervised:
    """What the supervisor was told of a process."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.left: list[Left] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.children: list[Child] = []

    def child(self, *words: str, **settings: str) -> Child:
        planned = Planned("-".join(words), words, settings)
        made = Child(planned, RUN, ENVIRONMENT, self._say, self.left.append)
        self.children.append(made)
        return made

    def keep(self, child: Child) -> "asyncio.Task[None]":
        self.tasks.append(asyncio.create_task(child.run()))
        return self.tasks[-1]

    def _say(self, name: str, line: bytes) -> None:
        self.said.append(f"{name}: {line.decode().strip()}")


@pytest.fixture
async def supervised(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Supervised]:
    monkeypatch.setattr(restarts, "WAIT_MIN_S", 0.001)
    monkeypatch.setattr(restarts, "WAIT_MAX_S", 0.001)
    monkeypatch.setattr(restarts, "ENDS_MAX", 3)
    supervised = Supervised()
    yield supervised
    await asyncio.gather(*(each.stop() for each in supervised.children))
    await asyncio.gather(*supervised.tasks, return_exceptions=True)


def waiting_gateway(tmp_path: Path) -> Mapping[str, str]:
    """A gateway that waits for a department that is not there."""
    (tmp_path / "keys").mkdir()
    Issuer.at(tmp_path / "keys" / "issuer.pem")
    ports = {"BATON_PORT": str(free_port()), "BATON_HEALTH_PORT": str(free_port())}
    return {"BATON_HOME": str(tmp_path), "BATON_DEPARTMENTS": "sales=127.0.0.1:1", **ports}


async def test_one_that_ends_again_and_again_is_given_up_with_its_last_words(supervised: Supervised) -> None:
    with pytest.raises(GivenUp, match=r"serve-sales has ended 3 times in a row and is given up: baton: .* is missing"):
        await supervised.child("serve", "sales", BATON_HOME="/nowhere").run()
    assert len(supervised.left) == 3
    assert any("serve-sales: baton: " in line for line in supervised.said)


async def test_what_was_given_up_is_told_by_the_status(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with announced(settings, Run("http://127.0.0.1:8080", "", 7, ("sales-relay has ended 12 times",))):
        assert given_up(settings) == ["sales-relay has ended 12 times"]


async def test_one_that_is_killed_is_started_again_and_written_into_the_will(
    supervised: Supervised, tmp_path: Path
) -> None:
    gateway = supervised.child("gateway", **waiting_gateway(tmp_path))
    keeping = supervised.keep(gateway)
    await until(lambda: gateway.pid is not None, "not started")
    first = gateway.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: gateway.pid not in (None, first), "not started again")
    assert [left.pid for left in supervised.left] == [first, gateway.pid]
    await gateway.stop()
    await keeping


async def test_one_that_does_not_stop_is_killed(
    supervised: Supervised, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "STOP_S", 0.5)
    gateway = supervised.child("gateway", **waiting_gateway(tmp_path))
    keeping = supervised.keep(gateway)
    await until(lambda: gateway.pid is not None, "not started")
    assert gateway.pid is not None
    os.kill(gateway.pid, signal.SIGSTOP)
    await gateway.stop()
    await asyncio.wait_for(keeping, 10)
    assert gateway.pid is None
