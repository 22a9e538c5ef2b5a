"""The last committed record stands before markers, and before whatever was aborted behind it."""

from aiokafka import AIOKafkaProducer, TopicPartition

from eventlog.kafka.topic_end import committed_reader, first_record, last_records
from eventlog.kafka.topics import Topics, prepare
from runtime.kafka_server import KafkaServer
from tests.support.kafka import a_department


async def test_it_is_found_behind_any_number_of_aborted_ones(kafka: KafkaServer) -> None:
    topic = Topics.of(a_department(), partitions=4).facts
    await prepare(kafka.bootstrap, topic)
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id=topic.name) as producer:
        for value in (b"first", b"last"):
            async with producer.transaction():
                await producer.send(topic.name, value, partition=0)
                await producer.send(topic.name, value, partition=1)
        for aborted in (0, 1, 2):
            for count in (1, 400, 3):
                await producer.begin_transaction()
                for _ in range(count):
                    await producer.send(topic.name, b"aborted", partition=aborted)
                await producer.flush()
                await producer.abort_transaction()

    partitions = [TopicPartition(topic.name, n) for n in range(4)]
    async with committed_reader(kafka.bootstrap) as consumer:
        last = await last_records(consumer, partitions)
        ends = await consumer.end_offsets(partitions)
        behind = await first_record(consumer, partitions[0], 3, ends[partitions[0]])
        first = await first_record(consumer, partitions[0], 0, ends[partitions[0]])

    assert {each.partition: (record.offset, record.value) for each, record in last.items()} == {
        0: (2, b"last"),
        1: (2, b"last"),
    }
    assert behind is None
    assert first is not None
    assert first.value == b"first"
