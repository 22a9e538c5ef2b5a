"""A real `baton up --cluster` in a folder of its own, and the processes that it consists of."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil

from runtime.kafka_server import KafkaServer
from tests.support.kafka import jars
from tests.support.running import Baton, _end_leftover_postgres

#: Other tests keep the machine busy; how fast a start is has a test of its own.
READY_S = 120.0
DEADLINE_S = 60.0


@asynccontextmanager
async def running_cluster(home: Path, *arguments: str, **env: str) -> AsyncIterator[Baton]:
    """A cluster that is ready; stopped at the end. Its Kafka is the one that all tests' Kafkas are made of."""
    lend_jars(home)
    baton = Baton(home, env=env, arguments=("--cluster", *arguments), ready_s=READY_S)
    try:
        await baton.start()
        yield baton
    finally:
        await baton.stop()
        await _end_leftovers(baton)


def lend_jars(home: Path) -> None:
    """Kafka is not fetched again for each home."""
    folder = jars().folder
    lent = home / "kafka" / folder.name
    if not lent.exists():
        lent.parent.mkdir(parents=True, exist_ok=True)
        lent.symlink_to(folder)


def processes(baton: Baton) -> dict[str, psutil.Process]:
    """The processes that this supervisor has now, by name: `contacts-serve`, `gateway`."""
    assert baton.process is not None
    with suppress(psutil.NoSuchProcess):
        return {
            name: child
            for child in psutil.Process(baton.process.pid).children()
            if (name := _name(child)) and child.status() != psutil.STATUS_ZOMBIE
        }
    return {}


def _name(process: psutil.Process) -> str:
    """The words of a role's command say its name."""
    with suppress(psutil.NoSuchProcess):
        words = process.cmdline()
        if "runtime.cluster.kept" in words:
            role, *department = words[words.index("runtime.cluster.kept") + 2 :]
            return "-".join((*department, role))
    return ""


def servers(baton: Baton) -> dict[str, int]:
    """Process ids of PostgreSQL and Kafka, as they wrote them down."""
    (broker,) = KafkaServer.of(baton.home / "kafka", jars()).found().values()
    return {"PostgreSQL": baton.postmaster(), "Kafka": int(broker.pid_file.read_text())}


def belongings(baton: Baton) -> list[str]:
    """Command lines of everything that runs for this home: our processes, PostgreSQL, Kafka."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            words = process.cmdline()
            ours = process.environ().get("BATON_HOME") == str(baton.home) and "runtime.cluster" in " ".join(words)
            if ours or any(str(baton.home) in word for word in words):
                found.append(" ".join(words)[:120])
    return found


async def until(holds: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> float:
    """Wait until it holds; how long that took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < deadline_s, what
        await asyncio.sleep(0.05)
    return time.monotonic() - began


async def _end_leftovers(baton: Baton) -> None:
    """What a test that failed may leave."""
    _end_leftover_postgres(baton)
    for broker in KafkaServer.of(baton.home / "kafka", jars()).found().values():
        await broker.kill()
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("BATON_HOME") == str(baton.home) and process.pid != os.getpid():
                process.kill()
