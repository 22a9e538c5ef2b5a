"""A relay as a process that a test kills or stops, or that stops itself (SIGSTOP) at a place that the test names.

python -m tests.support.relay_process DSN BOOTSTRAP DEPARTMENT [PLACE]
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import psutil
from aiokafka import AIOKafkaProducer

from eventlog.kafka import relay as relay_module
from eventlog.kafka.gathering import Gathering
from eventlog.kafka.transactions import Transactions
from eventlog.postgres.store import PostgresStore
from tests.support.data import ROOT
from tests.support.log import eventually
from tests.support.relaying import a_relay

#: Where a relay may be stopped: what it is about to do then.
PLACES: dict[str, tuple[Any, str]] = {
    "fence": (relay_module, "fencing_producer"),
    "read the end": (relay_module, "resume"),
    "take the facts": (Gathering, "take"),
    "write the facts": (Transactions, "_facts"),
    "write the watermark": (Transactions, "_watermark"),
    "commit": (AIOKafkaProducer, "commit_transaction"),
}


def stop_before(place: str) -> None:
    """Stop this process the first time that it comes there."""
    owner, name = PLACES[place]
    original = getattr(owner, name)

    @wraps(original)
    def stopped_once(*args: Any, **kwargs: Any) -> Any:
        setattr(owner, name, original)
        os.kill(os.getpid(), signal.SIGSTOP)
        return original(*args, **kwargs)

    setattr(owner, name, stopped_once)


class RelayProcess:
    """Started by `relay_process`; the test may kill, stop and continue it."""

    def __init__(self, dsn: str, bootstrap: str, department: str, place: str | None = None) -> None:
        words = [sys.executable, "-m", "tests.support.relay_process", dsn, bootstrap, department]
        self._process = subprocess.Popen([*words, *([place] if place else [])], cwd=ROOT, stdin=subprocess.DEVNULL)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    async def has_stopped(self) -> None:
        await eventually(self._is_stopped, "the relay stopped where it should")

    async def _is_stopped(self) -> bool:
        assert self._process.poll() is None, "the relay has ended"
        return bool(psutil.Process(self._process.pid).status() == psutil.STATUS_STOPPED)

    @property
    def runs(self) -> bool:
        return self._process.poll() is None


@contextmanager
def relay_process(dsn: str, bootstrap: str, department: str, place: str | None = None) -> Iterator[RelayProcess]:
    process = RelayProcess(dsn, bootstrap, department, place)
    try:
        yield process
    finally:
        process.kill()


async def main(dsn: str, bootstrap: str, department: str, *place: str) -> None:
    for each in place:
        stop_before(each)
    async with await PostgresStore.open(dsn, department) as store:
        await a_relay(store, dsn, bootstrap).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
