"""How far each source was heard: saved with what it brought, waited for by readers."""

import asyncio
from bisect import bisect_left, insort
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from itertools import count, takewhile
from typing import Any

from eventlog.entry import Entry
from eventlog.errors import Behind, NoSuchPlace
from eventlog.events import Place, Position
from eventlog.marks import NOWHERE, Mark, MarkTable
from eventlog.writing import Statement, renumbered


def saved(table: MarkTable, old: Sequence[Mark], new: Sequence[Mark], done: Sequence[Entry], *, own: bool) -> Statement:
    """Move marks on from `old`, with the ledger rows (of others' facts) and heads that belong to it: the CTEs that
    `eventlog.writing.commit` wants first.

    From exactly the value that was read, in the epoch of the assignment: comparing places alone would let a zombie,
    whose batch another one has had already, count twice. `moved` is empty then and nothing is committed."""
    moved = table.saved(old, new)
    ledger = [] if own else [_ledger_row(entry) for entry in done]
    newest = {entry.stream: (entry.event.version, entry.digest) for entry in done}
    heads = sorted((*stream, *head) for stream, head in newest.items())
    brought = (table.source, *_columns(ledger, 6), *_columns(heads, 4))
    return Statement(_with_brought(moved.sql, len(moved.arrays)), (*moved.arrays, *brought))


def _ledger_row(entry: Entry) -> tuple[Any, ...]:
    event = entry.event
    return event.tenant, event.stream, event.version, entry.digest, event.generation, event.position


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


@lru_cache
def _with_brought(moved: str, arguments: int) -> str:
    return f"{moved}, {renumbered(_BROUGHT, arguments)}"


async def heard(connection: Any, source: str) -> Place:
    """How far a source was heard completely, as it stands; nowhere while the views show what a restore took back."""
    row = await connection.fetchrow(_HEARD, source)
    return Place(*row) if row else NOWHERE


async def all_heard(connection: Any) -> dict[str, Place]:
    """The same of every source that was heard at all."""
    rows = await connection.fetch(_ALL_HEARD)
    return {row["source"]: Place(row["generation"], Position(row["position"])) for row in rows}


async def heard_completely(connection: Any, source: str, place: Place) -> Place:
    """Note that a source was heard completely up to a place, if that is further than what stands there: how far it is
    now. For a source whose marks stand elsewhere."""
    return Place(*await connection.fetchrow(_FURTHER, source, place.generation, place.position))


class Waiters:
    """Readers that wait until a source was heard up to a place."""

    def __init__(self) -> None:
        self.place = NOWHERE
        self._doubtful = False
        #: By place, and among those of one place in the order in which they came.
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
        for wanted, _, future in takewhile(lambda waiting: waiting[0] <= place, self._waiting):
            if future.done():
                continue
            if wanted.generation == place.generation:
                future.set_result(None)
            else:
                future.set_exception(NoSuchPlace(f"{wanted} was not heard before the log was restored, and is gone"))

    async def wait(self, place: Place) -> None:
        """Return once a place was heard. Raises `NoSuchPlace` for one that a restore took back. However it ends, who
        waited is forgotten: a source that hears nothing for hours would else remember everybody who gave up."""
        if self.has(place):
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = (place, next(self._order), future)
        insort(self._waiting, waiting)
        try:
            await future
        finally:
            del self._waiting[bisect_left(self._waiting, waiting)]


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


_BROUGHT = """
ledgered AS (
    INSERT INTO views.ledger (department, tenant, stream, version, digest, generation, position)
    SELECT $1, l.* FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bytea[], $6::bigint[], $7::bigint[]) AS l
), headed AS (
    INSERT INTO views.heads AS h (department, tenant, stream, version, digest)
    SELECT $1, n.* FROM unnest($8::text[], $9::text[], $10::bigint[], $11::bytea[]) AS n
    ON CONFLICT (tenant, stream) DO UPDATE SET version = EXCLUDED.version, digest = EXCLUDED.digest
)
"""

_ALL_HEARD = """
SELECT source, generation, position FROM views.checkpoints c
WHERE NOT EXISTS (SELECT FROM views.forks f WHERE f.source = c.source AND NOT f.rebuilt)
"""
_HEARD = f"SELECT generation, position FROM ({_ALL_HEARD}) AS h WHERE source = $1"

_FURTHER = """
INSERT INTO views.checkpoints AS c (source, generation, position) VALUES ($1, $2, $3)
ON CONFLICT (source) DO UPDATE SET (generation, position, digest) = (
    SELECT v.* FROM (VALUES (c.generation, c.position, c.digest), (EXCLUDED.generation, EXCLUDED.position, NULL))
        AS v(generation, position, digest)
    ORDER BY v.generation DESC, v.position DESC LIMIT 1
)
RETURNING generation, position
"""
