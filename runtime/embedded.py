"""`baton up`: PostgreSQL, all departments with all roles, gRPC and the gateway in one process."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator

from gateway.contract import Contract
from runtime.databases import Databases, Passwords
from runtime.department import DEPARTMENTS
from runtime.files import private_folder
from runtime.grpc_server import GrpcServer
from runtime.home import Run, announced
from runtime.house import open_houses
from runtime.identity import Issuer
from runtime.listening import LOOPBACK, reachable, refuse_taken
from runtime.oidc import verifying
from runtime.postgres_server import PostgresServer
from runtime.roles.gateway import listening
from runtime.settings import Settings
from runtime.up import Up, Way

log = logging.getLogger("baton.up")

STOP_POSTGRES_S = 2.5
#: After this the process ends, whatever still holds it; PostgreSQL is told to stop, and needs nobody for that.
STOP_S = 4.0


@contextlib.asynccontextmanager
async def embedded(settings: Settings) -> AsyncIterator[Up]:
    """Everything, started; stopped in the opposite order on leaving."""
    refuse_taken(settings)
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
        run = Run(f"http://{reachable(settings.host)}:{port}", f"{LOOPBACK}:{grpc.port}", os.getpid())
        stack.enter_context(announced(settings, run))
        yield Up(run.gateway, run.grpc)


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


def _leave_postgres(settings: Settings) -> None:
    """Tell the embedded server to stop, without waiting for it."""
    pid = PostgresServer.of(settings.home, Passwords.at(settings.postgres_key)).pid()
    if settings.database_url is None and pid is not None:
        os.kill(pid, signal.SIGINT)


EMBEDDED = Way(embedded, _leave_postgres, STOP_S)
