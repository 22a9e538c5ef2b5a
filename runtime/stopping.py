"""Stopping on SIGTERM and Ctrl-C: in order where possible, in time in any case."""

import asyncio
import faulthandler
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

log = logging.getLogger("baton.up")

#: A second signal within this time belongs to the first: a terminal and a supervisor may both send one.
AGAIN_S = 1.0


class Stop:
    """Asked for by a signal. While everything starts it cancels the start; a later second one ends the process at once.

    `last` is called before the process is ended by force, after `stop_s`."""

    def __init__(self, last: Callable[[], None], stop_s: float) -> None:
        self._last = last
        self._stop_s = stop_s
        self._asked = asyncio.Event()
        self._asked_at = 0.0
        self._starting: asyncio.Task[object] | None = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.ask)

    def ask(self) -> None:
        if self._asked.is_set():
            if time.monotonic() - self._asked_at > AGAIN_S:
                self._force("asked twice to stop")
            return
        self._asked.set()
        self._asked_at = time.monotonic()
        timer = threading.Timer(self._stop_s, self._force, (f"not stopped after {self._stop_s:.0f} s",))
        timer.daemon = True
        timer.start()
        if self._starting is not None:
            self._starting.cancel()

    def started(self) -> None:
        """From now on there is something to stop in order."""
        self._starting = None

    async def asked(self) -> None:
        """Wait until it is asked for."""
        await self._asked.wait()

    def _force(self, why: str) -> None:
        log.error("%s: ending by force", why)
        faulthandler.dump_traceback(sys.stderr)
        self._last()
        os._exit(1)
