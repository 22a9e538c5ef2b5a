"""Relay, readers and stream workers look for a stream in the same partition."""

import pytest
from aiokafka.partitioner import DefaultPartitioner

from eventlog.kafka import partitioning
from eventlog.kafka.partitioning import Partitioner, partition_of


def test_a_stream_has_the_partition_that_every_kafka_client_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitioning, "_KNOWN_STREAMS_MAX", 5)
    remembered, theirs, all_partitions = Partitioner(24), DefaultPartitioner(), list(range(24))
    for n in range(40):
        key = f"sales.сделка-{n % 20}".encode()
        assert remembered(key) == partition_of(key, 24) == theirs(key, all_partitions, all_partitions)
