"""Failures that other projectors shipped, each held by a test; `tests/museum/` shows what each test is for."""

import asyncio
from collections.abc import Mapping

import pytest

from eventlog import completeness
from eventlog.checkpoints import Waiters
from eventlog.codec import Codec
from eventlog.department import Department
from eventlog.events import Offset, Place, Position
from eventlog.feed import PostgresFeed, Told
from eventlog.fold import Folding
from eventlog.marks import NOWHERE, WHOLE, Superseded
from eventlog.memory import MemoryStore
from eventlog.source import Source
from eventlog.store import Store
from eventlog.tail import Tail
from eventlog.views import Views
from eventlog.writing import Writer
from tests.support.department import (
    CustomerBought,
    Expected,
    customers,
    heard,
    projecting,
    record,
)
from tests.support.faulty_feed import Faults, FaultyFeed
from tests.support.house import eventually
from tests.support.log import Clock, an_append
from tests.support.parted_feed import PartedFeed, Said

#: Answers the first attempts to write a customer as a server that is being restarted.
RESTARTING = """
CREATE SEQUENCE attempts;
CREATE FUNCTION restarting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('attempts') <= 3 THEN RAISE EXCEPTION 'restarting' USING ERRCODE = '57P01'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER restarting BEFORE INSERT ON customers FOR EACH ROW EXECUTE FUNCTION restarting();
"""


@pytest.fixture
def sales() -> MemoryStore:
    return MemoryStore("sales")


def a_source(views: Views, codec: Codec, store: Store) -> Source:
    department = Department("sales", views, codec, Writer(), Clock(), wake=lambda: None)
    return Source(department, PostgresFeed(store), Folding("sales", "sales", [customers(["sales"])]))


def in_parts(views: Views, codec: Codec, feed: PartedFeed) -> Source:
    department = Department("sales", views, codec, Writer(), Clock(), wake=lambda: None)
    return Source(department, feed, Folding(feed.department, "sales", [customers(["sales", feed.department])]))


async def test_a_checkpoint_is_never_saved_without_what_led_to_it(
    views: Views, codec: Codec, sales: MemoryStore
) -> None:
    await views.execute(RESTARTING)
    await record(sales, codec, "visit-1", CustomerBought(customer="ana", what="tea", price=1))
    async with projecting(views, codec, [PostgresFeed(sales)]) as projector:
        await heard(projector, sales)

        assert await Expected.found(views) == await Expected.of(codec, sales)


async def test_one_who_lost_the_assignment_while_it_computed_counts_nothing_twice(
    views: Views, codec: Codec, sales: MemoryStore
) -> None:
    await record(sales, codec, "visit-1", CustomerBought(customer="ana", what="tea", price=1))
    zombie, successor = a_source(views, codec, sales), a_source(views, codec, sales)
    told = Told.in_sequence((await sales.read_all(Position(0))).events)
    await zombie._resume({WHOLE})
    await successor._resume({WHOLE})

    await successor._apply(await successor._decoded(told))
    with pytest.raises(Superseded):
        await zombie._apply(await zombie._decoded(told))

    assert await Expected.found(views) == await Expected.of(codec, sales)


async def test_one_who_lost_its_partitions_during_a_batch_moves_no_mark_and_counts_nothing_twice(
    views: Views, codec: Codec, sales: MemoryStore
) -> None:
    """The successor has it ledgered, so the zombie's batch comes to nothing but repeats: and to a mark set back."""
    marketing = MemoryStore("marketing")
    for n in range(6):
        await record(marketing, codec, f"visit-{n}", CustomerBought(customer="ana", what="tea", price=1))
    feed = PartedFeed(PostgresFeed(marketing))
    zombie, successor = (in_parts(views, codec, feed) for _ in range(2))
    events = (await marketing.read_all(Position(0))).events
    parts = [await feed.part_of(event.stream) for event in events]
    told = [Told(events[:n], parts[:n], [Offset(event.position) for event in events[:n]]) for n in (3, 6)]
    await zombie._resume(await feed.parts())
    await successor._resume(await feed.parts())

    await successor._apply(await successor._decoded(told[1]))
    with pytest.raises(Superseded):
        await zombie._apply(await zombie._decoded(told[0]))

    assert await Expected.found(views) == await Expected.of(codec, marketing)
    furthest = {part: event.position for part, event in zip(parts, events, strict=True)}
    rows = await views.fetch("SELECT partition, position FROM marks WHERE position > 0")
    assert {row["partition"]: row["position"] for row in rows} == furthest


