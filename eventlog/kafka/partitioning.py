"""Which partition of a topic a stream is told in. Said here alone: who reckons otherwise looks for facts elsewhere."""

from aiokafka.partitioner import murmur2

_KNOWN_STREAMS_MAX = 100_000


def partition_of(key: bytes, partitions: int) -> int:
    """That of a stream, whose name is the key of its records, as every Kafka client computes it (murmur2)."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


class Partitioner:
    """`partition_of` for one topic, remembered: it is slow."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._known: dict[bytes, int] = {}

    def __call__(self, key: bytes) -> int:
        partition = self._known.get(key)
        if partition is None:
            if len(self._known) >= _KNOWN_STREAMS_MAX:
                self._known.clear()
            partition = self._known[key] = partition_of(key, self._partitions)
        return partition
