"""`baton up`: runs everything on this machine until it is told to stop, in whichever way."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from runtime.home import locked
from runtime.logs import start_logging
from runtime.memory import collect_rarely, give_back
from runtime.roles.process import new_loop
from runtime.settings import Settings
from runtime.stopping import Stop
from runtime.telemetry import tracing_to_collector

log = logging.getLogger("baton.up")


class NotStarted(Exception):
    """A part of Baton did not come up; the message says which, and why."""


@dataclass(frozen=True)
class Up:
    """A Baton that is ready. `grpc` is where departments answer."""

    gateway: str
    grpc: str


@dataclass(frozen=True)
class Way:
    """How a Baton runs. `start` is entered when everything answers, and stops everything in order on leaving; `last` is
    called where that takes longer than `stop_s`, before the process ends by force."""

    start: Callable[[Settings], AbstractAsyncContextManager[Up]]
    last: Callable[[Settings], None]
    stop_s: float


Ready = Callable[[Up], Coroutine[Any, Any, None]]


def run(settings: Settings, way: Way, ready: Ready) -> int:
    """Run until SIGTERM or SIGINT. `ready` is awaited once everything answers. Raises what the start is refused for."""
    start_logging(settings.log, role="up")
    collect_rarely()
    with locked(settings), tracing_to_collector(settings, "up"), asyncio.Runner(loop_factory=new_loop) as runner:
        try:
            return runner.run(_run(settings, way, ready))
        except asyncio.CancelledError:
            log.info("stopped before it was ready")
            return 0


async def _run(settings: Settings, way: Way, ready: Ready) -> int:
    stop = Stop(lambda: way.last(settings), way.stop_s)
    async with contextlib.AsyncExitStack() as stack:
        up = await stack.enter_async_context(way.start(settings))
        stop.started()
        telling = asyncio.create_task(ready(up), name="ready")
        stopping = asyncio.create_task(stop.asked(), name="stop")
        await asyncio.wait((telling, stopping), return_when=asyncio.FIRST_COMPLETED)
        if telling.done():
            await telling
            give_back()
            await stopping
        telling.cancel()
        log.info("stopping")
    return 0
