"""How far each source was heard: saved with what it brought, waited for by readers."""

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from eventlog.errors import Behind, LogError, NoSuchPlace
from eventlog.events import Place, Position
from eventlog.writing import Statement


class Superseded(LogError):
    """Somebody else moved this checkpoint, or took the assignment: drop what was computed, read it again."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A row of `views.checkpoints`, as it was read: the next save is from exactly this value."""

    source: str
    place: Place
    digest: bytes | None
    epoch: int


NOWHERE = Place(0, Position(0))

#: The epoch of an assignment that was not taken yet.
NOT_TAKEN = -1


async def take(connection: Any, source: str) -> Checkpoint:
    """Take the assignment of a source: from now on a save of whoever had it before changes no row."""
    return _checkpoint(source, await connection.fetchrow(_TAKE, source))


async def read(connection: Any, source: str) -> Checkpoint | None:
    """The checkpoint as it stands."""
    row = await connection.fetchrow(_READ, source)
    return None if row is None else _checkpoint(source, row)


def _checkpoint(source: str, row: Any) -> Checkpoint:
    return Checkpoint(source, Place(row["generation"], Position(row["position"])), row["digest"], row["epoch"])


def saved(
    old: Checkpoint, place: Place, digest: bytes | None, ledger: Sequence[Sequence[Any]], heads: Sequence[Sequence[Any]]
) -> tuple[Checkpoint, Statement]:
    """Move a checkpoint on from `old`, with the ledger rows and heads that belong to it: the checkpoint as it will be
    and the CTEs that `eventlog.writing.commit` wants first.

    From exactly the value that was read, in the epoch of the assignment: comparing positions alone would let a
    zombie, whose batch another one has had already, count twice. `moved` is empty then and nothing is committed."""
    arguments = (old.source, old.place.generation, old.place.position, old.epoch, place.generation, place.position)
    return Checkpoint(old.source, place, digest, old.epoch), Statement(_SAVE, (*arguments, digest, *ledger, *heads))


class Waiters:
    """Readers that wait until a source was heard up to a place."""

    def __init__(self) -> None:
        self.place = NOWHERE
        self._doubtful = False
        self._waiting: list[tuple[Place, int, asyncio.Future[None]]] = []
        self._order = count()

    def doubt(self) -> None:
        """Nobody is told that a place was heard until it is `reached` again."""
        self._doubtful = True

    def has(self, place: Place) -> bool:
        """Whether a place of this generation was heard for certain."""
        return not self._doubtful and place <= self.place

    def reached(self, place: Place) -> None:
        self.place, self._doubtful = place, False
        while self._waiting and self._waiting[0][0] <= place:
            _, _, future = heapq.heappop(self._waiting)
            if not future.done():
                future.set_result(None)

    def wait(self, place: Place) -> "asyncio.Future[None]":
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.has(place):
            future.set_result(None)
            return future
        heapq.heappush(self._waiting, (place, next(self._order), future))
        return future


async def wait_until_heard(
    source: str, heard: Waiters, head: Callable[[], Awaitable[Place]], place: Place, timeout_s: float
) -> None:
    """Return once a source was heard up to a place. Raises `NoSuchPlace` at once for a place that its log, whose end
    `head` tells, does not have; `Behind` after `timeout_s`."""
    if heard.place.generation == place.generation and heard.has(place):
        return
    try:
        async with asyncio.timeout(timeout_s):
            refuse_unknown(source, place, await head())
            if place.position:
                await heard.wait(place)
    except TimeoutError:
        raise Behind(f"{source} was heard up to {heard.place}, not yet to {place}") from None


def refuse_unknown(source: str, place: Place, head: Place) -> None:
    """Raises `NoSuchPlace` for a place that a log which ends at `head` does not have."""
    if place.generation != head.generation:
        raise NoSuchPlace(f"{place} is of another generation of the log of {source}, which is at {head}")
    if place > head:
        raise NoSuchPlace(f"{place} is beyond the end of the log of {source}, which is at {head}")


_READ = "SELECT generation, position, digest, epoch FROM views.checkpoints WHERE source = $1"

_TAKE = """
INSERT INTO views.checkpoints (source, epoch) VALUES ($1, 1)
ON CONFLICT (source) DO UPDATE SET epoch = checkpoints.epoch + 1
RETURNING generation, position, digest, epoch
"""

_SAVE = """
moved AS (
    UPDATE views.checkpoints SET generation = $5, position = $6, digest = $7
    WHERE source = $1 AND generation = $2 AND position = $3 AND epoch = $4
    RETURNING 1
), ledgered AS (
    INSERT INTO views.ledger (department, tenant, stream, version, digest, position)
    SELECT $1, l.* FROM unnest($8::text[], $9::text[], $10::bigint[], $11::bytea[], $12::bigint[]) AS l
), headed AS (
    INSERT INTO views.heads AS h (department, tenant, stream, version, digest)
    SELECT $1, n.* FROM unnest($13::text[], $14::text[], $15::bigint[], $16::bytea[]) AS n
    ON CONFLICT (tenant, stream) DO UPDATE SET version = EXCLUDED.version, digest = EXCLUDED.digest
)
"""
