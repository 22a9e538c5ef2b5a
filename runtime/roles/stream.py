"""`baton stream DEPARTMENT`: a worker of the department's streaming topologies, with Faust on Kafka."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from eventlog import release
from eventlog.codec import Codec
from eventlog.feed import PostgresFeed
from eventlog.kafka.brokers import Bootstrap
from eventlog.keyring import Keyless
from eventlog.projections import Projection
from eventlog.streaming.application import StreamTopics
from eventlog.streaming.heard import begin_anew, current_epoch
from eventlog.streaming.worker import StreamWorker, Work
from eventlog.views import Views
from facts.registry import REGISTRY
from runtime.opening import close_pool, load_facts, schema_of, streams_of
from runtime.projecting import innermost
from runtime.remote_log import RemoteLog
from runtime.restoring import reached as at_hand
from runtime.roles.connecting import brokers, caller_of, database
from runtime.roles.process import Started, reached
from runtime.roles.reachable import away
from runtime.service_token import service_token
from runtime.settings import Settings
from runtime.usage import WrongUsage

VIEW_CONNECTIONS_MAX = 4


@contextlib.asynccontextmanager
async def stream(name: str, settings: Settings) -> AsyncIterator[Started]:
    """Works as long as it is entered. Any number may: they share the partitions. Needs no data key, and sees every
    personal field as erased. Raises `WrongSetting`, `WrongUsage`, `NotSafe`."""
    projection, bootstrap = _streams(name), brokers(settings)
    load_facts()
    async with contextlib.AsyncExitStack() as stack:
        views = await _views(stack, name, database(settings))
        caller = await stack.enter_async_context(caller_of(settings))
        token = service_token(settings, name)
        owners = {source: PostgresFeed(RemoteLog(caller, source, token)) for source in projection.sources}
        epoch = await current_epoch(views, sorted(projection.tables))
        topics = StreamTopics(name, epoch, replication=settings.kafka_replication)
        work = Work(bootstrap, topics, views, Codec(REGISTRY, Keyless()), projection, owners)
        worker = StreamWorker(work)
        working = asyncio.create_task(worker.run(), name=f"stream of {name}")
        try:
            yield Started(
                {"kafka": lambda: _hears(worker, bootstrap), "views": lambda: _answers(views)}, lambda: _end(working)
            )
        finally:
            working.cancel()
            await asyncio.wait((working,))


async def anew(name: str, settings: Settings) -> int:
    """Throw away what the department's topologies made; the workers start over, in the epoch that is answered. With the
    settings of a worker, or with none: then the database is that of `BATON_HOME`, which is started where it does not
    run. Raises `WrongUsage`, `NotSafe`, `DatabaseRefused`, `AlreadyRunning`, `ServerFailed`."""
    projection = _streams(name)
    async with contextlib.AsyncExitStack() as stack:
        dsn = settings.database_url or (await stack.enter_async_context(at_hand(name, settings)))[0]
        views = await _views(stack, name, dsn)
        return await begin_anew(views, sorted(projection.tables))


def _streams(name: str) -> Projection:
    found = streams_of(name)
    if found is None:
        raise WrongUsage(f"{name} has no streaming topologies")
    return found


async def _views(stack: contextlib.AsyncExitStack, name: str, dsn: str) -> Views:
    """Read models whose tables are of this release: in others a worker would leave columns out for good."""
    await reached(dsn)
    views = await Views.open(dsn, connections_max=VIEW_CONNECTIONS_MAX, migrate=False)
    stack.push_async_callback(close_pool, views.pool)
    stack.push_async_callback(close_pool, views.deriving)
    await release.require(views, release.digest(schema_of(name)))
    return views


async def _hears(worker: StreamWorker, bootstrap: Bootstrap) -> str:
    """What keeps it from work, and whether that is because no broker is there."""
    waits_for = await worker.waits_for()
    return waits_for and (await away(bootstrap) or waits_for)


async def _answers(views: Views) -> str:
    """Raises what the database raises."""
    await views.fetchval("SELECT 1")
    return ""


async def _end(working: "asyncio.Task[None]") -> str:
    """Why no more is heard, and waiting does not help."""
    await asyncio.wait((working,))
    error = None if working.cancelled() else working.exception()
    return f"the stream has stopped: {innermost(error)}" if error else ""
