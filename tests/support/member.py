"""A process that is one of those who hear a department for sales: to be killed and stopped by tests.

    python -m tests.support.member VIEWS_DSN SHOP_DSN SHOP BOOTSTRAP [INSTANCE SESSION_S]

Writes a line when its first partitions were given to it, and works until it is killed."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from eventlog.postgres import PostgresStore
from eventlog.source import Source
from tests.support.data import ROOT
from tests.support.department import a_codec, open_views
from tests.support.listening import SESSION_S, listening
from tests.support.log import eventually

READY = "hears"


class MemberProcess:
    """One such process."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.member", *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )

    async def hears(self) -> None:
        """Return once partitions were given to it."""
        assert self._process.stdout is not None
        assert (await asyncio.to_thread(self._process.stdout.readline)).strip() == READY

    def stop(self) -> None:
        """As if its machine were frozen."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(10)


@contextmanager
def member_process(*arguments: str) -> Iterator[MemberProcess]:
    process = MemberProcess(*arguments)
    try:
        yield process
    finally:
        process.kill()


async def _main(
    views_dsn: str, shop_dsn: str, shop: str, bootstrap: str, instance: str = "", session: str = str(SESSION_S)
) -> None:
    async with (
        await PostgresStore.open(shop_dsn, shop) as store,
        open_views(views_dsn) as views,
        listening(views, a_codec(), store, bootstrap, instance=instance or None, session_s=float(session)) as projector,
    ):
        await eventually(lambda: has_parts(projector.sources[shop]), "partitions of its own")
        sys.stdout.write(READY + "\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().create_future()


async def has_parts(source: Source) -> bool:
    return bool(source._marks)


if __name__ == "__main__":
    logging.basicConfig(level=os.environ.get("MEMBER_LOG", "ERROR"))
    asyncio.run(_main(*sys.argv[1:]))
