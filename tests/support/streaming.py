"""Three departments' logs told through Kafka, and the streaming workers of analytics that hear them."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from eventlog.codec import Codec, Origin, Recorded
from eventlog.events import Event, StreamKey
from eventlog.feed import PostgresFeed
from eventlog.kafka.brokers import Bootstrap
from eventlog.kafka.records import from_record
from eventlog.kafka.topic_end import committed_reader
from eventlog.keyring import Keyless, MemoryKeyring
from eventlog.postgres.store import PostgresStore
from eventlog.projections import Projection
from eventlog.store import ANY, Append, Command, Store, StreamWrite
from eventlog.streaming.application import StreamTopics
from eventlog.streaming.heard import current_epoch
from eventlog.streaming.parked import StreamsParked
from eventlog.streaming.records import retry_topic
from eventlog.streaming.worker import StreamWorker, Work
from eventlog.topologies import Derived
from eventlog.views import Views
from facts.marketing import LeadDisqualified
from facts.registry import REGISTRY
from services.analytics.projections import METRICS
from services.analytics.queries import HEARD
from services.analytics.topologies import DWELL
from tests.support.data import ROOT
from tests.support.log import whole_log
from tests.support.metrics_history import Told
from tests.support.metrics_judged import derived_is_told, logs_of, metrics_are_a_fold
from tests.support.postgres import TestServer
from tests.support.relaying import a_relay, records_of, relaying
from tests.support.restoring import raise_generation, restored
from tests.support.stream_process import SESSION_S

TENANT, PARTITIONS = "olist", 6
#: Workers that were killed are missed first, then partitions are dealt anew, then tables recovered.
HEARD_S = 60.0
SCHEMA = ROOT / "services" / "analytics" / "schema.sql"


@dataclass
class Trade:
    """The logs of marketing, contacts and sales with their relays, and analytics' rows."""

    postgres: TestServer
    bootstrap: Bootstrap
    stack: AsyncExitStack
    dsns: dict[str, str] = field(default_factory=dict)
    stores: dict[str, PostgresStore] = field(default_factory=dict)
    views: Views = field(init=False)
    codec: Codec = field(default_factory=lambda: Codec(REGISTRY, MemoryKeyring()))

    async def tell(self, told: Sequence[Told]) -> None:
        await tell(self.codec, self.stores, told)

    async def go_back(self, department: str, moment: int) -> None:
        """Its database is restored, and that is said. Its relay begins again by itself."""
        dsn = self.dsns[department]
        await restored(dsn, moment)
        await raise_generation(dsn, moment)
        self.stores[department] = await self.stack.enter_async_context(await PostgresStore.open(dsn, department))

    async def heads(self) -> dict[str, str]:
        return {name: str(await store.head()) for name, store in self.stores.items()}

    async def positions(self) -> dict[str, str]:
        rows = await self.views.fetch("SELECT source, generation, position FROM stream_heard")
        return {row["source"]: f"{row['generation']}.{row['position']}" for row in rows}

    async def count_heard(self) -> int:
        """How many facts are in the rows."""
        return int(
            await self.views.fetchval(
                "SELECT coalesce(sum(position), 0) + (SELECT count(*) FROM stream_ahead) FROM stream_heard"
            )
        )

    async def heard_everything(self) -> None:
        """Until every log was heard to its end."""

        seen: dict[str, str] = {}
        deadline = asyncio.get_running_loop().time() + HEARD_S
        while (seen := await self.positions()) != (heads := await self.heads()):
            assert asyncio.get_running_loop().time() < deadline, f"heard up to {seen}, not to {heads}"
            await asyncio.sleep(0.05)

    async def answers_are_a_fold_of_the_logs(self) -> None:
        """By a fold that shares nothing with topologies and workers."""
        await metrics_are_a_fold(self.views, TENANT, await logs_of(self.codec, self.stores))

    async def derived_is_told(self) -> None:
        await derived_is_told(self.bootstrap, await logs_of(self.codec, self.stores))

    async def rows(self) -> dict[str, list[Any]]:
        """Those of the read models, in the order of their keys."""
        keys = {table: key for table, key in METRICS.tables.items() if table != METRICS.states}
        ordered = {table: f"SELECT * FROM {table} ORDER BY {', '.join(key)}" for table, key in keys.items()}
        return {table: [tuple(row) for row in await self.views.fetch(sql)] for table, sql in ordered.items()}

    async def log(self, department: str) -> Sequence[Event]:
        return await whole_log(self.stores[department])

    async def waiting(self) -> set[str]:
        """Streams with facts in the retry topic."""
        async with committed_reader(self.bootstrap) as consumer:
            records = await records_of(consumer, retry_topic("analytics"))
        return {from_record(record).stream for record in records}

    def operator(self) -> StreamsParked:
        """What `baton parked` does for topologies."""
        return StreamsParked(self.views, {name: PostgresFeed(store) for name, store in self.stores.items()})

    def worker(
        self,
        epoch: int = 1,
        projection: Projection = METRICS,
        kind: type[StreamWorker] = StreamWorker,
        **options: Any,
    ) -> StreamWorker:
        """One in this process."""
        owners: dict[str, Any] = {name: PostgresFeed(store) for name, store in self.stores.items()}
        topics = StreamTopics("analytics", epoch, PARTITIONS)
        codec = Codec(REGISTRY, Keyless())
        options = {"session_timeout_s": SESSION_S, "late_s": 2.0, **options}
        return kind(Work(self.bootstrap, topics, self.views, codec, projection, owners, **options))


def choking() -> Projection:
    """The metrics, whose dwell knows nothing of disqualified leads."""

    def process(key: StreamKey, state: Any, heard: Recorded) -> tuple[Any, Sequence[Derived]]:
        if isinstance(heard.fact, LeadDisqualified):
            raise ValueError("what is this?")
        return DWELL.process(key, state, heard)

    topologies = [replace(each, process=process) if each is DWELL else each for each in METRICS.topologies]
    return replace(METRICS, topologies=topologies)


async def tell(codec: Codec, stores: Mapping[str, Store], told: Sequence[Told]) -> None:
    """Record facts as their departments would."""
    for stream, fact in told:
        department, command = stream.partition(".")[0], uuid4()
        events, _ = await codec.encode([fact], Origin(TENANT, employee="mia"), command)
        write = StreamWrite(stream, ANY, events)
        await stores[department].append(Append(TENANT, Command(command, b"." * 32), [write]))


@asynccontextmanager
async def trading(postgres: TestServer, bootstrap: Bootstrap) -> AsyncIterator[Trade]:
    """Logs and relays at work; no streaming worker yet."""
    async with AsyncExitStack() as stack:
        trade = Trade(postgres, bootstrap, stack)
        for name in (*HEARD, "analytics"):
            database = postgres.create_database()
            stack.callback(postgres.drop_database, database)
            trade.dsns[name] = postgres.dsn(database)
        trade.views = await Views.open(trade.dsns["analytics"])
        stack.push_async_callback(trade.views.close)
        await trade.views.define(SCHEMA.read_text())
        assert await current_epoch(trade.views, sorted(METRICS.tables)) == 1
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
    async def start(cls, trade: Trade, session_s: float = SESSION_S) -> "WorkerProcess":
        kafka = {"bootstrap": trade.bootstrap, "partitions": PARTITIONS, "session_s": session_s}
        given = {**kafka, "dsns": trade.dsns, "epoch": 1}
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
