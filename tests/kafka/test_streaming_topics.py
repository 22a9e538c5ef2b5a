"""Streaming workers while a topic that they hear is deleted, and made and filled again by its relay."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from eventlog.kafka.topics import facts_topic, partitions_of, prepare, watermarks_topic
from eventlog.streaming.application import StreamTopics
from runtime.kafka_server import KafkaServer
from tests.support.log import eventually
from tests.support.metrics_history import history
from tests.support.postgres import TestServer
from tests.support.relaying import some_topics, told_up_to_the_head
from tests.support.streaming import PARTITIONS, Trade, trading, working

pytestmark = pytest.mark.timeout(300)

#: From when the topic is filled again.
SOON_S = 8.0


@pytest.fixture
async def trade(postgres: TestServer, own_kafka: KafkaServer) -> AsyncIterator[Trade]:
    async with trading(postgres, own_kafka.bootstrap) as trade:
        yield trade


@pytest.mark.parametrize("at_once", [False, True])
async def test_a_topic_that_was_made_anew_is_heard_again(
    trade: Trade, caplog: pytest.LogCaptureFixture, at_once: bool
) -> None:
    """No fact is missing from then on, as it would be if the old topic's offsets were gone on with. A topic that is made
    `at_once` is never missed by a worker."""
    await trade.tell(history(1))
    async with working(trade.worker(late_s=60.0)):
        await trade.heard_everything()
        await eventually(partial(committed, trade), "offsets of the old topic committed")
        await delete(trade, facts_topic("marketing"), watermarks_topic("marketing"))
        if at_once:
            topics = some_topics("marketing", PARTITIONS)
            await prepare(trade.bootstrap, topics.facts, topics.watermarks)
        await trade.tell(history(2, tag="-b"))
        await told_up_to_the_head(trade.bootstrap, trade.stores["marketing"], deadline_s=60)
        async with asyncio.timeout(SOON_S):
            await trade.heard_everything()
        for n in range(3):
            await trade.tell(history(n, tag=f"-{n}"))
            async with asyncio.timeout(2.0):
                await trade.heard_everything()
    assert "did not come" not in caplog.text
    await trade.answers_are_a_fold_of_the_logs()
    await trade.derived_is_told()


async def committed(trade: Trade) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=trade.bootstrap)
    await admin.start()
    offsets = await admin.list_consumer_group_offsets(StreamTopics("analytics", 1).group)
    await admin.close()
    return any(each.offset > 0 for tp, each in offsets.items() if tp.topic == facts_topic("marketing"))


async def delete(trade: Trade, *topics: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=trade.bootstrap)
    await admin.start()
    await admin.delete_topics(list(topics))
    await admin.close()
    await eventually(partial(gone, trade, topics), f"{', '.join(topics)} deleted")


async def gone(trade: Trade, topics: tuple[str, ...]) -> bool:
    return not any([await partitions_of(trade.bootstrap, topic) for topic in topics])
