"""`baton up`: PostgreSQL, all departments, gRPC and the gateway in one process."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gateway.app import Gateway
from gateway.contract import Contract
from gateway.openapi.document import document
from gateway.pages import Pages
from gateway.server import HttpServer
from runtime.caller import Caller
from runtime.databases import Databases, Passwords
from runtime.department import DEPARTMENTS
from runtime.files import private_folder
from runtime.grpc_server import GrpcServer
from runtime.home import Run, announced, locked
from runtime.house import Houses, open_houses
from runtime.identity import Issuer, Verifier
from runtime.logs import start_logging
from runtime.memory import collect_rarely, give_back
from runtime.oidc import IssuerKeys
from runtime.postgres_server import PostgresServer
from runtime.settings import Settings
from runtime.stopping import Stop
from runtime.usage import WrongUsage

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
    with locked(settings), asyncio.Runner(loop_factory=_loop) as runner:
        try:
            return runner.run(_run(settings, ready))
        except asyncio.CancelledError:
            log.info("stopped before it was ready")
            return 0


def _loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


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
    pid = PostgresServer.of(settings.home, Passwords.at(_password_file(settings))).pid()
    if settings.database_url is None and pid is not None:
        os.kill(pid, signal.SIGINT)


def _password_file(settings: Settings) -> Path:
    return settings.keys / "postgres.key"


@contextlib.asynccontextmanager
async def baton(settings: Settings) -> AsyncIterator[Up]:
    """Everything, started; stopped in the opposite order on leaving."""
    _refuse_taken(settings)
    private_folder(settings.keys)
    issuer = Issuer.at(settings.issuer_key)
    async with contextlib.AsyncExitStack() as stack:
        databases = await stack.enter_async_context(_databases(settings))
        houses = await stack.enter_async_context(open_houses(DEPARTMENTS, databases, settings))
        verifier = await stack.enter_async_context(_verifier(settings, issuer))
        dispatcher = houses.dispatcher(verifier)
        caller = houses.caller(dispatcher)
        grpc = GrpcServer(caller, dispatcher.services, LOOPBACK, settings.grpc_port)
        await grpc.start()
        stack.push_async_callback(grpc.stop)
        port = await stack.enter_async_context(_gateway(caller, dispatcher.services, verifier, houses, settings))
        gateway = f"http://{_reachable(settings.host)}:{port}"
        run = Run(gateway, f"{LOOPBACK}:{grpc.port}", os.getpid())
        stack.enter_context(announced(settings, run))
        yield Up(houses, run.gateway, run.grpc)


@contextlib.asynccontextmanager
async def _databases(settings: Settings) -> AsyncIterator[Databases]:
    passwords = Passwords.at(_password_file(settings))
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


@contextlib.asynccontextmanager
async def _verifier(settings: Settings, issuer: Issuer) -> AsyncIterator[Verifier]:
    if settings.oidc_issuer is None:
        yield Verifier(issuer.public)
        return
    keys = IssuerKeys(settings.oidc_issuer)
    refreshing = asyncio.create_task(keys.run(), name="keys of the issuer")
    try:
        yield Verifier(issuer.public, {settings.oidc_issuer: keys})
    finally:
        refreshing.cancel()


@contextlib.asynccontextmanager
async def _gateway(
    caller: Caller, services: Sequence[str], verifier: Verifier, houses: Houses, settings: Settings
) -> AsyncIterator[int]:
    """The gateway, listening; answers its port. Raises `WrongUsage` when somebody else has the address."""
    contract = Contract.load().only(services)
    pages = Pages(document(contract, version("baton")), houses.not_ready)
    server = HttpServer(Gateway(contract, caller, verifier, pages), settings.host, settings.port)
    try:
        port = await server.start()
    except OSError as error:
        raise _taken(settings, error) from error
    try:
        yield port
    finally:
        await server.stop()


def _refuse_taken(settings: Settings) -> None:
    """Before anything is started. Raises `WrongUsage` when somebody else has the gateway's address."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        raise _taken(settings, error) from error


def _taken(settings: Settings, error: OSError) -> WrongUsage:
    where, why = f"{settings.host}:{settings.port}", os.strerror(error.errno or 0)
    return WrongUsage(f"cannot listen on {where} ({why}): choose another BATON_PORT or BATON_HOST")


def _reachable(host: str) -> str:
    """The address under which this machine reaches what listens on `host`."""
    everywhere = {"0.0.0.0": LOOPBACK, "::": "[::1]", "": LOOPBACK}  # noqa: S104 - compared with, not listened on
    return everywhere.get(host, f"[{host}]" if ":" in host else host)
