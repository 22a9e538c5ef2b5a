"""How far a department's log was told through Kafka, for those who look from outside."""

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from eventlog.errors import Unavailable
from eventlog.events import Place
from eventlog.kafka.brokers import Bootstrap
from eventlog.kafka.topic_end import committed_reader, last_records
from eventlog.kafka.topics import watermarks_topic
from eventlog.kafka.watermarks import Watermark


async def told(bootstrap: Bootstrap, department: str) -> Place | None:
    """What the newest watermark says; None where nothing was told yet. Raises `Unavailable` while Kafka is away."""
    partition = TopicPartition(watermarks_topic(department), 0)
    try:
        async with committed_reader(bootstrap) as reader:
            newest = (await last_records(reader, [partition])).get(partition)
    except KafkaError as error:
        raise Unavailable(f"Kafka, {partition.topic}: {error!r}") from error
    return Watermark.parse(newest.value).place if newest else None
