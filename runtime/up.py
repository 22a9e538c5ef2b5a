"""`baton up`: PostgreSQL, all departments, gRPC and the gateway in one process."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn

from gateway.app import Gateway, create_app
from runtime.databases import Databases, Passwords
from runtime.department import DEPARTMENTS
from runtime.files import private_folder
from runtime.grpc_server import GrpcServer
from runtime.home import Run, announced, locked
from runtime.house import Houses, open_houses
from runtime.identity import Issuer, Verifier
from runtime.logs import start_logging
from runtime.oidc import IssuerKeys
from runtime.postgres_server import PostgresServer
from runtime.settings import Settings
from runtime.usage import WrongUsage

log = logging.getLogger("baton.up")

LOOPBACK = "127.0.0.1"
BACKLOG = 2048
#: Connections that still answer when it is asked to stop get this long.
STOP_S = 2


@dataclass(frozen=True)
class Up:
    """A Baton that is ready."""

    houses: Houses
    gateway: str
    grpc: str


Ready = Callable[[Up], Coroutine[Any, Any, None]]


class _Uvicorn(uvicorn.Server):
    """Signals are ours: PostgreSQL and the departments stop after the gateway."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run(settings: Settings, ready: Ready) -> int:
    """Run until SIGTERM or SIGINT. `ready` is awaited once everything answers. Raises what the start is refused for."""
    start_logging(settings.log)
    with locked(settings), asyncio.Runner(loop_factory=_loop) as runner:
        return runner.run(_run(settings, ready))


def _loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


async def _run(settings: Settings, ready: Ready) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with baton(settings) as up:
        telling = asyncio.create_task(ready(up), name="ready")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        await asyncio.wait((telling, stopping), return_when=asyncio.FIRST_COMPLETED)
        if telling.done():
            await telling
            await stopping
        telling.cancel()
        log.info("stopping")
    return 0


@contextlib.asynccontextmanager
async def baton(settings: Settings) -> AsyncIterator[Up]:
    """Everything, started; stopped in the opposite order on leaving."""
    private_folder(settings.keys)
    issuer = Issuer.at(settings.issuer_key)
    async with contextlib.AsyncExitStack() as stack:
        listening = stack.enter_context(_listening(settings.host, settings.port))
        databases = await stack.enter_async_context(_databases(settings))
        houses = await stack.enter_async_context(open_houses(DEPARTMENTS, databases, settings))
        verifier = await stack.enter_async_context(_verifier(settings, issuer))
        dispatcher = houses.dispatcher(verifier)
        grpc = GrpcServer(dispatcher, LOOPBACK, settings.grpc_port)
        await grpc.start()
        stack.push_async_callback(grpc.stop)
        app = create_app(dispatcher, verifier, dispatcher.services, houses.not_ready)
        await stack.enter_async_context(_serving(app, listening))
        gateway = f"http://{_reachable(settings.host)}:{listening.getsockname()[1]}"
        run = Run(gateway, f"{LOOPBACK}:{grpc.port}", os.getpid())
        stack.enter_context(announced(settings, run))
        yield Up(houses, run.gateway, run.grpc)


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """The gateway's socket, taken before anything is started. Raises `WrongUsage` when somebody else has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        told = f"cannot listen on {host}:{port} ({error.strerror}): choose another BATON_PORT or BATON_HOST"
        raise WrongUsage(told) from error
    with listening:
        yield listening


@contextlib.asynccontextmanager
async def _databases(settings: Settings) -> AsyncIterator[Databases]:
    passwords = Passwords.at(settings.keys / "postgres.key")
    if settings.database_url is not None:
        yield Databases(settings.database_url, passwords)
        return
    server = PostgresServer.of(settings.home, passwords)
    try:
        await server.start()
        yield server.databases
    finally:
        await server.stop()


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
async def _serving(app: Gateway, listening: socket.socket) -> AsyncIterator[None]:
    server = _Uvicorn(
        uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=True,
            timeout_graceful_shutdown=STOP_S,
            h11_max_incomplete_event_size=None,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="gateway")
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn tells nobody
            await asyncio.sleep(0.005)
        yield
    finally:
        server.should_exit = True
        app.end_streams()
        await serving


def _reachable(host: str) -> str:
    """The address under which this machine reaches what listens on `host`."""
    everywhere = {"0.0.0.0": LOOPBACK, "::": "[::1]", "": LOOPBACK}  # noqa: S104 - compared with, not listened on
    return everywhere.get(host, f"[{host}]" if ":" in host else host)
