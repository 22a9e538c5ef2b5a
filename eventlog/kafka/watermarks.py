"""How far a department's log was told completely: a record that the relay writes beside the facts it covers.

Partitions are read one by one, in any order. A reader that has read every partition `p` up to `offsets[p]` has heard
all there is up to `position`, and nothing is missing in between.
"""

from dataclasses import dataclass

import orjson

from eventlog.errors import LogError
from eventlog.events import Event, Offset, Place, Position


class NotAWatermark(LogError):
    """A record on a topic of watermarks that no relay wrote."""


@dataclass(frozen=True, slots=True)
class Watermark:
    """`position` is the last one told, in this generation of the log; `offsets[p]` is the next offset to read in
    partition p once everything up to it was read: one behind its last fact, 0 where it has none. `digest` is that of
    the event at `position`, empty at position 0.

    The first watermark of a generation names the last position that it shares with the generation before: facts of
    that one behind it are not in the log any more."""

    generation: int
    position: Position
    offsets: tuple[Offset, ...]
    digest: bytes = b""

    @property
    def place(self) -> Place:
        return Place(self.generation, self.position)

    @property
    def key(self) -> bytes:
        """The topic is compacted: the last watermark of each generation stays."""
        return b"%d" % self.generation

    def value(self) -> bytes:
        """As it stands in a record: JSON, the position as text like everywhere outside."""
        return orjson.dumps(
            {
                "generation": self.generation,
                "position": str(self.position),
                "offsets": self.offsets,
                "digest": self.digest.hex(),
            }
        )

    @classmethod
    def parse(cls, value: bytes | None) -> "Watermark":
        """The watermark that a record's value holds. Raises `NotAWatermark`."""
        try:
            found = orjson.loads(value or b"")
            return cls(
                int(found["generation"]),
                Position(int(found["position"])),
                tuple(Offset(int(offset)) for offset in found["offsets"]),
                bytes.fromhex(found["digest"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise NotAWatermark(f"not a watermark: {error!r}") from None

    def after(self, last: Event, offsets: dict[int, Offset]) -> "Watermark":
        """Once everything up to `last` is told, with these offsets changed."""
        merged = tuple(offsets.get(partition, offset) for partition, offset in enumerate(self.offsets))
        return Watermark(self.generation, last.position, merged, last.digest)


def nothing_told(generation: int, partitions: int) -> Watermark:
    """The watermark in front of the first event."""
    return Watermark(generation, Position(0), (Offset(0),) * partitions)
