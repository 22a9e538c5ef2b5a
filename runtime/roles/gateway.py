"""`baton gateway`: REST, documentation and event streams for every department there is, asked over gRPC."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from importlib.metadata import version

from gateway.app import Gateway
from gateway.contract import Contract
from gateway.openapi.document import document
from gateway.pages import NotReady, Pages
from gateway.server import GatewayServer
from runtime.caller import Caller
from runtime.channels import Channels
from runtime.errors import RpcError
from runtime.gathering import Gathering
from runtime.identity import Verifier
from runtime.listening import taken
from runtime.remote import RemoteCaller
from runtime.roles.connecting import addresses, verifier_of
from runtime.roles.process import Started
from runtime.settings import Settings
from runtime.tls import Tls

LOOK_S = 1.0


@contextlib.asynccontextmanager
async def gateway(settings: Settings) -> AsyncIterator[Started]:
    """Answers as long as it is entered. Raises `WrongSetting`, `WrongUsage`."""
    async with contextlib.AsyncExitStack() as stack:
        verifier = await stack.enter_async_context(verifier_of(settings))
        channels = Channels(addresses(settings), Tls.of(settings))
        caller = RemoteCaller(channels)
        stack.push_async_callback(caller.close)
        reaching = Reaching(channels)
        stack.push_async_callback(reaching.stop)
        contract = Contract.load().of_departments(channels.departments)
        asked = Gathering(caller, channels.departments)
        await stack.enter_async_context(listening(asked, contract, verifier, reaching.missing, settings))

        async def departments() -> str:
            return "; ".join(reaching.missing())

        yield Started({"departments": departments})


@contextlib.asynccontextmanager
async def listening(
    caller: Caller, contract: Contract, verifier: Verifier, not_ready: NotReady, settings: Settings
) -> AsyncIterator[int]:
    """The gateway on its address; answers its port. Raises `WrongUsage` when somebody else has the address."""
    pages = Pages(document(contract, version("baton")), not_ready)
    server = GatewayServer(Gateway(contract, caller, verifier, pages), settings.host, settings.port)
    try:
        port = await server.start()
    except OSError as error:
        raise taken(settings, error) from error
    try:
        yield port
    finally:
        await server.stop()


class Reaching:
    """Which departments have answered since the start. One that is away later is no reason to send requests elsewhere:
    for the others this gateway is as good as any, and for that one it says when to try again."""

    def __init__(self, channels: Channels) -> None:
        self._missing = dict.fromkeys(channels.departments)
        self._tasks = [asyncio.create_task(self._reach(channels, name)) for name in channels.departments]

    def missing(self) -> Sequence[str]:
        return [f"{name} was not reached yet" for name in self._missing]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _reach(self, channels: Channels, department: str) -> None:
        while department in self._missing:
            with contextlib.suppress(RpcError):
                await channels.reached(department, LOOK_S)
                del self._missing[department]
