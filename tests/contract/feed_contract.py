"""What every feed promises, embedded or through Kafka."""

import asyncio
from contextlib import aclosing
from itertools import pairwise

from eventlog.events import Event, Place, Position, Version, digest_of
from eventlog.feed import Feed
from eventlog.store import Store
from tests.support.log import TENANT, an_append, check_log

DEADLINE_S = 20.0


class FeedContract:
    """A subclass has the fixtures `store` (the owner's log, for instance of sales) and `feed` (its feed)."""

    async def test_it_says_whose_facts_it_brings(self, store: Store, feed: Feed) -> None:
        assert feed.department == store.department

    async def test_it_brings_the_whole_log_from_the_start(self, store: Store, feed: Feed) -> None:
        for n in range(25):
            await store.append(an_append(f"sales.deal-{n % 5}", facts=3))

        check_log(await self.hear(feed, None, Position(75)))

    async def test_it_goes_on_behind_any_place(self, store: Store, feed: Feed) -> None:
        await store.append(an_append(facts=9))

        for after in range(1, 9):
            heard = await self.hear(feed, Place(1, Position(after)), Position(9))
            assert [event.position for event in heard] == list(range(after + 1, 10))

    async def test_it_brings_what_comes_later_without_gap_or_repeat(self, store: Store, feed: Feed) -> None:
        hearing = asyncio.create_task(self.hear(feed, None, Position(60)))
        for n in range(20):
            await store.append(an_append(f"sales.deal-{n % 3}", facts=3))
            await asyncio.sleep(0)

        check_log(await hearing)

    async def test_many_who_follow_hear_the_same(self, store: Store, feed: Feed) -> None:
        followers = [asyncio.create_task(self.hear(feed, None, Position(40))) for _ in range(4)]
        for _ in range(20):
            await store.append(an_append(facts=2))
        late = await self.hear(feed, Place(1, Position(10)), Position(40))
        whole = await asyncio.gather(*followers)

        assert all(each == whole[0] for each in whole)
        assert whole[0][10:] == late

    async def test_one_who_stops_listening_disturbs_nobody(self, store: Store, feed: Feed) -> None:
        leaving = [asyncio.create_task(self.hear(feed, None, Position(99))) for _ in range(3)]
        staying = asyncio.create_task(self.hear(feed, None, Position(20)))
        for n in range(20):
            await store.append(an_append())
            if n % 5 == 0 and leaving:
                leaving.pop().cancel()

        check_log(await staying)
        again = await self.hear(feed, Place(1, Position(15)), Position(20))
        assert [event.position for event in again] == [16, 17, 18, 19, 20]
        for task in leaving:
            task.cancel()

    async def test_a_follower_who_comes_back_hears_what_came_meanwhile(self, store: Store, feed: Feed) -> None:
        after, heard = None, list[Event]()
        for n in range(1, 6):
            await store.append(an_append(facts=2))
            heard += await self.hear(feed, after, Position(2 * n))
            after = heard[-1].place

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

    async def hear(self, feed: Feed, after: Place | None, until: Position) -> list[Event]:
        """Everything up to a position, which the feed must reach before a deadline."""
        heard: list[Event] = []
        async with asyncio.timeout(DEADLINE_S), aclosing(feed.pages(after)) as pages:
            async for page in pages:
                heard.extend(page.events)
                if page.scanned >= until:
                    break
        return heard
