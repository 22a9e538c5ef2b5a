"""The topics of a department: made by who relays it, and checked at each start. A difference stops the start."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, for_code

from eventlog.errors import NotSafe
from eventlog.kafka.brokers import Bootstrap, connection
from eventlog.kafka.limits import RECORD_BYTES_MAX
from eventlog.trouble import wait_s

#: Of a topic of facts. Another number would give streams other partitions, so it is another topic: `.v2`, filled anew.
PARTITIONS = 24

_NO_ERROR, _UNKNOWN_TOPIC, _EXISTS = 0, 3, 36


class WrongTopic(NotSafe):
    """A topic is not as it must be; the message says what is different."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What a topic must be. `settings` are all that matter; brokers' defaults are not trusted."""

    name: str
    partitions: int
    replication: int
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Topics:
    """The two topics in which a department's log is told."""

    facts: Topic
    watermarks: Topic

    @classmethod
    def of(cls, department: str, *, partitions: int = PARTITIONS, replication: int = 1) -> "Topics":
        """`replication` 3 means that two copies are written before a fact counts as told."""
        settings = _settings(replication)
        # Of watermarks only the last one of each generation says anything new; facts are kept for ever.
        compacted = settings | {"cleanup.policy": "compact", "segment.bytes": str(64 * 1024 * 1024)}
        return cls(
            Topic(facts_topic(department), partitions, replication, settings),
            Topic(watermarks_topic(department), 1, replication, compacted),
        )


def facts_topic(department: str) -> str:
    return f"baton.{department}.v1"


def watermarks_topic(department: str) -> str:
    return f"baton.{department}.watermarks.v1"


def _settings(replication: int) -> dict[str, str]:
    return {
        "cleanup.policy": "delete",
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "max.message.bytes": str(RECORD_BYTES_MAX),
        "min.insync.replicas": "2" if replication >= 3 else "1",
        "unclean.leader.election.enable": "false",
        # The broker's own clock: it refuses records that a relay with a wrong clock dates too far from now.
        "message.timestamp.type": "LogAppendTime",
    }


async def prepare(bootstrap: Bootstrap, *topics: Topic) -> None:
    """Make the topics that are missing, check all. Raises `WrongTopic`, and `KafkaError` where Kafka is away."""
    async with _administrator(bootstrap) as admin:
        found = await _described(admin, topics)
        missing = [topic for topic in topics if topic.name not in found]
        if missing:
            found |= await _made(admin, missing)
        settings = await _settings_of(admin, topics)
    differences = [
        difference
        for topic in topics
        for difference in _differences(topic, found.get(topic.name, []), settings.get(topic.name, {}))
    ]
    if differences:
        raise WrongTopic(f"{'; '.join(differences)}. See docs/kafka.md, What a topic must be")


async def partitions_of(bootstrap: Bootstrap, topic: str) -> int:
    """How many partitions a topic has; 0 while there is no such topic, for those who wait for it. Raises
    `KafkaError`."""
    async with _administrator(bootstrap) as admin:
        found = await _described(admin, [Topic(topic, 0, 0)])
    return len(found.get(topic, []))


@asynccontextmanager
async def _administrator(bootstrap: Bootstrap) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**connection(bootstrap), request_timeout_ms=10_000)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def _described(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> dict[str, list[dict[str, Any]]]:
    """The partitions of those that exist."""
    answers = await admin.describe_topics([topic.name for topic in topics])
    for answer in answers:
        if answer["error_code"] not in (_NO_ERROR, _UNKNOWN_TOPIC):
            raise for_code(answer["error_code"])(answer["topic"])
    return {answer["topic"]: answer["partitions"] for answer in answers if answer["error_code"] == _NO_ERROR}


async def _made(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> dict[str, list[dict[str, Any]]]:
    """The partitions of those that were missing. Somebody else may make the same at the same moment."""
    wanted = [
        NewTopic(topic.name, topic.partitions, topic.replication, topic_configs=dict(topic.settings))
        for topic in topics
    ]
    answer = await admin.create_topics(wanted)
    for name, code, *said in answer.topic_errors:
        if code not in (_NO_ERROR, _EXISTS):
            raise for_code(code)(f"{name}: {said}")
    return await _known(admin, topics)


async def _known(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> dict[str, list[dict[str, Any]]]:
    """A topic that was made becomes known to the brokers a moment later, to one sooner than to another: what was
    described once must not be asked for again."""
    for attempt in range(1, 12):
        if len(found := await _described(admin, topics)) == len(topics):
            return found
        await asyncio.sleep(wait_s(attempt))
    raise KafkaConnectionError(f"{', '.join(topic.name for topic in topics)} were made and are not known yet")


async def _settings_of(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> dict[str, dict[str, str]]:
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
    found = {}
    for answer in await admin.describe_configs(asked):
        for code, said, _, name, entries in answer.resources:
            if code != _NO_ERROR:
                raise for_code(code)(f"{name}: {said}")
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found


def _differences(topic: Topic, partitions: Sequence[Mapping[str, Any]], settings: Mapping[str, str]) -> list[str]:
    copies = {len(partition["replicas"]) for partition in partitions}
    differences = [
        f"{name} is {settings.get(name)}, not {wanted}"
        for name, wanted in topic.settings.items()
        if settings.get(name) != wanted
    ]
    if len(partitions) != topic.partitions:
        differences.append(f"it has {len(partitions)} partitions, not {topic.partitions}")
    if copies != {topic.replication}:
        differences.append(f"it has {', '.join(map(str, sorted(copies)))} copies, not {topic.replication}")
    return [f"topic {topic.name}: {difference}" for difference in differences]
