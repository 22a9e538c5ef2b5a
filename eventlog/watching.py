"""How far a department has heard others, seen from a process that does not project itself: in its tables.

The process that projects says after each commit that there is something to see; whoever waits looks then, and every
100 ms in any case. Who waits for nothing looks at nothing.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable

from eventlog.checkpoints import Waiters, all_heard, wait_until_heard
from eventlog.errors import NoSuchPlace
from eventlog.events import Place
from eventlog.feed import Feed
from eventlog.postgres.channel import Channel
from eventlog.trouble import persist
from eventlog.views import Views

#: On which processes of one department tell each other that its views have changed.
CHANNEL = "baton_views"
LOOK_AGAIN_S = 0.1


class Watching:
    """Waits for what another process of the department hears. `sources` are the feeds that it hears, asked only where
    their logs end. `start` and `close` it."""

    def __init__(self, department: str, dsn: str, views: Views, sources: Iterable[Feed]) -> None:
        self._department = department
        self._views = views
        self._feeds = {feed.department: feed for feed in sources}
        self._heard = {name: Waiters() for name in self._feeds}
        self._channel = Channel(dsn, CHANNEL, self._told, self._lost)
        self._waiting = 0
        self._wanted = asyncio.Event()
        self._word = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._log = logging.getLogger(f"baton.watching.{department}")

    def start(self) -> None:
        self._channel.start()
        self._task = asyncio.create_task(self._run(), name=f"watching {self._department}")

    async def close(self) -> None:
        await self._channel.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    def tell(self) -> None:
        """This process has changed the views: others look."""
        self._channel.send()

    async def wait_for(self, department: str, place: Place, timeout_s: float) -> None:
        """Return once a department was heard up to a place. Raises `NoSuchPlace` at once for a place that its log
        does not have, `Behind` after `timeout_s`."""
        feed = self._feeds.get(department)
        if feed is None:
            raise NoSuchPlace(f"{self._department} does not hear {department}")
        self._waiting += 1
        self._wanted.set()
        try:
            await wait_until_heard(department, self._heard[department], feed.head, place, timeout_s)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._wanted.clear()

    def _told(self, word: str) -> None:
        self._word.set()

    def _lost(self) -> None:
        """A crash of the server may have taken back what was seen: nothing counts until it is seen again."""
        for waiters in self._heard.values():
            waiters.doubt()
        self._word.set()

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            self._word.clear()
            await persist(self._look, "checkpoints", self._log)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self._word.wait()

    async def _look(self) -> None:
        for source, place in (await all_heard(self._views)).items():
            if source in self._heard:
                self._heard[source].reached(place)
