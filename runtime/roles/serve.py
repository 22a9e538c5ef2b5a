"""`baton serve DEPARTMENT`: answers the department's RPCs, its log and what operators ask of it, over gRPC."""

import contextlib
from collections.abc import AsyncIterator
from functools import partial

from eventlog.events import Place, Version
from eventlog.kafka.brokers import addresses
from eventlog.kafka.told import told
from eventlog.projector import Projector
from eventlog.watching import Watching
from runtime.gathering import Gathering
from runtime.grpc_server import GrpcServer
from runtime.opening import Opened
from runtime.operations_service import Kafka
from runtime.projecting import projector_of
from runtime.roles.connecting import brokers, opened_department, verifier_of
from runtime.roles.process import Started
from runtime.serving import Serving, dispatcher
from runtime.settings import Settings
from runtime.tls import Tls


class HearingElsewhere:
    """How a department hears that is projected by another process: that one is watched; single streams are heard again
    from here, where somebody asks for it."""

    def __init__(self, watching: Watching, projector: Projector) -> None:
        self._watching = watching
        self._projector = projector

    async def wait_for(self, department: str, place: Place, timeout_s: float) -> None:
        await self._watching.wait_for(department, place, timeout_s)

    async def heal(self, department: str, tenant: str, stream: str, upto: Version = Version(0)) -> bool:
        return await self._projector.heal(department, tenant, stream, upto)


@contextlib.asynccontextmanager
async def serve(name: str, settings: Settings) -> AsyncIterator[Started]:
    """Answers as long as it is entered. Raises `WrongSetting`, `WrongUsage`, `NotSafe`."""
    async with contextlib.AsyncExitStack() as stack:
        verifier = await stack.enter_async_context(verifier_of(settings))
        opened = await stack.enter_async_context(opened_department(name, settings))
        serving = await stack.enter_async_context(_serving(opened, settings))
        answering = dispatcher([serving], verifier, opened.house.keyring.hmac)
        asked = Gathering(answering, [name])
        grpc = GrpcServer(asked, answering.services, settings.host, settings.grpc_port, Tls.of(settings))
        await grpc.start()
        stack.push_async_callback(grpc.stop)
        yield Started({"log": lambda: log_answers(opened)})


@contextlib.asynccontextmanager
async def _serving(opened: Opened, settings: Settings) -> AsyncIterator[Serving]:
    """The department, heard by another process."""
    watching = Watching(opened.name, opened.dsn, opened.house.views, opened.heard())
    projector = projector_of(opened, watching.tell, watching.tell)
    opened.hearing.bind(HearingElsewhere(watching, projector))
    bootstrap = brokers(settings)
    serving = Serving.of(opened, projector, Kafka(addresses(bootstrap), partial(told, bootstrap, opened.name)))
    watching.start()
    try:
        yield serving
    finally:
        await serving.operations.stop()
        await watching.close()


async def log_answers(opened: Opened) -> str:
    """Whether the database is there: no reason, or what reading raises."""
    await opened.house.store.head()
    return ""
