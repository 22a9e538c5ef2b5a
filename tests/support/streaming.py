"""Three departments' logs told through Kafka, and the streaming workers of analytics that hear them."""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from eventlog.codec import Codec, Origin, Recorded
from eventlog.feed import PostgresFeed
from eventlog.keyring import MemoryKeyring
from eventlog.postgres.store import PostgresStore
from eventlog.projections import Projection
from eventlog.store import ANY, Append, Command, StreamWrite
from eventlog.streaming import heard
from eventlog.streaming.application import StreamTopics
from eventlog.streaming.keyless import Keyless
from eventlog.streaming.worker import StreamWorker, Work
from eventlog.views import Views
from facts.registry import REGISTRY
from runtime.call import Identity
from services.analytics.api import Metrics
from services.analytics.metric_queries import Rows
from services.analytics.projections import METRICS
from services.analytics.queries import HEARD
from tests.contract.analytics import answers
from tests.support.data import ROOT
from tests.support.log import eventually, whole_log
from tests.support.metrics_fold import Fold
from tests.support.metrics_history import Told
from tests.support.postgres import TestServer
from tests.support.relaying import a_relay, relaying

TENANT, PARTITIONS = "olist", 6
SESSION_S = 6.0
SCHEMA = ROOT / "services" / "analytics" / "schema.sql"


@dataclass
class Trade:
    """The logs of marketing, contacts and sales with their relays, and analytics' rows."""

    postgres: TestServer
    bootstrap: str
    dsns: dict[str, str] = field(default_factory=dict)
    stores: dict[str, PostgresStore] = field(default_factory=dict)
    views: Views = field(init=False)
    codec: Codec = field(default_factory=lambda: Codec(REGISTRY, MemoryKeyring()))

    async def tell(self, told: Sequence[Told]) -> None:
        """Record facts as their departments would, a few appends at a time."""
        for stream, fact in told:
            department, command = stream.partition(".")[0], uuid4()
            events, _ = await self.codec.encode([fact], Origin(TENANT, employee="mia"), command)
            write = StreamWrite(stream, ANY, events)
            await self.stores[department].append(Append(TENANT, Command(command, b"." * 32), [write]))

    async def heads(self) -> dict[str, str]:
        return {name: str(await store.head()) for name, store in self.stores.items()}

    async def positions(self) -> dict[str, str]:
        rows = await self.views.fetch("SELECT source, generation, position FROM stream_heard")
        return {row["source"]: f"{row['generation']}.{row['position']}" for row in rows}

    async def heard_everything(self) -> None:
        """Until every log was heard to its end."""

        async def complete() -> bool:
            return await self.positions() == await self.heads()

        await eventually(complete, "every log heard to its end")

    async def fold(self) -> Fold:
        """What the logs come to, by a fold that shares nothing with topologies and workers."""
        fold = Fold()
        for name, store in self.stores.items():
            for recorded in await self.codec.decode_many(name, await whole_log(store)):
                assert isinstance(recorded, Recorded)
                fold.add(recorded.fact, recorded.at.recorded_at)
        return fold

    async def answers_are_a_fold_of_the_logs(self) -> None:
        fold, desk = await self.fold(), Desk(self.views)
        for group_by in ("source", "branch"):
            assert await answers.touches(desk, group_by=group_by) == fold.touches(group_by)
        assert await answers.dwell(desk, group_by="employee") == fold.dwell("employee")
        now = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
        assert await answers.latencies(desk, end=now) == fold.latencies([now])

    def worker(self, epoch: int = 1, projection: Projection = METRICS, **options: Any) -> StreamWorker:
        """One in this process."""
        owners: dict[str, Any] = {name: PostgresFeed(store) for name, store in self.stores.items()}
        topics = StreamTopics("analytics", epoch, PARTITIONS)
        folder = Path(tempfile.mkdtemp(prefix="baton-faust-"))
        codec = Codec(REGISTRY, Keyless())
        options = {"session_timeout_s": SESSION_S, "late_s": 2.0, **options}
        return StreamWorker(Work(self.bootstrap, topics, self.views, codec, projection, owners, folder, **options))


@dataclass
class Desk:
    """Asks for metrics, of the rows of streaming workers."""

    views: Views

    async def ask(self, method: str, request: Any) -> Any:
        metrics = Metrics(Rows(self.views, "stream_heard"), lambda: datetime.now(UTC))
        call = SimpleNamespace(identity=Identity(TENANT, "ana", "", frozenset({"analyst"})))
        return await getattr(metrics, method.removeprefix("Metrics/"))(request, call)


@asynccontextmanager
async def trading(postgres: TestServer, bootstrap: str) -> AsyncIterator[Trade]:
    """Logs and relays at work; no streaming worker yet."""
    trade = Trade(postgres, bootstrap)
    async with AsyncExitStack() as stack:
        for name in (*HEARD, "analytics"):
            database = postgres.create_database()
            stack.callback(postgres.drop_database, database)
            trade.dsns[name] = postgres.dsn(database)
        trade.views = await Views.open(trade.dsns["analytics"])
        stack.push_async_callback(trade.views.close)
        await trade.views.define(SCHEMA.read_text())
        await trade.views.define(heard.SCHEMA.read_text())
        for name in HEARD:
            store = await stack.enter_async_context(await PostgresStore.open(trade.dsns[name], name))
            trade.stores[name] = store
            await stack.enter_async_context(relaying(a_relay(store, trade.dsns[name], bootstrap, PARTITIONS)))
        yield trade


@asynccontextmanager
async def working(worker: StreamWorker) -> AsyncIterator[StreamWorker]:
    """A worker at work in this process; what stopped it is raised on leaving."""
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        if not task.done():
            task.cancel()
        await asyncio.wait({task})
        if not task.cancelled() and (error := task.exception()):
            raise error


@dataclass
class WorkerProcess:
    """A worker in a process of its own."""

    process: asyncio.subprocess.Process

    @classmethod
    async def start(cls, trade: Trade, epoch: int = 1) -> "WorkerProcess":
        given = {"bootstrap": trade.bootstrap, "dsns": trade.dsns, "epoch": epoch}
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.stream_process", json.dumps(given), env=environment, cwd=ROOT
        )
        return cls(process)

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await self.process.wait()
