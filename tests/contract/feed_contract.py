"""What every feed promises, embedded or through Kafka."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from itertools import pairwise

import pytest

from eventlog.events import Event, Offset, Position, Version, digest_of
from eventlog.feed import Feed, Told
from eventlog.marks import NOWHERE, Mark, Marks, Superseded
from eventlog.store import Store
from tests.support.log import TENANT, an_append, check_log

DEADLINE_S = 30.0

#: A feed for one more department that hears the owner of the log.
FeedFor = Callable[[str], Awaitable[Feed]]


class FeedContract:
    """A subclass has the fixtures `store` (the owner's log, for instance of sales) and `feed_for`."""

    @pytest.fixture
    async def feed(self, feed_for: FeedFor) -> Feed:
        return await feed_for("analytics")

    async def test_it_says_whose_facts_it_brings(self, store: Store, feed: Feed) -> None:
        assert feed.department == store.department

    async def test_it_brings_the_whole_log_from_the_start(self, store: Store, feed: Feed) -> None:
        for n in range(25):
            await store.append(an_append(f"sales.deal-{n % 5}", facts=3))

        heard, _ = await hear(feed, 75)

        assert_the_whole_log(feed, heard)

    async def test_it_goes_on_behind_any_mark(self, store: Store, feed: Feed) -> None:
        for n in range(9):
            await store.append(an_append(f"sales.deal-{n % 4}"))

        for count in range(1, 9):
            heard, marks = await hear(feed, count)
            rest, _ = await hear(feed, 9 - count, marks)
            assert_the_whole_log(feed, [*heard, *rest])

    async def test_it_brings_what_comes_later_without_gap_or_repeat(self, store: Store, feed: Feed) -> None:
        hearing = asyncio.create_task(hear(feed, 60))
        for n in range(20):
            await store.append(an_append(f"sales.deal-{n % 3}", facts=3))
            await asyncio.sleep(0)

        assert_the_whole_log(feed, (await hearing)[0])

    async def test_many_who_follow_hear_the_same(self, store: Store, feed_for: FeedFor) -> None:
        feeds = [await feed_for(name) for name in ("analytics", "contacts", "marketing")]
        followers = [asyncio.create_task(hear(feed, 40)) for feed in feeds]
        for n in range(20):
            await store.append(an_append(f"sales.deal-{n % 3}", facts=2))

        for follower in followers:
            assert_the_whole_log(feeds[0], (await follower)[0])

    async def test_one_who_stops_listening_disturbs_nobody(self, store: Store, feed_for: FeedFor) -> None:
        feed, another = await feed_for("analytics"), await feed_for("contacts")
        leaving = asyncio.create_task(hear(another, 99))
        staying = asyncio.create_task(hear(feed, 20))
        for n in range(20):
            await store.append(an_append())
            if n == 10:
                leaving.cancel()

        heard, marks = await staying
        assert_the_whole_log(feed, heard)
        await store.append(an_append())
        (last,), _ = await hear(feed, 1, marks)
        assert last.position == 21
        assert_the_whole_log(another, (await hear(another, 21))[0])

    async def test_a_follower_who_comes_back_hears_what_came_meanwhile(self, store: Store, feed: Feed) -> None:
        marks: Marks = {}
        heard = list[Event]()
        for _ in range(5):
            await store.append(an_append(facts=2))
            found, marks = await hear(feed, 2, marks)
            heard += found

        assert_the_whole_log(feed, heard)

    async def test_marks_that_name_what_was_heard_are_gone_on_from(self, store: Store, feed: Feed) -> None:
        await store.append(an_append(facts=3))
        _, marks = await hear(feed, 3)

        assert list(await feed.gone(marks)) == []

    async def test_every_stream_has_one_part(self, store: Store, feed: Feed) -> None:
        await store.append(an_append(facts=3))
        (event, *_), marks = await hear(feed, 3)

        assert [part for part, mark in marks.items() if mark.place != NOWHERE] == [await feed.part_of(event.stream)]

    async def test_it_reads_the_same_in_the_order_of_the_log(self, store: Store, feed: Feed) -> None:
        for n in range(8):
            await store.append(an_append(f"sales.deal-{n % 3}"))
        once_more = feed.in_log_order()

        assert once_more.topic is None
        heard, _ = await hear(once_more, 8)
        check_log(heard)

    async def test_versions_are_fetched_from_the_owner(self, store: Store, feed: Feed) -> None:
        await store.append(an_append("sales.deal-7", facts=6))

        events = await feed.refetch(TENANT, "sales.deal-7", Version(2), Version(5))

        assert [event.version for event in events] == [3, 4, 5]
        assert all(after.digest == digest_of(before.digest, after) for before, after in pairwise(events))
        assert await feed.refetch("another tenant", "sales.deal-7", Version(0), Version(6)) == []

    async def test_an_event_is_found_by_its_position(self, store: Store, feed: Feed) -> None:
        await store.append(an_append(facts=3))

        event = await feed.at(Position(2))

        assert event is not None
        assert event.position == 2
        assert await feed.at(Position(4)) is None

    async def test_the_end_of_the_log_is_known(self, store: Store, feed: Feed) -> None:
        assert (await feed.head()).position == 0
        appended = await store.append(an_append(facts=3))
        assert await feed.head() == appended.place


def assert_the_whole_log(feed: Feed, heard: Sequence[Event]) -> None:
    """Each event once, every stream in its order; all of them in theirs where the feed says so."""
    for stream in {event.stream for event in heard}:
        versions = [event.version for event in heard if event.stream == stream]
        assert versions == list(range(1, len(versions) + 1))
    check_log(heard if feed.topic is None else sorted(heard, key=_position))


def _position(event: Event) -> int:
    return event.position


async def hear(feed: Feed, count: int, marks: Marks | None = None) -> tuple[list[Event], Marks]:
    """So many events behind these marks, which the feed must bring before a deadline, and the marks behind them. When
    parts are given anew, it goes on as a projector does."""
    heard: list[Event] = []
    known = dict(marks or {})
    async with asyncio.timeout(DEADLINE_S):
        while len(heard) < count:
            try:
                await _follow(feed, count, heard, known)
            except Superseded:
                continue
    return heard, known


async def _follow(feed: Feed, count: int, heard: list[Event], known: dict[int, Mark]) -> None:
    parts = await feed.parts()
    marks = {part: known.get(part, Mark(part, Offset(0), NOWHERE, None, 0)) for part in parts}
    async with aclosing(feed.pages(marks)) as pages:
        async for page in pages:
            told = page if isinstance(page, Told) else Told.in_sequence(page.events)
            for event, part, offset in zip(told.events, told.parts, told.offsets, strict=True):
                assert offset is not None
                heard.append(event)
                known[part] = Mark(part, Offset(offset + 1), event.place, event.digest, 0)
                if len(heard) == count:
                    return
