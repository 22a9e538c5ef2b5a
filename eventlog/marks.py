"""The marks of a source: how far each of its parts was heard, saved with what they brought.

A log that is read in one sequence is one part, whose mark is the source's row of `views.checkpoints`. A topic has a
part for each partition, whose marks are rows of `views.marks`. Everything else is the same for both: whoever takes a
part raises the epoch of its mark, and a mark moves by compare-and-set from exactly the value that was read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from eventlog.entry import Entry
from eventlog.errors import LogError
from eventlog.events import Offset, Place, Position
from eventlog.writing import Statement


class Superseded(LogError):
    """Somebody else moved a mark, or took the assignment: drop what was computed, read it again."""


NOWHERE = Place(0, Position(0))

#: The part that a log in one sequence is.
WHOLE = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark as it was read: `place` and `digest` are those of the last event heard in this part, `offset` is where to
    go on. The next save is from exactly this value, under this epoch."""

    part: int
    offset: Offset
    place: Place
    digest: bytes | None
    epoch: int


Marks = Mapping[int, Mark]


class MarkTable(Protocol):
    """Where the marks of one source stand."""

    @property
    def source(self) -> str: ...

    async def take(self, connection: Any, parts: Iterable[int]) -> Marks:
        """Take the assignment of parts: from now on a save of whoever had them before changes no row."""
        ...

    async def read(self, connection: Any) -> Marks:
        """All marks of the source, as they stand."""
        ...

    def passes(self, mark: Mark, entry: Entry) -> bool:
        """Whether an entry that moves stands behind a mark."""
        ...

    def place(self, mark: Mark, entry: Entry) -> Place:
        """What a mark says when it stands behind an entry."""
        ...

    def saved(self, old: Sequence[Mark], new: Sequence[Mark]) -> Statement:
        """Move marks from exactly what they were: the CTE `moved`, which has one row if each still was."""
        ...


def moved(table: MarkTable, marks: Marks, entries: Iterable[Entry]) -> Marks:
    """The marks of the parts that these entries belong to, behind the last one that moves its part's. A digest that is
    not the event's own proves nothing later."""
    found: dict[int, Mark] = {}
    for entry in entries:
        mark = found.setdefault(entry.part, marks[entry.part])
        if entry.offset is not None and table.passes(mark, entry):
            digest = entry.digest if entry.digest == entry.event.digest else None
            place = table.place(mark, entry)
            found[entry.part] = Mark(mark.part, Offset(entry.offset + 1), place, digest, mark.epoch)
    return found


@dataclass(frozen=True, slots=True)
class InOneSequence:
    """The mark of a log: the source's row of `views.checkpoints`, in which the position is the offset."""

    source: str

    async def take(self, connection: Any, parts: Iterable[int]) -> Marks:
        return _whole(await connection.fetchrow(_TAKE, self.source))

    async def read(self, connection: Any) -> Marks:
        return _whole(await connection.fetchrow(_READ, self.source))

    def passes(self, mark: Mark, entry: Entry) -> bool:
        return entry.event.position > mark.place.position

    def place(self, mark: Mark, entry: Entry) -> Place:
        """How far the log was heard: of the generation in which it is now, whenever the event was recorded."""
        return Place(max(mark.place.generation, entry.event.generation), entry.event.position)

    def saved(self, old: Sequence[Mark], new: Sequence[Mark]) -> Statement:
        (was,), (now,) = old, new
        return Statement(_SAVE, (self.source, *_place(now), now.digest, *_place(was), was.epoch))


async def hold(connection: Any) -> None:
    """Projectors stand still until the transaction ends: they lock their marks before they write."""
    await connection.execute("SELECT FROM views.checkpoints ORDER BY source FOR UPDATE")
    await connection.execute("SELECT FROM views.marks ORDER BY source, topic, partition FOR UPDATE")


def whole(place: Place, digest: bytes | None = None, epoch: int = 0) -> Marks:
    """The marks of a log that was heard up to a place."""
    return {WHOLE: Mark(WHOLE, Offset(place.position + 1), place, digest, epoch)}


def _whole(row: Any) -> Marks:
    return whole(Place(row["generation"], Position(row["position"])), row["digest"], row["epoch"]) if row else {}


