"""The Kafka of the tests: one broker for a whole run, whichever process of the test runner needs it first.

Jars are cached in `.baton/kafka` of the checkout, or where `BATON_TEST_KAFKA` says. Tests share the broker and have
topics of their own; a test that kills brokers takes `own_kafka`.
"""

import asyncio
import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from runtime.kafka_broker import Listener
from runtime.kafka_jars import Jars
from runtime.kafka_server import KafkaServer, KafkaUnavailable
from tests.support.data import ROOT

#: Where the run keeps its broker: set by the process that started the run, inherited by those that run tests.
RUN_FOLDER = "BATON_TEST_RUN"


def jars() -> Jars:
    """The cache of all runs. The test is skipped where Kafka cannot be run; `.ci/run` counts that as a failure."""
    cache = Jars(Path(os.environ.get("BATON_TEST_KAFKA") or ROOT / ".baton" / "kafka"))
    try:
        cache.resolve()
    except KafkaUnavailable as error:
        pytest.skip(f"no Kafka on this machine: {error}")
    return cache


async def shared_server() -> KafkaServer:
    """The run's one broker: started by the first who asks, found by the others."""
    folder = Path(os.environ[RUN_FOLDER])
    server = KafkaServer.of(folder / "kafka", jars())
    with _locked(folder / "kafka.lock"):
        await server.start()
    return server


@asynccontextmanager
async def own_server(size: int = 1, doors: Sequence[Listener] = ()) -> AsyncIterator[KafkaServer]:
    """A Kafka for one test, which may do to it what it likes."""
    folder = Path(tempfile.mkdtemp(prefix="baton-kafka-"))
    server = KafkaServer.of(folder, jars(), size=size)
    server.doors = doors
    try:
        await server.start()
        yield server
    finally:
        await asyncio.gather(*(broker.kill() for broker in server.brokers.values()))
        shutil.rmtree(folder)


def a_department() -> str:
    """A name that no other test's topics have."""
    return f"sales-{secrets.token_hex(4)}"


def begin_run() -> None:
    """Called once, by the process that starts the run."""
    os.environ[RUN_FOLDER] = tempfile.mkdtemp(prefix="baton-run-")


def end_run() -> None:
    """Called once, by the same process, when all tests are over."""
    folder = Path(os.environ.pop(RUN_FOLDER))
    if (folder / "kafka").exists():
        asyncio.run(_kill(KafkaServer.of(folder / "kafka", jars())))
    shutil.rmtree(folder)


async def _kill(server: KafkaServer) -> None:
    """Nobody needs what it holds."""
    for broker in server.found().values():
        await broker.kill()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
