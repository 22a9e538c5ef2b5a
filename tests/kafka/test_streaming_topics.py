"""Streaming workers while a topic that they hear is deleted, and made and filled again by its relay."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from faust.types import TP

from eventlog.kafka.topics import facts_topic, partitions_of, watermarks_topic
from eventlog.streaming.application import StreamTopics
from eventlog.streaming.worker import StreamWorker
from runtime.kafka_server import KafkaServer
from tests.support.log import eventually
from tests.support.metrics_history import history
from tests.support.postgres import TestServer
from tests.support.relaying import told_up_to_the_head
from tests.support.streaming import Trade, trading, working

pytestmark = pytest.mark.timeout(300)

#: From when the topic is filled again; what is late beyond `late_s` is fetched from the log.
SOON_S = 25.0


@pytest.fixture
async def trade(postgres: TestServer, own_kafka: KafkaServer) -> AsyncIterator[Trade]:
    async with trading(postgres, own_kafka.bootstrap) as trade:
        yield trade


async def test_a_topic_that_was_made_anew_is_heard_again(trade: Trade, caplog: pytest.LogCaptureFixture) -> None:
    """No fact is missing from then on, as it would be if the old topic's offsets were gone on with."""
    await trade.tell(history(1))
    async with working(trade.worker(late_s=60.0)):
        await trade.heard_everything()
        await eventually(partial(committed, trade), "offsets of the old topic committed")
        await delete(trade, facts_topic("marketing"), watermarks_topic("marketing"))
        await trade.tell(history(2, tag="-b"))
        await told_up_to_the_head(trade.bootstrap, trade.stores["marketing"], deadline_s=60)
        async with asyncio.timeout(SOON_S):
            await trade.heard_everything()
        for n in range(3):
            await trade.tell(history(n, tag=f"-{n}"))
            async with asyncio.timeout(SOON_S):
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


class Remembering(StreamWorker):
    """Knows where the facts stood that it was given."""

    given: Counter[tuple[TP, int]] = Counter()

    async def _facts(self, events: Sequence[Any]) -> None:
        self.given.update((TP(*each.message.tp), each.message.offset) for each in events)
        await super()._facts(events)


async def test_partitions_are_heard_from_their_beginning_where_the_old_offsets_are_committed(trade: Trade) -> None:
    """Faust commits the old topic's offsets as soon as there is a new one."""
    await trade.tell(history(1))
    topic = facts_topic("marketing")
    async with working(trade.worker(kind=Remembering)) as worker:
        await trade.heard_everything()
        await eventually(partial(committed, trade), "offsets committed")
        consumer: Any = worker._app.consumer
        mine = sorted(tp for tp in consumer.assignment() if tp.topic == topic)
        assert set(await consumer.begun(mine)) == set(mine)
        once = {at for at in Remembering.given if at[0].topic == topic}
        await consumer.begin_again(mine)
        await eventually(partial(twice, once), "every fact given again")
    await trade.answers_are_a_fold_of_the_logs()


async def twice(facts: set[tuple[TP, int]]) -> bool:
    return all(Remembering.given[at] == 2 for at in facts)