@dataclass(frozen=True, slots=True)
class ByPartition:
    """The marks of a topic: rows of `views.marks`."""

    source: str
    topic: str

    async def take(self, connection: Any, parts: Iterable[int]) -> Marks:
        return _by_part(await connection.fetch(_TAKE_PARTS, self.source, self.topic, sorted(parts)))

    async def read(self, connection: Any) -> Marks:
        return _by_part(await connection.fetch(_READ_PARTS, self.source, self.topic))

    def passes(self, mark: Mark, entry: Entry) -> bool:
        return entry.offset is not None and entry.offset >= mark.offset

    def place(self, mark: Mark, entry: Entry) -> Place:
        """The event's own, by which its record is known again."""
        return entry.event.place

    def saved(self, old: Sequence[Mark], new: Sequence[Mark]) -> Statement:
        both = sorted(zip(old, new, strict=True), key=lambda pair: pair[0].part)
        rows = [
            (was.part, now.offset, *_place(now), now.digest, was.offset, *_place(was), was.epoch) for was, now in both
        ]
        return Statement(_SAVE_PARTS, (self.source, self.topic, *([row[n] for row in rows] for n in range(9))))


def _place(mark: Mark) -> tuple[int, int]:
    return mark.place.generation, mark.place.position


def _by_part(rows: Iterable[Any]) -> Marks:
    return {
        row["partition"]: Mark(
            row["partition"],
            Offset(row["next_offset"]),
            Place(row["generation"], Position(row["position"])),
            row["digest"],
            row["epoch"],
        )
        for row in rows
    }


async def supersede(connection: Any, source: str | None = None) -> None:
    """Whoever computes something for this source (None: for any) computes it again. Marks are locked in the order in
    which a save locks them."""
    await connection.execute(_SUPERSEDE, source)
    await connection.execute(_LOCK_PARTS, source)
    await connection.execute(_SUPERSEDE_PARTS, source)


_READ = "SELECT generation, position, digest, epoch FROM views.checkpoints WHERE source = $1"

_TAKE = """
INSERT INTO views.checkpoints (source, epoch) VALUES ($1, 1)
ON CONFLICT (source) DO UPDATE SET epoch = checkpoints.epoch + 1
RETURNING generation, position, digest, epoch
"""

_SAVE = """
moved AS (
    UPDATE views.checkpoints SET generation = $2, position = $3, digest = $4
    WHERE source = $1 AND generation = $5 AND position = $6 AND epoch = $7
    RETURNING 1
)
"""

_READ_PARTS = """
SELECT partition, next_offset, generation, position, digest, epoch FROM views.marks
WHERE source = $1 AND topic = $2 ORDER BY partition
"""

_TAKE_PARTS = """
INSERT INTO views.marks (source, topic, partition, epoch)
SELECT $1, $2, p.partition, 1 FROM unnest($3::integer[]) AS p(partition)
ON CONFLICT (source, topic, partition) DO UPDATE SET epoch = marks.epoch + 1
RETURNING partition, next_offset, generation, position, digest, epoch
"""

_SAVE_PARTS = """
marked AS (
    UPDATE views.marks m
    SET next_offset = n.next_offset, generation = n.generation, position = n.position, digest = n.digest
    FROM unnest($3::integer[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bytea[], $8::bigint[], $9::bigint[],
        $10::bigint[], $11::bigint[])
        AS n(partition, next_offset, generation, position, digest, old_offset, old_generation, old_position, epoch)
    WHERE m.source = $1 AND m.topic = $2 AND m.partition = n.partition AND m.next_offset = n.old_offset
        AND m.generation = n.old_generation AND m.position = n.old_position AND m.epoch = n.epoch
    RETURNING 1
), moved AS (SELECT 1 FROM marked HAVING count(*) = cardinality($3::integer[]))
"""

_SUPERSEDE = "UPDATE views.checkpoints SET epoch = epoch + 1 WHERE $1::text IS NULL OR source = $1"

_LOCK_PARTS = """
SELECT FROM views.marks WHERE $1::text IS NULL OR source = $1 ORDER BY source, topic, partition FOR UPDATE
"""

_SUPERSEDE_PARTS = "UPDATE views.marks SET epoch = epoch + 1 WHERE $1::text IS NULL OR source = $1"
