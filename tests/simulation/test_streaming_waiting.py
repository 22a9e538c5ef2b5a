"""Streams of topologies that wait for another try, without Kafka: what is asked, repeated and discarded meanwhile."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from eventlog.codec import Codec
from eventlog.events import Event
from eventlog.feed import PostgresFeed
from eventlog.keyring import MemoryKeyring
from eventlog.memory import MemoryStore
from eventlog.parked import Discarding
from eventlog.projections import At, Projection
from eventlog.streaming.handling import Handling, Telling
from eventlog.streaming.heard import current_epoch
from eventlog.streaming.parked import StreamsParked
from eventlog.streaming.streams import Unkept
from eventlog.streaming.waiting import Waiting
from eventlog.topologies import Derived
from eventlog.views import Views
from facts.marketing import LeadDisqualified
from facts.registry import REGISTRY
from services.analytics.projections import METRICS
from services.analytics.queries import HEARD
from tests.simulation.test_streaming_workers import everything, expected, filled, live
from tests.support.log import whole_log
from tests.support.metrics_history import history
from tests.support.streaming import SCHEMA, TENANT, choking, tell

NOW = datetime(2018, 6, 1, tzinfo=UTC)


class Scene:
    """Three logs, and the rows of the workers that hear them. Its clock stands still."""

    def __init__(self, views: Views) -> None:
        self.views = views
        self.codec = Codec(REGISTRY, MemoryKeyring())
        self.stores: dict[str, Any] = {name: MemoryStore(name) for name in HEARD}
        self.now = NOW
        self.told: list[Waiting] = []

    def owners(self) -> dict[str, Any]:
        return {name: PostgresFeed(store) for name, store in self.stores.items()}

    async def worker(self, projection: Projection = METRICS) -> Handling:
        async def derived(each: Sequence[tuple[At, Derived]]) -> None:
            pass

        async def waiting(each: Sequence[Waiting]) -> None:
            self.told += each

        telling = Telling(derived, waiting)
        owners = self.owners()
        worker = Handling("analytics", self.views, self.codec, projection, owners, telling, lambda: self.now, epoch=1)
        await worker.load()
        return worker

    async def hear(self, worker: Handling, streams: Unkept) -> None:
        """All of every log, and again what was heard before."""
        for name, store in self.stores.items():
            await worker.handle(name, await whole_log(store), streams)

    async def retry(self, worker: Handling, streams: Unkept) -> int:
        """What is due; how many streams that were."""
        due = [each for name in HEARD for each in await worker.due(name)]
        for each in due:
            await worker.retry(each, streams)
        return len(due)

    def operator(self) -> StreamsParked:
        return StreamsParked(self.views, self.owners(), tried_s=0)

    async def parked(self) -> set[str]:
        rows = await self.views.fetch("SELECT stream FROM stream_parked")
        return {row["stream"] for row in rows}

    async def rows_are_a_fold_of_the_logs(self) -> None:
        assert await self.parked() == set()
        assert filled(await live(self.views)) == filled(expected(await everything(self.codec, self.stores)))


@asynccontextmanager
async def open_scene(database: str) -> AsyncIterator[Scene]:
    """Read models in their first epoch, and logs with a history that nobody has heard."""
    views = await Views.open(database)
    await views.define(SCHEMA.read_text())
    assert await current_epoch(views, sorted(METRICS.tables)) == 1
    scene = Scene(views)
    await tell(scene.codec, scene.stores, history(5))
    yield scene
    await views.close()


@pytest.fixture
async def scene(database: str) -> AsyncIterator[Scene]:
    async with open_scene(database) as scene:
        yield scene


async def stopped(scene: Scene) -> set[str]:
    return {event.stream for event in await whole_log(scene.stores["marketing"]) if event.type == LeadDisqualified.name}


async def test_a_stream_that_waits_is_tried_as_a_whole_and_ever_less_often(scene: Scene) -> None:
    worker, streams = await scene.worker(choking()), Unkept()
    await scene.hear(worker, streams)
    assert await scene.parked() == await stopped(scene)
    waits = []
    for _ in range(8):
        assert await scene.retry(worker, streams) == 0
        before = scene.now
        while not await worker.due("marketing"):
            scene.now += timedelta(seconds=1)
        waits.append(round((scene.now - before).total_seconds()))
        assert await scene.retry(worker, streams) == len(await stopped(scene))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]

    scene.now += timedelta(minutes=1)
    assert await scene.retry(await scene.worker(), streams) == len(await stopped(scene))
    await scene.rows_are_a_fold_of_the_logs()


async def test_facts_that_repeat_take_nothing_back_that_was_asked_for(scene: Scene) -> None:
    """As they do when a worker takes over: it hears again what was not committed."""
    await scene.hear(await scene.worker(choking()), Unkept())
    parked = await scene.parked()
    assert not any([await scene.operator().retry(TENANT, stream) for stream in parked])

    mended, streams = await scene.worker(), Unkept()
    await scene.hear(mended, streams)
    assert await scene.parked() == parked
    assert await scene.retry(mended, streams) == len(parked)
    await scene.rows_are_a_fold_of_the_logs()


async def test_who_asks_while_a_stream_is_tried_is_not_answered_by_that(scene: Scene) -> None:
    worker, streams = await scene.worker(choking()), Unkept()
    await scene.hear(worker, streams)
    scene.now += timedelta(seconds=1)
    for each in await worker.due("marketing"):
        assert not await scene.operator().retry(TENANT, each.stream)
        await worker.retry(each, streams)
    assert await scene.retry(worker, streams) == len(await stopped(scene))
    assert await scene.retry(worker, streams) == 0


async def test_what_another_worker_tried_meanwhile_is_not_folded_twice(scene: Scene) -> None:
    """Both think that the stream is theirs; one has forgotten what it knew."""
    worker, streams = await scene.worker(choking()), Unkept()
    await scene.hear(worker, streams)
    scene.now += timedelta(seconds=1)
    due = await worker.due("marketing")
    mended = await scene.worker()
    for each in due:
        await mended.retry(each, Unkept())
    for each in due:
        await mended.retry(each, streams)
    await scene.rows_are_a_fold_of_the_logs()


async def test_every_fact_that_waits_is_told(scene: Scene) -> None:
    await scene.hear(await scene.worker(choking()), Unkept())
    rows = await scene.views.fetch("SELECT stream, version, tried, retry_at FROM stream_parked")
    told = {(each.event.stream, each.event.version, each.tried, each.retry_at) for each in scene.told}
    assert told == {tuple(row) for row in rows}


async def test_a_discarded_fact_stays_left_out_by_whoever_hears_the_log_next(scene: Scene) -> None:
    worker, streams, recorded = await scene.worker(choking()), Unkept(), list[Event]()

    async def record(event: Event) -> None:
        recorded.append(event)

    await scene.hear(worker, streams)
    while parked := await scene.parked():
        for stream in parked:
            (first, *_), *_ = await scene.operator().show(TENANT, stream)
            what = Discarding(TENANT, stream, first.version, "nobody needs it", scene.now, record)
            assert not await scene.operator().discard(what)
        assert await scene.retry(worker, streams) == len(parked)
    await scene.hear(await scene.worker(choking()), Unkept())

    assert await scene.parked() == set()
    log = await whole_log(scene.stores["marketing"])
    assert sorted(event.position for event in recorded) == [
        event.position for event in log if event.type == LeadDisqualified.name
    ]
