"""A process that does not project waits for what another one hears: told at once, and not lost without a word."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from eventlog import watching
from eventlog.codec import Codec
from eventlog.errors import Behind, NoSuchPlace
from eventlog.events import Place, Position
from eventlog.feed import PostgresFeed
from eventlog.memory import MemoryStore
from eventlog.views import Views
from eventlog.watching import Watching
from tests.support.department import CustomerCame, customers, projecting, record

WAIT_S = 10.0


@pytest.fixture
def sales() -> MemoryStore:
    return MemoryStore("sales")


@pytest.fixture
async def watcher(database: str, views: Views, sales: MemoryStore) -> AsyncIterator[Watching]:
    watcher = Watching("sales", database, views, [PostgresFeed(sales)])
    watcher.start()
    yield watcher
    await watcher.close()


async def came(sales: MemoryStore, codec: Codec) -> Place:
    return (await record(sales, codec, "visit-1", CustomerCame(customer="ana"))).place


async def test_what_another_process_hears_is_waited_for(
    database: str, views: Views, codec: Codec, sales: MemoryStore, watcher: Watching
) -> None:
    projector = Watching("sales", database, views, [])  # as the other process has it: to tell
    projector.start()
    feeds, projections = [PostgresFeed(sales)], [customers(["sales"])]
    async with projecting(views, codec, feeds, projections=projections, told=projector.tell):
        for _ in range(5):
            await watcher.wait_for("sales", await came(sales, codec), WAIT_S)
        assert await views.fetchval("SELECT count(*) FROM heads") == 1
    await projector.close()


async def test_a_word_that_is_lost_costs_a_moment(
    views: Views, codec: Codec, sales: MemoryStore, watcher: Watching
) -> None:
    async with projecting(views, codec, [PostgresFeed(sales)], projections=[customers(["sales"])]):
        began = time.monotonic()
        await watcher.wait_for("sales", await came(sales, codec), WAIT_S)
        assert time.monotonic() - began < WAIT_S / 2


async def test_a_word_wakes_who_waits(
    database: str, views: Views, codec: Codec, sales: MemoryStore, watcher: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_AGAIN_S", 3600.0)
    place = await came(sales, codec)
    waiting = asyncio.create_task(watcher.wait_for("sales", place, WAIT_S))
    projector = Watching("sales", database, views, [])
    projector.start()
    async with projecting(views, codec, [PostgresFeed(sales)], projections=[customers(["sales"])], told=projector.tell):
        await waiting
    await projector.close()


async def test_what_is_not_heard_in_time_is_behind(codec: Codec, sales: MemoryStore, watcher: Watching) -> None:
    with pytest.raises(Behind):
        await watcher.wait_for("sales", await came(sales, codec), 0.3)


async def test_a_place_that_is_not_there_is_not_waited_for(sales: MemoryStore, watcher: Watching) -> None:
    for source, place in (
        ("sales", Place(1, Position(9))),
        ("sales", Place(7, Position(0))),
        ("kitchen", Place(1, Position(0))),
    ):
        with pytest.raises(NoSuchPlace):
            await watcher.wait_for(source, place, WAIT_S)


async def test_who_waits_for_nothing_looks_at_nothing(
    views: Views, watcher: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []

    async def fetch(sql: str, *_: object) -> list[object]:
        looks.append(sql)
        return []

    monkeypatch.setattr(views, "fetch", fetch)
    await asyncio.sleep(3 * watching.LOOK_AGAIN_S)
    assert looks == []
