"""`baton up`: PostgreSQL, all departments, gRPC and the gateway in one process."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from gateway.contract import Contract
from runtime.databases import Databases, Passwords
from runtime.department import DEPARTMENTS
from runtime.files import private_folder
from runtime.grpc_server import GrpcServer
from runtime.home import Run, announced, locked
from runtime.house import Houses, open_houses
from runtime.identity import Issuer
from runtime.logs import start_logging
from runtime.memory import collect_rarely, give_back
from runtime.oidc import verifying
from runtime.postgres_server import PostgresServer
from runtime.roles.gateway import listening, taken
from runtime.roles.process import new_loop
from runtime.settings import Settings
from runtime.stopping import Stop

log = logging.getLogger("baton.up")

LOOPBACK = "127.0.0.1"
STOP_POSTGRES_S = 2.5


@dataclass(frozen=True)
class Up:
    """A Baton that is ready."""

    houses: Houses
    gateway: str
    grpc: str


Ready = Callable[[Up], Coroutine[Any, Any, None]]


def run(settings: Settings, ready: Ready) -> int:
    """Run until SIGTERM or SIGINT. `ready` is awaited once everything answers. Raises what the start is refused for."""
    start_logging(settings.log)
    collect_rarely()
    with locked(settings), asyncio.Runner(loop_factory=new_loop) as runner:
        try:
            return runner.run(_run(settings, ready))
        except asyncio.CancelledError:
            log.info("stopped before it was ready")
            return 0


async def _run(settings: Settings, ready: Ready) -> int:
    stop = Stop(lambda: _leave_postgres(settings))
    async with contextlib.AsyncExitStack() as stack:
        up = await stack.enter_async_context(baton(settings))
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


def _leave_postgres(settings: Settings) -> None:
    """Tell the embedded server to stop, without waiting for it."""
    pid = PostgresServer.of(settings.home, Passwords.at(settings.postgres_key)).pid()
    if settings.database_url is None and pid is not None:
        os.kill(pid, signal.SIGINT)


@contextlib.asynccontextmanager
async def baton(settings: Settings) -> AsyncIterator[Up]:
    """Everything, started; stopped in the opposite order on leaving."""
    _refuse_taken(settings)
    private_folder(settings.keys)
    issuer = Issuer.at(settings.issuer_key)
    async with contextlib.AsyncExitStack() as stack:
        databases = await stack.enter_async_context(_databases(settings))
        houses = await stack.enter_async_context(open_houses(DEPARTMENTS, databases, settings))
        verifier = await stack.enter_async_context(verifying(settings.oidc_issuer, issuer.public))
        dispatcher = houses.dispatcher(verifier)
        caller = houses.caller(dispatcher)
        grpc = GrpcServer(caller, dispatcher.services, LOOPBACK, settings.grpc_port)
        await grpc.start()
        stack.push_async_callback(grpc.stop)
        contract = Contract.load().only(dispatcher.services)
        port = await stack.enter_async_context(listening(caller, contract, verifier, houses.not_ready, settings))
        gateway = f"http://{_reachable(settings.host)}:{port}"
        run = Run(gateway, f"{LOOPBACK}:{grpc.port}", os.getpid())
        stack.enter_context(announced(settings, run))
        yield Up(houses, run.gateway, run.grpc)


@contextlib.asynccontextmanager
async def _databases(settings: Settings) -> AsyncIterator[Databases]:
    passwords = Passwords.at(settings.postgres_key)
    if settings.database_url is not None:
        yield Databases(settings.database_url, passwords)
        return
    server = PostgresServer.of(settings.home, passwords)
    watching: asyncio.Task[None] | None = None
    try:
        await server.start()
        watching = asyncio.create_task(server.watch(), name="PostgreSQL")
        yield server.databases
    finally:
        if watching is not None:
            watching.cancel()
            await asyncio.wait((watching,))
        if not await server.stop(STOP_POSTGRES_S):
            log.info("PostgreSQL is still writing to a slow disk, and stops by itself")


def _refuse_taken(settings: Settings) -> None:
    """Before anything is started. Raises `WrongUsage` when somebody else has the gateway's address."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        raise taken(settings, error) from error


def _reachable(host: str) -> str:
    """The address under which this machine reaches what listens on `host`."""
    everywhere = {"0.0.0.0": LOOPBACK, "::": "[::1]", "": LOOPBACK}  # noqa: S104 - compared with, not listened on
    return everywhere.get(host, f"[{host}]" if ":" in host else host)
