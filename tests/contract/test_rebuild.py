"""Views are computed anew beside the live ones and take their place; nobody who reads or writes notices."""

import asyncio
from collections.abc import Iterable

import pytest

from eventlog.codec import Codec
from eventlog.events import Position
from eventlog.feed import Feed, PostgresFeed
from eventlog.memory import MemoryStore
from eventlog.parked import ParkedStreams
from eventlog.postgres import patience
from eventlog.projections import At, Change, Projection
from eventlog.rebuild import Rebuild, RebuildBusy, RebuildFailed
from eventlog.views import Views
from tests.contract.test_projector import a_projection_that_chokes_on, some_history
from tests.support.department import (
    SCHEMA,
    TENANT,
    CustomerBought,
    Expected,
    customers,
    heard,
    projecting,
    record,
)
from tests.support.faulty_feed import Faults, FaultyFeed
from tests.support.log import eventually
from tests.support.parted_feed import PartedFeed

HEARS = ("sales", "marketing")


@pytest.fixture
def sales() -> MemoryStore:
    return MemoryStore("sales")


@pytest.fixture
def marketing() -> MemoryStore:
    return MemoryStore("marketing")


def a_rebuild(views: Views, codec: Codec, *stores: MemoryStore, projection: Projection | None = None) -> Rebuild:
    feeds = [PostgresFeed(store) for store in stores]
    return Rebuild("sales", views, codec, feeds, [projection or customers(HEARS)], SCHEMA)


async def test_a_fresh_fold_equals_the_live_views(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore
) -> None:
    await asyncio.gather(some_history(sales, codec, 1), some_history(marketing, codec, 1))
    async with projecting(views, codec, [PostgresFeed(sales), PostgresFeed(marketing)]) as projector:
        await heard(projector, sales, marketing)
        rebuilt = await a_rebuild(views, codec, sales, marketing).run(check=True)

    assert {each.table: each.differing for each in rebuilt.differences} == {"customers": 0, "purchases": 0, "visits": 0}
    assert rebuilt.places == {"sales": await sales.head(), "marketing": await marketing.head()}
    assert rebuilt.events == sum([(await store.head()).position for store in (sales, marketing)])


async def test_rows_that_are_wrong_are_named_and_a_check_leaves_them(
    views: Views, codec: Codec, sales: MemoryStore
) -> None:
    await some_history(sales, codec, 2)
    async with projecting(views, codec, [PostgresFeed(sales)]) as projector:
        await heard(projector, sales)
        await views.execute("UPDATE customers SET spent = spent + 1 WHERE customer = 'customer-1'")
        await views.execute("DELETE FROM customers WHERE customer = 'customer-2'")
        await views.execute("INSERT INTO customers (tenant, customer) VALUES ('olist', 'nobody')")

        checked = await a_rebuild(views, codec, sales).run(check=True)
        (found,) = [each for each in checked.differences if each.table == "customers"]
        assert (found.only_live, found.only_fresh, found.changed) == (1, 1, 1)
        assert found.examples == ["olist customer-1", "olist customer-2", "olist nobody"]
        assert await views.fetchval("SELECT count(*) FROM customers WHERE customer = 'nobody'") == 1

        await a_rebuild(views, codec, sales).run()
        assert await Expected.found(views) == await Expected.of(codec, sales)
        assert await views.fetchval("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'views_%'") == 0


async def test_readers_and_writers_go_on_through_a_swap(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore
) -> None:
    await some_history(sales, codec, 3)
    stop, seen = asyncio.Event(), set()

    async def read() -> None:
        while not stop.is_set():
            rows = await views.fetch("SELECT customer, name, spent FROM customers WHERE tenant = $1", TENANT)
            seen.add(len(rows))

    async def write() -> None:
        n = 0
        while not stop.is_set():
            await some_history(marketing, codec, n := n + 1, appends=2)
            await asyncio.sleep(0)

    async with projecting(views, codec, [PostgresFeed(sales), PostgresFeed(marketing)]) as projector:
        await heard(projector, sales)
        tasks = [asyncio.create_task(each) for each in (read(), read(), write())]
        for _ in range(3):
            await a_rebuild(views, codec, sales, marketing).run()
        stop.set()
        await asyncio.gather(*tasks)
        await heard(projector, marketing)

    assert seen == {3}
    assert await Expected.found(views) == await Expected.of(codec, sales, marketing)


async def test_the_indexes_of_the_fresh_tables_are_those_of_the_live_ones(
    views: Views, codec: Codec, sales: MemoryStore
) -> None:
    indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'views' ORDER BY 1"
    before = await views.fetch(indexes)
    await some_history(sales, codec, 4)
    async with projecting(views, codec, [PostgresFeed(sales)]) as projector:
        await heard(projector, sales)
        await a_rebuild(views, codec, sales).run()

    assert await views.fetch(indexes) == before


async def test_a_reader_that_holds_a_table_delays_the_swap_but_nobody_else(
    views: Views, codec: Codec, sales: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "TABLES_TIMEOUT_MS", 50)
    await some_history(sales, codec, 5)
    async with projecting(views, codec, [PostgresFeed(sales)]) as projector:
        await heard(projector, sales)
        async with views.transaction() as reader:
            await reader.fetch("SELECT * FROM customers")
            rebuilding = asyncio.create_task(a_rebuild(views, codec, sales).run())
            await eventually(lambda: is_waiting(views), "the swap waits for the reader")
            await some_history(sales, codec, 6, appends=3)
            await heard(projector, sales)
        await rebuilding
        await heard(projector, sales)

    assert await Expected.found(views) == await Expected.of(codec, sales)


async def is_waiting(views: Views) -> bool:
    return bool(
        await views.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'")
    )


