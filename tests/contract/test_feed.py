"""The contract of feeds, run on the embedded one over each log."""

from collections.abc import AsyncIterator

import pytest

from eventlog.errors import NotSafe
from eventlog.events import Position
from eventlog.feed import Feed, PostgresFeed, complete
from eventlog.memory import MemoryStore
from eventlog.postgres import PostgresStore
from eventlog.store import Page, Store
from tests.contract.feed_contract import FeedContract, FeedFor
from tests.support.log import an_append
from tests.support.remote import a_remote_log


def in_place(feed: Feed) -> FeedFor:
    async def feed_for(department: str) -> Feed:
        return feed

    return feed_for


class TestFeedOfAMemoryStore(FeedContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore("sales")

    @pytest.fixture
    def feed_for(self, store: Store) -> FeedFor:
        return in_place(PostgresFeed(store, page_events=7))


class TestFeedOfAPostgresStore(FeedContract):
    @pytest.fixture
    async def store(self, database: str) -> AsyncIterator[Store]:
        async with await PostgresStore.open(database, "sales") as store:
            yield store

    @pytest.fixture
    def feed_for(self, store: Store) -> FeedFor:
        return in_place(PostgresFeed(store, page_events=7))


class TestFeedOfARemoteLog(FeedContract):
    """In place means: over gRPC, from the department that owns the log."""

    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore("sales")

    @pytest.fixture
    def feed_for(self, store: Store) -> FeedFor:
        return in_place(PostgresFeed(a_remote_log(store), page_events=7))


async def test_positions_that_a_page_leaves_out_are_fetched() -> None:
    store = MemoryStore("sales")
    await store.append(an_append(facts=9))
    whole = (await store.read_all(Position(0))).events
    thinned = Page(1, [*whole[1:4], *whole[6:8]], Position(9), Position(9))

    assert await complete(PostgresFeed(store), thinned, Position(0)) == whole


async def test_a_position_that_the_log_itself_lacks_proves_a_deletion() -> None:
    store = MemoryStore("sales")
    await store.append(an_append(facts=2))

    with pytest.raises(NotSafe, match="the log of sales lacks position 3"):
        await complete(PostgresFeed(store), Page(1, [], Position(3), Position(3)), Position(2))
