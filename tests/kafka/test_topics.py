"""Topics are made by the relay's owner, and what is different about them stops the start in words."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from eventlog.kafka import topics as topics_module
from eventlog.kafka.limits import RECORD_BYTES_MAX
from eventlog.kafka.topics import Topic, Topics, WrongTopic, partitions_of, prepare
from runtime.kafka_server import KafkaServer
from tests.support.kafka import a_department


async def made(kafka: KafkaServer, topic: Topic) -> None:
    """As somebody else would make it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.create_topics(
        [NewTopic(topic.name, topic.partitions, topic.replication, topic_configs=dict(topic.settings))]
    )
    await admin.close()


async def test_missing_topics_are_made_and_found_again(kafka: KafkaServer) -> None:
    topics = Topics.of(a_department())
    await prepare(kafka.bootstrap, topics.facts, topics.watermarks)
    await prepare(kafka.bootstrap, topics.facts, topics.watermarks)
    assert await partitions_of(kafka.bootstrap, topics.facts.name) == 24
    assert await partitions_of(kafka.bootstrap, topics.watermarks.name) == 1


async def test_a_broker_that_has_not_heard_of_a_topic_yet_does_not_stop_the_start_that_made_it(
    kafka: KafkaServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several brokers, any may be asked: after one that knows the new topic, one that does not."""
    described, known = topics_module._described, asyncio.Event()

    async def by_another_broker(*given: Any) -> dict[str, list[dict[str, Any]]]:
        if known.is_set():
            return {}
        if found := await described(*given):
            known.set()
        return found

    monkeypatch.setattr(topics_module, "_described", by_another_broker)
    topics = Topics.of(a_department())
    await prepare(kafka.bootstrap, topics.facts, topics.watermarks)


async def test_who_waits_for_a_topic_is_told_that_it_is_not_there_and_does_not_make_it(kafka: KafkaServer) -> None:
    topics = Topics.of(a_department())
    assert await partitions_of(kafka.bootstrap, topics.facts.name) == 0
    assert await partitions_of(kafka.bootstrap, topics.facts.name) == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cleanup.policy", "compact"),
        ("retention.ms", "604800000"),
        ("retention.bytes", "1000000000"),
        ("max.message.bytes", "1048588"),
        ("message.timestamp.type", "CreateTime"),
        ("unclean.leader.election.enable", "true"),
    ],
)
async def test_another_setting_stops_the_start(kafka: KafkaServer, name: str, value: str) -> None:
    topic = Topics.of(a_department(), partitions=2).facts
    await made(kafka, replace(topic, settings=dict(topic.settings) | {name: value}))
    with pytest.raises(WrongTopic, match=f"topic {topic.name}: {name} is {value}, not {topic.settings[name]}"):
        await prepare(kafka.bootstrap, topic)


async def test_another_number_of_partitions_or_copies_stops_the_start(kafka: KafkaServer) -> None:
    topic = Topics.of(a_department(), partitions=3).facts
    await made(kafka, replace(topic, partitions=2))
    with pytest.raises(WrongTopic, match=r"it has 2 partitions, not 3; .* it has 1 copies, not 3"):
        await prepare(kafka.bootstrap, replace(topic, replication=3))


def test_three_copies_mean_that_two_are_written() -> None:
    assert Topics.of("sales", replication=3).facts.settings["min.insync.replicas"] == "2"
    assert Topics.of("sales", replication=1).facts.settings["min.insync.replicas"] == "1"


def test_the_names_and_limits_are_those_that_are_told_to_everybody() -> None:
    topics = Topics.of("sales")
    assert topics.facts.name == "baton.sales.v1"
    assert topics.watermarks.name == "baton.sales.watermarks.v1"
    assert topics.facts.settings["max.message.bytes"] == str(RECORD_BYTES_MAX)
