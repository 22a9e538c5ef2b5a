"""Rebuilds on request: each runs on its own, callers come and go and ask for its outcome."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from eventlog.rebuild import Rebuild, RebuildBusy, Rebuilt

#: How long one call waits for the outcome.
WAIT_S = 10.0
#: How soon to ask again while another process rebuilds.
BUSY_S = 1.0


@dataclass(frozen=True)
class Outcome:
    """What a rebuild led to, and how long it took."""

    rebuilt: Rebuilt
    seconds: float


@dataclass(frozen=True)
class Asked:
    """Which rebuild: of which department's views, only compared or swapped, compared for which tenant (None: all)."""

    department: str
    check: bool
    tenant: str | None = None


class Rebuilding:
    """Rebuilds under way, by what was asked. Whoever asks for the same again waits for the one that runs; its
    outcome is told once."""

    def __init__(self, wait_s: float = WAIT_S) -> None:
        self._tasks: dict[Asked, asyncio.Task[Outcome]] = {}
        self._wait_s = wait_s

    async def outcome(self, asked: Asked, make: Callable[[], Rebuild]) -> Outcome | None:
        """The outcome, or None while it is under way, here or in another process of the department: several may answer
        for it, and each call may reach another one. Raises `RebuildFailed`."""
        if asked not in self._tasks:
            self._tasks[asked] = asyncio.create_task(_timed(make(), asked), name=f"rebuild of {asked.department}")
        task = self._tasks[asked]
        await asyncio.wait((task,), timeout=self._wait_s)
        if not task.done():
            return None
        self._tasks.pop(asked, None)
        try:
            return await task
        except RebuildBusy:
            await asyncio.sleep(min(BUSY_S, self._wait_s))
            return None

    async def stop(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


async def _timed(rebuild: Rebuild, asked: Asked) -> Outcome:
    began = time.monotonic()
    return Outcome(await rebuild.run(check=asked.check, tenant=asked.tenant), time.monotonic() - began)