async def test_a_checkpoint_stands_behind_nothing_that_was_not_heard(
    views: Views, codec: Codec, sales: MemoryStore
) -> None:
    marketing = MemoryStore("marketing")
    feed = FaultyFeed(PostgresFeed(marketing), Faults(drop=1.0), only="visit-1")
    async with projecting(views, codec, [PostgresFeed(sales), feed]) as projector:
        await record(marketing, codec, "visit-1", CustomerBought(customer="ana", what="tea", price=1))
        await record(marketing, codec, "visit-2", CustomerBought(customer="joão", what="tea", price=1))
        await heard(projector, marketing)

        assert await Expected.found(views) == await Expected.of(codec, marketing)


async def test_a_reader_does_not_sleep_over_a_place_that_came_while_it_asked() -> None:
    waiters = Waiters()
    waiters.reached(Place(1, Position(7)))

    await asyncio.wait_for(waiters.wait(Place(1, Position(7))), 10)


async def test_one_who_follows_does_not_sleep_over_what_the_tail_has_read_already() -> None:
    store = MemoryStore("sales")
    with Tail(store) as tail:
        follower = asyncio.create_task(tail.grown(Position(0)))
        await asyncio.sleep(0)
        await store.append(an_append(facts=3))
        await asyncio.wait_for(follower, 10)

        await asyncio.wait_for(tail.grown(Position(1)), 10)
        page = tail.after(Position(1))

    assert page is not None
    assert [event.position for event in page.events] == [2, 3]


@pytest.mark.parametrize("moments", range(6))
async def test_one_who_is_cancelled_when_there_are_news_ends(views: Views, codec: Codec, moments: int) -> None:
    """Whoever cancels several works waits for all of them: one that goes on stops a source for ever."""
    source = in_parts(views, codec, PartedFeed(PostgresFeed(MemoryStore("marketing"))))
    source._expected.expect(Said(Place(1, Position(7)), (Offset(8),)))
    completing = asyncio.create_task(source._complete())
    await asyncio.sleep(0.01)

    source._news.set()
    for _ in range(moments):
        await asyncio.sleep(0)
    completing.cancel()
    await asyncio.wait({completing}, timeout=10)

    assert completing.cancelled()


async def test_a_look_during_a_catch_up_tells_nothing_that_is_not_written(
    views: Views, codec: Codec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How far a source was heard completely is looked at by a clock, also while it catches up."""
    marketing = MemoryStore("marketing")
    feed = PartedFeed(PostgresFeed(marketing))
    source = in_parts(views, codec, feed)
    for n in range(6):
        await record(marketing, codec, f"visit-{n}", CustomerBought(customer="ana", what="tea", price=1))
    events = (await marketing.read_all(Position(0))).events
    told = Told(events, [await feed.part_of(event.stream) for event in events], [Offset(e.position) for e in events])
    watermark = await anext(feed.watermarks())
    looks, reached = 0, completeness.Expected.reached

    def looking(self: completeness.Expected, offsets: Mapping[int, Offset]) -> Place | None:
        nonlocal looks
        looks += 1
        return reached(self, offsets)

    async def looked() -> bool:
        return looks >= 3 or source.heard.place != NOWHERE

    monkeypatch.setattr(completeness.Expected, "reached", looking)
    await source._resume(await feed.parts())
    source._expected.expect(watermark)
    completing = asyncio.create_task(source._complete())
    await source._apply(await source._decoded(Told(told.events[:5], told.parts[:5], told.offsets[:5])))
    await eventually(looked)
    early = source.heard.place, await views.fetchval("SELECT coalesce(max(position), 0) FROM checkpoints")

    await source._apply(await source._decoded(Told(told.events[5:], told.parts[5:], told.offsets[5:])))
    await asyncio.wait_for(source.heard.wait(watermark.place), 20)
    completing.cancel()

    assert early == (NOWHERE, 0)
    assert source.heard.place == watermark.place == Place(1, Position(6))


async def test_what_is_read_ahead_of_a_lost_connection_moves_no_checkpoint(
    views: Views, codec: Codec, sales: MemoryStore
) -> None:
    """The batch before it was lost with the connection, and nothing is on its way any more: that is no proof that
    everything was written."""
    for n in range(6):
        await record(sales, codec, f"visit-{n}", CustomerBought(customer="ana", what="tea", price=1))
    source = a_source(views, codec, sales)
    await source._resume({WHOLE})
    taken = source._taken
    events = (await sales.read_all(Position(0))).events
    ahead = await source._decoded(Told.in_sequence(events[3:]))

    source._marks = {}
    await source._take({WHOLE})
    with pytest.raises(Superseded):
        await source._next(ahead, taken)

    assert await views.fetchval("SELECT max(position) FROM checkpoints") == 0
    await source._next(await source._decoded(Told.in_sequence(events)), source._taken)
    assert await Expected.found(views) == await Expected.of(codec, sales)
