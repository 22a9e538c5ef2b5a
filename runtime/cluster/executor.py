"""The executor of the supervisor's will, kept alive as long as the supervisor lives."""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE, Process

from runtime.cluster.will import DONE, Left

log = logging.getLogger("baton.cluster")

AGAIN_S = 0.5


class Executor:
    """Knows what is to be ended. `start` it before anything else is started, `dismiss` it when all is stopped."""

    def __init__(self) -> None:
        self._left: list[Left] = []
        self._process: Process | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._launch()
        self._watching = asyncio.create_task(self._watch(), name="executor")

    def leave(self, left: Left) -> None:
        """Write a process into the will."""
        self._left.append(left)
        self._tell(left.line())

    async def dismiss(self) -> None:
        """Nothing is left to be ended."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait((self._watching,))
        self._tell(DONE)
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            await self._process.wait()

    async def _launch(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "runtime.cluster.will", stdin=PIPE, start_new_session=True
        )
        for left in self._left:
            self._tell(left.line())

    async def _watch(self) -> None:
        while self._process is not None:
            await self._process.wait()
            log.warning("the executor of the will has ended: another one is named")
            await asyncio.sleep(AGAIN_S)
            await self._launch()

    def _tell(self, line: bytes) -> None:
        if self._process is not None and self._process.stdin is not None and self._process.returncode is None:
            self._process.stdin.write(line)
