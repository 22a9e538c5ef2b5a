"""A process that has one role: from its start to SIGTERM, with its health served over HTTP."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import asyncpg

from eventlog.trouble import persist
from runtime.databases import REFUSALS, refused, whereabouts
from runtime.health import Check, Health
from runtime.http_server import HttpServer
from runtime.logs import start_logging
from runtime.memory import collect_rarely, give_back
from runtime.settings import Settings
from runtime.stopping import Stop
from runtime.telemetry import tracing_to_collector
from runtime.usage import WrongUsage

log = logging.getLogger("baton.role")

CONNECT_S = 5.0
#: After this the process ends, whatever still holds it.
STOP_S = 6.0
FAILED = 1


async def never() -> str:
    """When a role ends that only ends when it is told to."""
    forever: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    return await forever


@dataclass(frozen=True)
class Started:
    """A role that has started. `checks` say whether it can be counted on; `ended` answers why it cannot go on, if that
    ever happens."""

    checks: Mapping[str, Check] = field(default_factory=dict)
    ended: Callable[[], Awaitable[str]] = never


Role = Callable[[Settings], AbstractAsyncContextManager[Started]]


def run(name: str, settings: Settings, role: Role) -> int:
    """Run a role until SIGTERM or SIGINT, or until it cannot go on: the exit code. Raises what its start is refused
    for."""
    role_name, _, department = name.partition(" ")
    start_logging(settings.log, role=role_name, department=department)
    collect_rarely()
    with tracing_to_collector(settings, role_name, department), asyncio.Runner(loop_factory=new_loop) as runner:
        try:
            return runner.run(_run(name, settings, role))
        except asyncio.CancelledError:
            log.info("%s stopped before it was ready", name)
            return 0


def new_loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


async def _run(name: str, settings: Settings, role: Role) -> int:
    stop = Stop(lambda: None, STOP_S)
    checks: dict[str, Check] = {"start": _starting}
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(healthy(settings, checks))
        started = await stack.enter_async_context(role(settings))
        checks.update(started.checks)
        del checks["start"]
        stop.started()
        give_back()
        log.info("%s is ready; its health is at port %d", name, port)
        why = await _until(stop, started)
        log.info("stopping")
    return FAILED if why else 0


async def _starting() -> str:
    return "not ready yet"


async def _until(stop: Stop, started: Started) -> str:
    """Wait until it is to stop; why, where it is the role itself that cannot go on."""
    asked = asyncio.create_task(stop.asked(), name="stop")
    ended = asyncio.ensure_future(started.ended())
    await asyncio.wait((asked, ended), return_when=asyncio.FIRST_COMPLETED)
    if ended.done():
        stop.ask()
        return ended.result()
    ended.cancel()
    return ""


@contextlib.asynccontextmanager
async def healthy(settings: Settings, checks: Mapping[str, Check]) -> AsyncIterator[int]:
    """Serve health; answers the port. Raises `WrongUsage` when somebody else has it."""
    server = HttpServer(Health(checks), settings.host, settings.health_port)
    try:
        port = await server.start()
    except OSError as error:
        where = f"{settings.host}:{settings.health_port}"
        raise WrongUsage(f"cannot listen on {where} ({error.strerror}): choose another BATON_HEALTH_PORT") from error
    try:
        yield port
    finally:
        await server.stop()


async def reached(dsn: str, setting: str = "BATON_DATABASE_URL") -> None:
    """Wait until the database of a setting answers: it may be started beside us. Raises `DatabaseRefused`."""

    async def connect() -> None:
        try:
            connection = await asyncpg.connect(dsn, timeout=CONNECT_S)
        except REFUSALS as error:
            raise refused(setting, dsn, error) from error
        await connection.close()

    await persist(connect, f"the database at {whereabouts(dsn)} ({setting})", log)
