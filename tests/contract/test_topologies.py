"""Topologies in the projector: their states follow each stream, whatever happens on the way."""

from collections.abc import AsyncIterator, Sequence
from typing import ClassVar

import pytest
from pydantic import BaseModel

from eventlog.codec import Codec, Recorded
from eventlog.events import StreamKey
from eventlog.feed import PostgresFeed
from eventlog.memory import MemoryStore
from eventlog.parked import ParkedStreams
from eventlog.projections import At, Change, Insert, Projection
from eventlog.rebuild import Rebuild
from eventlog.streaming.heard import current_epoch, take_back
from eventlog.topologies import Derived, Topology
from eventlog.views import Views
from tests.support.department import TENANT, CustomerBought, heard, open_views, projecting, record
from tests.support.faulty_feed import Faults, FaultyFeed

SCHEMA = """
CREATE TABLE IF NOT EXISTS sums (
    tenant text NOT NULL, stream text NOT NULL, n integer NOT NULL, spent bigint NOT NULL,
    PRIMARY KEY (tenant, stream, n)
);
CREATE TABLE IF NOT EXISTS states (
    tenant text NOT NULL, topology text NOT NULL, stream text NOT NULL, state jsonb NOT NULL,
    PRIMARY KEY (tenant, topology, stream)
);
"""
UNLUCKY = 13


class Spent(BaseModel):
    n: int = 0
    spent: int = 0


class Summed(Spent):
    name: ClassVar[str] = "test.summed"


def summing(unlucky: int = UNLUCKY) -> Projection:
    """What each stream's customer had spent after each purchase. Nobody spends the unlucky price."""

    def process(key: StreamKey, state: Spent, heard: Recorded) -> tuple[Spent, Sequence[Derived]]:
        fact: CustomerBought = heard.fact
        if fact.price == unlucky:
            raise ValueError("an unlucky price")
        summed = Summed(n=state.n + 1, spent=state.spent + fact.price)
        return Spent(n=summed.n, spent=summed.spent), [summed]

    sums = Projection(
        "sums",
        tables={"sums": ("tenant", "stream", "n"), "states": ("tenant", "topology", "stream")},
        sources=("sales", "marketing"),
        topologies=[Topology("sums", facts=(CustomerBought,), start=Spent(), process=process)],
        states="states",
    )

    @sums.on(Summed)
    def summed(derived: Summed, at: At) -> Sequence[Change]:
        return [Insert("sums", {"tenant": at.tenant, "stream": at.stream, "n": derived.n, "spent": derived.spent})]

    return sums


@pytest.fixture
async def views(database: str) -> AsyncIterator[Views]:
    async with open_views(database, SCHEMA) as views:
        yield views


@pytest.fixture
def marketing() -> MemoryStore:
    return MemoryStore("marketing")


async def buy(store: MemoryStore, codec: Codec, stream: str, *prices: int) -> None:
    bought = [CustomerBought(customer="ana", what="coffee", price=price) for price in prices]
    await record(store, codec, stream, *bought)


async def sums(views: Views) -> list[tuple[str, int]]:
    rows = await views.fetch("SELECT stream, spent FROM sums ORDER BY stream, n")
    return [(row["stream"], row["spent"]) for row in rows]


async def test_a_state_goes_on_after_a_restart(views: Views, codec: Codec, marketing: MemoryStore) -> None:
    for prices in ((1, 2), (3,)):
        await buy(marketing, codec, "visit-1", *prices)
        async with projecting(views, codec, [PostgresFeed(marketing)], projections=[summing()]) as projector:
            await heard(projector, marketing)

    assert await sums(views) == [("marketing.visit-1", 1), ("marketing.visit-1", 3), ("marketing.visit-1", 6)]


async def test_repeats_and_gaps_of_a_feed_change_no_state(views: Views, codec: Codec, marketing: MemoryStore) -> None:
    for n in range(30):
        await buy(marketing, codec, f"visit-{n % 3}", n % 7, n % 5)
    faults = Faults(drop=0.2, repeat=0.2, reorder=0.2)
    feed = FaultyFeed(PostgresFeed(marketing, page_events=5), faults, seed=7)
    async with projecting(views, codec, [feed], projections=[summing()]) as projector:
        await heard(projector, marketing)

    spent = {stream: sum((n % 7) + (n % 5) for n in range(stream, 30, 3)) for stream in range(3)}
    assert dict(await sums(views)) == {f"marketing.visit-{stream}": total for stream, total in spent.items()}


async def test_a_fact_that_a_topology_refuses_leaves_no_trace_of_itself_and_goes_on_when_it_is_heard_again(
    views: Views, codec: Codec, marketing: MemoryStore
) -> None:
    await buy(marketing, codec, "visit-1", 1, UNLUCKY, 2)
    await buy(marketing, codec, "visit-2", 5)
    async with projecting(views, codec, [PostgresFeed(marketing)], projections=[summing()]) as projector:
        await heard(projector, marketing)
    assert await sums(views) == [("marketing.visit-1", 1), ("marketing.visit-2", 5)]

    mended = [summing(unlucky=-1)]
    async with projecting(views, codec, [PostgresFeed(marketing)], projections=mended) as projector:
        assert await ParkedStreams(views, projector.heal_stream).retry(TENANT, "marketing.visit-1")

    assert await sums(views) == [
        ("marketing.visit-1", 1),
        ("marketing.visit-1", 1 + UNLUCKY),
        ("marketing.visit-1", 3 + UNLUCKY),
        ("marketing.visit-2", 5),
    ]


async def test_a_rebuild_folds_states_too_and_finds_no_difference(
    views: Views, codec: Codec, marketing: MemoryStore
) -> None:
    for n in range(40):
        await buy(marketing, codec, f"visit-{n % 4}", n)
    await buy(marketing, codec, "visit-1", UNLUCKY, 1)
    feed = PostgresFeed(marketing, page_events=7)
    async with projecting(views, codec, [feed], projections=[summing()]) as projector:
        await heard(projector, marketing)
        rebuilt = await Rebuild("sales", views, codec, [feed], [summing()], SCHEMA).run()
        await buy(marketing, codec, "visit-0", 1000)
        await heard(projector, marketing)

    assert {each.table: each.differing for each in rebuilt.differences} == {"sums": 0, "states": 0}
    assert ("marketing.visit-0", 1000 + sum(range(0, 40, 4))) in await sums(views)


async def test_what_workers_streamed_is_computed_anew_before_the_projector_goes_on(
    views: Views, codec: Codec, marketing: MemoryStore
) -> None:
    await buy(marketing, codec, "visit-1", 1, 2)
    feed = PostgresFeed(marketing)
    async with projecting(views, codec, [feed], projections=[]) as projector:
        await heard(projector, marketing)
    assert await current_epoch(views, ["sums", "states"]) == 1
    await views.execute("INSERT INTO sums VALUES ($1, 'marketing.visit-1', 1, 1)", TENANT)

    assert await take_back(Rebuild("sales", views, codec, [feed], [summing()], SCHEMA))
    assert not await take_back(Rebuild("sales", views, codec, [feed], [summing()], SCHEMA))
    await buy(marketing, codec, "visit-1", 4)
    async with projecting(views, codec, [feed], projections=[summing()]) as projector:
        await heard(projector, marketing)
    assert [spent for _, spent in await sums(views)] == [1, 3, 7]
    assert await current_epoch(views, ["sums", "states"]) == 2
    assert await sums(views) == []
