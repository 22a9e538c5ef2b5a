"""Topics that were made anew while a worker hears them: deleted, and filled again from their log.

Kafka names a topic by its name alone, and so do aiokafka and Faust. The offset of the old topic is somewhere in the
middle of the new one, or behind its end; and what Faust commits, it tries until the new topic takes it. But a partition
of facts keeps its first record for ever, dated by the broker when it was written. Where that date is another one, the
partition is another one, and is heard from its beginning. What was heard before is dropped by version.
"""

from collections.abc import Collection, Mapping

from faust.types import TP

#: When the first record of a partition was written, in milliseconds; partitions without any are left out.
Begun = Mapping[TP, int]


class Anew:
    """What is known of partitions, since this worker looks."""

    def __init__(self) -> None:
        self._begun: dict[TP, int] = {}

    def among(self, found: Begun, mine: Collection[TP]) -> set[TP]:
        """Those of this worker's partitions that were made anew. They are until it says that they are `heard` so: it
        may lose them to others before it does anything about it."""
        for partition, begun in found.items():
            self._begun.setdefault(partition, begun)
        return {partition for partition in mine if found.get(partition, 0) > self._begun.get(partition, 0)}

    def heard(self, found: Begun, partitions: Collection[TP]) -> None:
        """These are heard from their beginning."""
        self._begun.update({partition: found[partition] for partition in partitions})
