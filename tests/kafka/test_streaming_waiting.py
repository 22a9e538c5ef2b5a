"""Streams that the topologies cannot go on with wait, beside all others, until a worker can: facts of streaming workers
on Kafka that raise, and what whoever operates them does about it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial

import pytest

from eventlog.events import Event
from eventlog.parked import Discarding
from eventlog.streaming.heard import begin_anew
from facts.marketing import LeadDisqualified
from runtime.kafka_server import KafkaServer
from services.analytics.projections import METRICS
from tests.support.log import eventually
from tests.support.metrics_history import history
from tests.support.postgres import TestServer
from tests.support.streaming import TENANT, Trade, choking, trading, working

pytestmark = pytest.mark.timeout(300)

#: For a worker whose clock stands still before anything is due: it tries what it is asked for, and nothing else.
LONG_AGO = datetime(2018, 1, 1, tzinfo=UTC)


@pytest.fixture
async def trade(postgres: TestServer, own_kafka: KafkaServer) -> AsyncIterator[Trade]:
    async with trading(postgres, own_kafka.bootstrap) as trade:
        await trade.tell(history(5))
        yield trade


async def stopped_streams(trade: Trade) -> set[str]:
    """Those that have a fact that `choking` cannot handle."""
    return {event.stream for event in await trade.log("marketing") if event.type == LeadDisqualified.name}


async def test_a_fact_that_cannot_be_handled_waits_with_its_stream_and_holds_the_positions_back(trade: Trade) -> None:
    log = await trade.log("marketing")
    first = next(event for event in log if event.type == LeadDisqualified.name)
    stopped = await stopped_streams(trade)

    async with working(trade.worker(projection=choking())):
        await eventually(partial(all_parked, trade, stopped), "every stream with such a fact parked")
        await eventually(partial(reached, trade, "contacts", "sales"), "the other departments heard")
        assert (await trade.positions())["marketing"] == f"1.{first.position - 1}"
    assert await trade.waiting() >= stopped

    async with working(trade.worker()):
        await trade.heard_everything()
    assert await trade.views.fetchval("SELECT count(*) FROM stream_parked") == 0
    await trade.answers_are_a_fold_of_the_logs()
    await trade.derived_is_told()


async def test_whoever_operates_it_sees_what_waits_and_may_have_it_tried(trade: Trade) -> None:
    stopped = await stopped_streams(trade)
    operator = trade.operator()
    async with working(trade.worker(projection=choking())):
        await eventually(partial(all_parked, trade, stopped), "every stream with such a fact parked")
        assert not any(await asyncio.gather(*(operator.retry(TENANT, stream) for stream in stopped)))

    listed = {each.stream: each for each in await operator.list(TENANT)}
    assert listed.keys() == stopped
    for stream, each in listed.items():
        shown = await operator.show(TENANT, stream)
        assert (shown[0][0].version, shown[0][0].type) == (each.version, LeadDisqualified.name)
        assert (each.kind, len(shown)) == ("FAULT", each.events)
        assert {kind for _, kind, _ in shown[1:]} <= {"FOLLOWS"}
    assert await operator.list("globex") == []


async def test_what_whoever_operates_it_has_tried_goes_into_the_numbers(trade: Trade) -> None:
    stopped, operator = await stopped_streams(trade), trade.operator()
    async with working(trade.worker(projection=choking())):
        await eventually(partial(all_parked, trade, stopped), "every stream with such a fact parked")
    waiting = await trade.views.fetch("SELECT DISTINCT stream FROM stream_parked")

    async with working(trade.worker(clock=lambda: LONG_AGO)):
        await eventually(partial(reached, trade, "contacts", "sales"), "the other departments heard")
        assert await trade.views.fetch("SELECT DISTINCT stream FROM stream_parked") == waiting
        assert all(await asyncio.gather(*(operator.retry(TENANT, stream) for stream in stopped)))
        assert await operator.list() == []
        await trade.heard_everything()
    await trade.answers_are_a_fold_of_the_logs()
    await trade.derived_is_told()


async def test_topologies_go_on_without_what_was_discarded_in_each_epoch(trade: Trade) -> None:
    stopped, operator, recorded = await stopped_streams(trade), trade.operator(), list[Event]()

    async def record(event: Event) -> None:
        recorded.append(event)

    async def discarded(stream: str) -> None:
        """All of such facts that it has, one after the other."""
        while shown := await operator.show(TENANT, stream):
            now, version = datetime.now(UTC), shown[0][0].version
            await operator.discard(Discarding(TENANT, stream, version, "nobody needs it", now, record))

    async with working(trade.worker(projection=choking())):
        await eventually(partial(all_parked, trade, stopped), "every stream with such a fact parked")
        await asyncio.gather(*map(discarded, stopped))
        await trade.heard_everything()
    log = await trade.log("marketing")
    assert sorted(event.position for event in recorded) == [
        event.position for event in log if event.type == LeadDisqualified.name
    ]

    before = await trade.rows()
    epoch = await begin_anew(trade.views, sorted(METRICS.tables))
    async with working(trade.worker(epoch, projection=choking())):
        await trade.heard_everything()
    assert await trade.rows() == before
    assert await operator.list() == []


async def all_parked(trade: Trade, streams: set[str]) -> bool:
    rows = await trade.views.fetch("SELECT DISTINCT stream FROM stream_parked WHERE kind = 'FAULT'")
    return {row["stream"] for row in rows} == streams


async def reached(trade: Trade, *sources: str) -> bool:
    found, heads = await trade.positions(), await trade.heads()
    return all(found.get(source) == heads[source] for source in sources)
