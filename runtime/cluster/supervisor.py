"""`baton up --cluster`: starts everything in its order, keeps it running, stops it in the opposite one.

What is killed comes back, after growing waits; what ends again and again is given up, and said so. The supervisor
itself may be killed at any moment: its processes and its will (`runtime/cluster/will.py`) see to it that nothing stays
behind.
"""

import asyncio
import contextlib
import logging
import os
import time
import uuid
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

import httpx

from runtime.cluster.child import Child, GivenUp
from runtime.cluster.executor import Executor
from runtime.cluster.plan import Plan, Planned, names
from runtime.cluster.ports import reserved
from runtime.cluster.servers import Servers, refuse_away
from runtime.cluster.voices import voice
from runtime.databases import KEYRING, Databases
from runtime.department import DEPARTMENTS
from runtime.files import private_folder
from runtime.home import Run, announce, announced
from runtime.listening import reachable, refuse_taken
from runtime.misspelt import misspelt
from runtime.settings import Settings
from runtime.up import NotStarted, Up, Way

log = logging.getLogger("baton.cluster")

READY_S = 120.0
#: How long a process may take to say how it is doing.
LOOK_S = 5.0
#: Settings of the supervisor that its processes get others of, or none.
_OWN = frozenset(
    f"BATON_{name}"
    for name in (
        *("DATABASE_URL", "KEYRING_URL", "KAFKA_BOOTSTRAP", "DEPARTMENTS", "HOST", "PORT", "GRPC_PORT", "HEALTH_PORT"),
        *("GATEWAY", "TOKEN", "INSTANCE"),
    )
)


@contextlib.asynccontextmanager
async def cluster(settings: Settings) -> AsyncIterator[Up]:
    """Everything, ready; stopped on leaving. Raises what the start is refused for."""
    began = time.monotonic()
    refuse_taken(settings)
    await refuse_away(settings)
    private_folder(settings.keys)
    async with contextlib.AsyncExitStack() as stack:
        executor = Executor()
        await executor.start()
        stack.push_async_callback(executor.dismiss)
        supervisor = Supervisor(settings, executor)
        servers = Servers(settings, executor.leave, supervisor.give_up)
        stack.push_async_callback(servers.stop)
        databases, bootstrap = await _both(supervisor.migrated(servers), servers.kafka())
        grpc_ports = stack.enter_context(reserved(DEPARTMENTS))
        (port,) = (settings.port,) if settings.port else stack.enter_context(reserved(["gateway"])).values()
        health_ports = stack.enter_context(reserved(names()))
        dsns = {name: databases.dsn(name) for name in DEPARTMENTS}
        address = (settings.host, port)
        plan = Plan(dsns, databases.dsn(KEYRING), bootstrap, address, grpc_ports, health_ports)
        stack.push_async_callback(supervisor.stop)
        gateway = f"http://{reachable(settings.host)}:{port}"
        run = Run(gateway, plan.departments, os.getpid())
        # Before it is ready: whoever sees that the gateway is, may use every command.
        stack.enter_context(announced(settings, run))
        supervisor.start(plan, run)
        await supervisor.ready()
        log.info("everything is ready after %.1f s", time.monotonic() - began)
        yield Up(gateway, plan.departments)


class Supervisor:
    """Has the processes."""

    def __init__(self, settings: Settings, executor: Executor) -> None:
        self._settings = settings
        self._executor = executor
        self._environment = _environment(settings)
        self._id = uuid.uuid4().hex
        self._say = voice(settings.log)
        self._children: list[Child] = []
        self._keeping: list[asyncio.Task[None]] = []
        self._given_up: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._run: Run | None = None
        self._reasons: tuple[str, ...] = ()

    async def migrated(self, servers: Servers) -> Databases:
        """A database server with everything that the processes need. Raises `NotStarted`."""
        databases = await servers.postgres()
        child = self._child(Planned("migrate", ("migrate",), {"BATON_DATABASE_URL": databases.administrator}))
        try:
            code = await child.once()
        finally:
            await child.stop()
        if code:
            raise NotStarted(f"the databases are not what they must be: {child.last_words}")
        return databases

    def start(self, plan: Plan, run: Run) -> None:
        self.announce(run)
        self._children = [self._child(planned) for planned in plan.processes()]
        self._keeping = [asyncio.create_task(self._keep(child), name=child.name) for child in self._children]

    async def ready(self) -> None:
        """Return once every process can be counted on. Raises `NotStarted`."""
        async with httpx.AsyncClient(timeout=LOOK_S) as client:
            readiness = asyncio.gather(*(child.ready(client) for child in self._children))
            try:
                await asyncio.wait((readiness, self._given_up), timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
                if not readiness.done():
                    raise NotStarted(self._given_up.result() if self._given_up.done() else late(self._children))
                await readiness
            finally:
                readiness.cancel()
                await asyncio.gather(readiness, return_exceptions=True)

    async def stop(self) -> None:
        await asyncio.gather(*(child.stop() for child in self._children))
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)

    async def _keep(self, child: Child) -> None:
        try:
            await child.run()
        except GivenUp as error:
            self.give_up(str(error))

    def give_up(self, reason: str) -> None:
        """Say, here and to `baton status`, what is not started again."""
        log.critical("%s", reason)
        self._reasons = (*self._reasons, reason)
        if self._run is not None:
            self.announce(self._run)
        if not self._given_up.done():
            self._given_up.set_result(reason)

    def announce(self, run: Run) -> None:
        """Tell commands of this run, and of what was given up; from now on whenever that is more."""
        self._run = replace(run, given_up=self._reasons)
        announce(self._settings, self._run)

    def _child(self, planned: Planned) -> Child:
        return Child(planned, self._id, self._environment, self._say, self._executor.leave)


def late(children: Sequence[Child]) -> str:
    """Who is not ready, and what for, as they say it themselves: those who wait for the same beside each other."""
    waiting: dict[str, list[str]] = {}
    for child in children:
        if not child.was_ready:
            waiting.setdefault(child.waits_for, []).append(child.name)
    missing = (f"{', '.join(names)} ({why})" for why, names in waiting.items())
    return f"not ready after {READY_S:.0f} s: {'; '.join(missing)}"


def _environment(settings: Settings) -> Mapping[str, str]:
    """What all processes are told: our own environment, without the settings that are each one's own, and without
    what is no setting, which we have said once."""
    left_out = _OWN.union(misspelt(os.environ))
    given = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**given, "BATON_HOME": str(settings.home), "PYTHONUNBUFFERED": "1"}


async def _both(one: Coroutine[Any, Any, Databases], other: Coroutine[Any, Any, str]) -> tuple[Databases, str]:
    """Side by side; where one fails the other is cancelled."""
    try:
        async with asyncio.TaskGroup() as group:
            first, second = group.create_task(one), group.create_task(other)
    except BaseExceptionGroup as group_of_errors:
        raise group_of_errors.exceptions[0] from None
    return first.result(), second.result()


#: Whoever is not stopped in order by then is ended by the will.
STOP_S = 9.5

CLUSTER = Way(cluster, lambda settings: None, STOP_S)
