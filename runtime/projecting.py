"""The role that keeps a department's views up to date and does what its reactions ask for."""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from eventlog.errors import LogError
from eventlog.healing import Healing
from eventlog.projector import Projector
from eventlog.reactor import Reactor
from runtime.department import House
from runtime.failures import TROUBLE, forget, remember
from runtime.opening import CLOSE_S, Opened

log = logging.getLogger("baton.house")


def nobody() -> None:
    """Who is told where nobody else is there."""


#: Does a work as long as this process is the one to do it.
Work = Callable[[], Coroutine[Any, Any, None]]
Leadership = Callable[[Work], Coroutine[Any, Any, None]]


async def alone(work: Work) -> None:
    """Where one process is all there is."""
    await work()


class Projecting:
    """Projector, reactor and healing of one department. `told` is called after every commit, so that other processes
    may be told. Several processes may share what others tell; the own log is heard, and todos are done, by the
    leader. `failed` says why something has stopped for good."""

    def __init__(self, opened: Opened, told: Callable[[], None] = nobody, in_turn: Leadership = alone) -> None:
        house, department = opened.house, opened.department
        self.opened = opened
        self.reactor = Reactor(opened.name, house.views, department.reactions, house.clock)
        self.projector = projector_of(opened, self.reactor.wake, told)
        self.failed = ""
        self._in_turn = in_turn
        self._tasks: list[asyncio.Task[None]] = []
        opened.hearing.bind(self.projector)

    @property
    def name(self) -> str:
        return self.opened.name

    @property
    def house(self) -> House:
        return self.opened.house

    async def start(self) -> None:
        healing = Healing(self.name, self.projector.sources)
        works = {
            "projector": self.projector.run(self.opened.department.hears),
            "work of the leader": self._in_turn(self._at_the_head),
            "healing": healing.run(),
        }
        await forget(self.house.views, works)
        for what, work in works.items():
            self._tasks.append(asyncio.create_task(self._run(what, work), name=f"{what} of {self.name}"))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_S)

    async def ended(self) -> str:
        """Wait until one of them has stopped for good; why."""
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        return self.failed

    async def _at_the_head(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.projector.run([self.name]), name=f"{self.name} hears itself")
            group.create_task(self.reactor.run(), name=f"reactor of {self.name}")

    async def _run(self, what: str, work: Awaitable[None]) -> None:
        """What waiting does not heal is told and shown in the status; the department goes on answering."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - what failed is shown, and stops nothing else
            self.failed = f"the {what} has stopped: {innermost(error)}"
            log.critical("%s: %s", self.name, self.failed, extra={"department": self.name})
            await self._remember(what)

    async def _remember(self, what: str) -> None:
        """For those who ask another process of the department how it is doing."""
        try:
            await remember(self.house.views, what, self.failed)
        except TROUBLE as error:
            log.warning("%s: the status cannot show it: %s", self.name, type(error).__name__)


def projector_of(opened: Opened, wake: Callable[[], None], told: Callable[[], None]) -> Projector:
    """The projector of a department, to be run, or to heal single streams with. `wake` is called when it has written
    things to do, `told` after every commit."""
    house, department = opened.house, opened.department
    return Projector(
        opened.name,
        house.views,
        house.codec,
        opened.heard(),
        department.projections,
        department.reactions,
        wake=wake,
        told=told,
        clock=house.clock,
        renew=lambda: opened.rebuild().run(compared=False),
        release=opened.release,
    )


def innermost(error: BaseException) -> str:
    """Kind and place; a message only where it is known to name no person: others may quote what they choked on."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    kind = type(error).__name__
    if isinstance(error, LogError):
        return f"{kind}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    return f"{kind} in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else kind
