"""Streaming workers hear a log that is restored to an earlier moment, while what it lost still stands in its topic."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from eventlog.clock import utc_now
from eventlog.codec import Codec
from eventlog.events import Event
from eventlog.feed import PostgresFeed
from eventlog.keyring import MemoryKeyring
from eventlog.marks import Superseded
from eventlog.postgres.store import PostgresStore
from eventlog.projections import At, Projection
from eventlog.streaming.handling import Handling, Telling
from eventlog.streaming.heard import LaterGeneration, current_epoch
from eventlog.streaming.streams import Unkept
from eventlog.streaming.waiting import Waiting
from eventlog.topologies import Derived
from eventlog.views import Views
from facts.registry import REGISTRY
from services.analytics.projections import METRICS
from services.analytics.queries import HEARD
from tests.simulation.test_streaming_workers import everything, expected, filled, live
from tests.support.log import whole_log
from tests.support.metrics_history import history
from tests.support.postgres import TestServer
from tests.support.restoring import raise_generation, restored
from tests.support.streaming import SCHEMA, choking, tell

RESTORED = "marketing"


class Restored:
    """Three logs, their topics, and the rows of workers that hear them."""

    def __init__(self, views: Views, dsn: str, stores: dict[str, Any]) -> None:
        self.views = views
        self.dsn = dsn
        self.stores = stores
        self.codec = Codec(REGISTRY, MemoryKeyring())
        self.topics: dict[str, list[Event]] = {name: [] for name in HEARD}
        self.at = dict.fromkeys(HEARD, 0)

    async def happen(self, seed: int, tag: str) -> None:
        """Facts are recorded, and told."""
        behind = {name: (await store.head()).position for name, store in self.stores.items()}
        await tell(self.codec, self.stores, history(seed, leads=6, deals=4, tag=tag))
        for name, store in self.stores.items():
            self.topics[name] += (await whole_log(store))[behind[name] :]

    async def go_back(self, moment: int) -> None:
        await restored(self.dsn, moment)
        await raise_generation(self.dsn, moment)

    def worker(self, epoch: int, projection: Projection = METRICS) -> tuple[Handling, Unkept]:
        async def told(each: Sequence[tuple[At, Derived]] | Sequence[Waiting]) -> None:
            handled = not any(isinstance(one, Waiting) for one in each)
            assert handled or projection is not METRICS, "nothing here cannot be handled"

        owners: dict[str, Any] = {name: PostgresFeed(store) for name, store in self.stores.items()}
        telling = Telling(told, told)
        return Handling("analytics", self.views, self.codec, projection, owners, telling, utc_now, epoch), Unkept()

    async def hear(self, worker: tuple[Handling, Unkept], source: str, upto: int | None = None) -> None:
        """What stands in a topic, from where it was heard."""
        handling, streams = worker
        await handling.load()
        while batch := self.topics[source][self.at[source] : upto][:7]:
            await handling.handle(source, batch, streams)
            self.at[source] += len(batch)

    async def rows_are_a_fold_of_the_logs(self) -> None:
        assert filled(await live(self.views)) == filled(expected(await everything(self.codec, self.stores)))
        rows = await self.views.fetch("SELECT source, generation, position FROM stream_heard")
        assert {row["source"]: f"{row['generation']}.{row['position']}" for row in rows} == {
            name: str(await store.head()) for name, store in self.stores.items()
        }
        for table in ("stream_ahead", "stream_parked"):
            assert await self.views.fetchval(f"SELECT count(*) FROM {table}") == 0


@pytest.fixture
async def scene(database: str, postgres: TestServer) -> AsyncIterator[Restored]:
    async with AsyncExitStack() as stack:
        stores: dict[str, Any] = {}
        dsns = {}
        for name in HEARD:
            created = postgres.create_database()
            stack.callback(postgres.drop_database, created)
            dsns[name] = postgres.dsn(created)
            stores[name] = await stack.enter_async_context(await PostgresStore.open(dsns[name], name))
        views = await Views.open(database)
        stack.push_async_callback(views.close)
        await views.define(SCHEMA.read_text())
        assert await current_epoch(views, sorted(METRICS.tables)) == 1
        scene = Restored(views, dsns[RESTORED], stores)
        await scene.happen(1, "-a")
        yield scene


async def test_what_was_lost_is_passed_over_by_who_had_not_heard_it(scene: Restored) -> None:
    moment = len(scene.topics[RESTORED])
    await scene.happen(2, "-b")
    await scene.go_back(moment)
    await scene.happen(3, "-c")
    worker = scene.worker(1)
    for source in HEARD:
        await scene.hear(worker, source)

    await scene.rows_are_a_fold_of_the_logs()
    assert await current_epoch(scene.views, []) == 1


async def test_what_stands_where_a_lost_fact_was_discarded_is_folded(scene: Restored) -> None:
    moment = len(scene.topics[RESTORED])
    await scene.happen(2, "-b")
    for lost in scene.topics[RESTORED][moment:]:
        await scene.views.execute(
            "INSERT INTO stream_discarded VALUES ($1, $2, $3, $6, $4, $5, 'unreadable', now())",
            *(lost.tenant, lost.stream, lost.version, RESTORED, lost.type, lost.digest),
        )
    await scene.go_back(moment)
    await scene.happen(3, "-b")
    worker = scene.worker(1)
    for source in HEARD:
        await scene.hear(worker, source)

    await scene.rows_are_a_fold_of_the_logs()


async def test_what_waits_and_was_lost_is_not_tried_again(scene: Restored) -> None:
    moment = len(scene.topics[RESTORED])
    await scene.happen(5, "-b")
    handling, streams = worker = scene.worker(1, choking())
    await scene.hear(worker, RESTORED)
    lost = await scene.views.fetchval("SELECT max(stream) FROM stream_parked WHERE position > $1", moment)
    await scene.views.execute("UPDATE stream_parked SET asked = stream = $1", lost)
    due = [each for each in await handling.due(RESTORED) if each.asked]
    await scene.go_back(moment)

    with pytest.raises(Superseded, match="epoch 2 follows 1"):
        await handling.retry(due[0], streams)


@pytest.mark.parametrize("noticed", ["by a fact of the new generation", "by asking how far the log is"])
async def test_who_had_heard_what_was_lost_folds_all_anew(scene: Restored, noticed: str) -> None:
    moment = len(scene.topics[RESTORED])
    await scene.happen(2, "-b")
    first, second = scene.worker(1), scene.worker(1)
    for source in HEARD:
        await scene.hear(first, source)
    await scene.go_back(moment)
    if noticed == "by a fact of the new generation":
        await scene.happen(3, "-c")
        with pytest.raises(Superseded, match="epoch 2 follows 1"):
            await scene.hear(first, RESTORED)
    else:
        with pytest.raises(Superseded, match="epoch 2 follows 1"):
            await first[0].missing(RESTORED)
    for table in METRICS.tables:
        assert await scene.views.fetchval(f"SELECT count(*) FROM {table}") == 0
    with pytest.raises(Superseded, match="epoch 2 follows 1"):
        await second[0].handle(RESTORED, scene.topics[RESTORED][-1:], second[1])
    assert await current_epoch(scene.views, []) == 2

    scene.at = dict.fromkeys(HEARD, 0)
    anew = scene.worker(2)
    for source in HEARD:
        await scene.hear(anew, source)
    await scene.rows_are_a_fold_of_the_logs()


async def test_a_worker_that_lags_behind_another_learns_of_it_before_it_folds_what_was_lost(scene: Restored) -> None:
    moment = len(scene.topics[RESTORED])
    slow = scene.worker(1)
    await scene.hear(slow, RESTORED)
    await scene.happen(2, "-b")
    lost = scene.topics[RESTORED][moment:]
    await scene.go_back(moment)
    await scene.happen(3, "-c")
    fast = scene.worker(1)
    for source in HEARD:
        await scene.hear(fast, source)

    await slow[0].handle(RESTORED, lost, slow[1])
    await scene.rows_are_a_fold_of_the_logs()


async def test_one_that_went_back_again_and_does_not_say_so_stops_the_worker(scene: Restored) -> None:
    worker = scene.worker(1)
    await scene.go_back(len(scene.topics[RESTORED]))
    await scene.happen(2, "-b")
    await scene.hear(worker, RESTORED)
    async with scene.views.transaction() as connection:
        await connection.execute("UPDATE stream_heard SET generation = 3 WHERE source = $1", RESTORED)

    await scene.happen(3, "-c")
    with pytest.raises(LaterGeneration, match=f"restored again. Run `baton log restored {RESTORED}`"):
        await scene.hear(worker, RESTORED)