async def test_a_parked_fact_is_not_folded_and_counts_once_when_it_is_retried(
    views: Views, codec: Codec, sales: MemoryStore
) -> None:
    await record(sales, codec, "visit-1", *(CustomerBought(customer="ana", what=x, price=1) for x in ("tea", "axe")))
    choking: list[Projection] = [a_projection_that_chokes_on("axe")]
    async with projecting(views, codec, [PostgresFeed(sales)], projections=choking) as projector:
        await heard(projector, sales)

    await a_rebuild(views, codec, sales).run()
    assert await views.fetchval("SELECT spent FROM customers") == 1

    async with projecting(views, codec, [PostgresFeed(sales)]) as projector:
        assert await ParkedStreams(views, projector.heal_stream).retry(TENANT, "sales.visit-1")
    assert await Expected.found(views) == await Expected.of(codec, sales)


async def test_a_fact_that_only_the_rebuild_cannot_handle_leaves_the_live_views_alone(
    views: Views, codec: Codec, sales: MemoryStore
) -> None:
    await record(sales, codec, "visit-1", CustomerBought(customer="ana", what="axe", price=1))
    async with projecting(views, codec, [PostgresFeed(sales)]) as projector:
        await heard(projector, sales)

    rebuild = a_rebuild(views, codec, sales, projection=a_projection_that_chokes_on("axe"))
    with pytest.raises(RebuildFailed, match=r"version 1 of sales\.visit-1: ValueError"):
        await rebuild.run()

    assert await Expected.found(views) == await Expected.of(codec, sales)


async def test_a_feed_that_spoils_a_fact_spoils_no_views(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore
) -> None:
    await some_history(marketing, codec, 9)
    async with projecting(views, codec, [PostgresFeed(sales), PostgresFeed(marketing)]) as projector:
        await heard(projector, sales, marketing)

    spoiling = FaultyFeed(PostgresFeed(marketing), Faults(flip=0.1))
    rebuild = Rebuild("sales", views, codec, [PostgresFeed(sales), spoiling], [customers(HEARS)], SCHEMA)
    with pytest.raises(RebuildFailed, match="is not what was ledgered"):
        await rebuild.run()

    assert await Expected.found(views) == await Expected.of(codec, marketing)


async def test_what_a_feed_keeps_back_from_a_rebuild_is_fetched(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore
) -> None:
    await some_history(marketing, codec, 9)
    async with projecting(views, codec, [PostgresFeed(sales), PostgresFeed(marketing)]) as projector:
        await heard(projector, sales, marketing)

    dropping = FaultyFeed(PostgresFeed(marketing), Faults(drop=0.3, reorder=0.3))
    rebuilt = await Rebuild("sales", views, codec, [PostgresFeed(sales), dropping], [customers(HEARS)], SCHEMA).run()

    assert not any(each.differing for each in rebuilt.differences)
    assert await Expected.found(views) == await Expected.of(codec, marketing)


@pytest.mark.parametrize("check", [True, False])
async def test_of_a_source_in_parts_exactly_what_was_heard_is_folded(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore, check: bool
) -> None:
    feed = PartedFeed(PostgresFeed(marketing, page_events=11))
    feeds: list[Feed] = [PostgresFeed(sales), feed]
    async with projecting(views, codec, feeds) as projector:
        await some_history(marketing, codec, 20)
        await heard(projector, marketing)
        go_on = feed.held[await feed.part_of("marketing.visit-3")] = asyncio.Event()
        await some_history(marketing, codec, 21)
        held = await views.fetchval("SELECT count(*) FROM ledger WHERE stream = 'marketing.visit-3'")
        await eventually(lambda: others_are_heard(views, feed, marketing), "the other parts heard")

        rebuilt = await Rebuild("sales", views, codec, feeds, [customers(HEARS)], SCHEMA).run(check=check)

        assert not any(each.differing for each in rebuilt.differences)
        assert await views.fetchval("SELECT count(*) FROM ledger WHERE stream = 'marketing.visit-3'") == held
        go_on.set()
        await heard(projector, marketing)
        assert await Expected.found(views) == await Expected.of(codec, marketing)


async def others_are_heard(views: Views, feed: PartedFeed, store: MemoryStore) -> bool:
    wanted = {
        (event.stream, event.version)
        for event in (await store.read_all(Position(0), 10_000)).events
        if await feed.part_of(event.stream) not in feed.held
    }
    return wanted <= {tuple(row) for row in await views.fetch("SELECT stream, version FROM ledger")}


async def test_two_rebuilds_of_one_department_do_not_meet(views: Views, codec: Codec, sales: MemoryStore) -> None:
    await some_history(sales, codec, 7)
    async with projecting(views, codec, [PostgresFeed(sales)]) as projector:
        await heard(projector, sales)
        outcomes = await asyncio.gather(
            *(a_rebuild(views, codec, sales).run() for _ in range(2)), return_exceptions=True
        )

    assert [type(outcome) for outcome in outcomes if isinstance(outcome, Exception)] == [RebuildBusy]


async def test_a_view_that_is_new_in_this_program_is_filled(views: Views, codec: Codec, sales: MemoryStore) -> None:
    await some_history(sales, codec, 8)
    without = Projection("customers", tables={"customers": ("tenant", "customer")}, sources=HEARS)

    @without.on(CustomerBought)
    def bought(fact: CustomerBought, at: At) -> Iterable[Change]:
        return ()

    async with projecting(views, codec, [PostgresFeed(sales)], projections=[without]) as projector:
        await heard(projector, sales)
    assert await views.fetchval("SELECT count(*) FROM customers") == 0

    await a_rebuild(views, codec, sales).run()

    assert await Expected.found(views) == await Expected.of(codec, sales)
    assert (await sales.head()).position > Position(0)
