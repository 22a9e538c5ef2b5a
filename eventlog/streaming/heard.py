"""Which positions of a log are in the rows: all up to one, and some behind it.

Several workers write, each what its partitions bring, in whatever order. Whoever holds the lock on a source's row may
say of a position that it is not in the rows yet, and put it there; so every fact goes into the rows once, whatever
Kafka, a rebalance or a worker that was taken for dead does.
"""

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

from eventlog.entry import FOLLOWS
from eventlog.errors import LogError
from eventlog.events import Place, Position
from eventlog.marks import Superseded
from eventlog.postgres.patience import limit_locks, lock_tables, patiently
from eventlog.rebuild import Rebuild
from eventlog.restored import KnownForks
from eventlog.views import Views

#: What is kept beside the rows, first what a worker locks before all else: who has it waits for no worker.
_TABLES = ("stream_heard", "stream_ahead", "stream_parked")

#: So many positions are taken over at once where a gap was closed.
_RUN_MAX = 10_000


_NEXT = "the next epoch"

_log = logging.getLogger("baton.stream")


class LaterGeneration(LogError):
    """The rows are of a generation of a log that this worker does not know of."""


class TakenBack(LogError):
    """What a restore of a log took back is in the rows."""


async def current_epoch(views: Views, tables: Sequence[str]) -> int:
    """The epoch that a worker starts in. Where the rows are the projector's, the first worker begins anew."""

    async def attempt() -> int:
        async with views.transaction() as connection:
            row = await connection.fetchrow("SELECT epoch, streamed FROM stream_epoch FOR UPDATE")
            return int(row["epoch"]) if row["streamed"] else await next_epoch(connection, tables)

    return await patiently(attempt, _NEXT, _log)


async def begin_anew(views: Views, tables: Sequence[str]) -> int:
    """Throw away all rows and start the next epoch, in which everything is heard from the first position again.
    Workers of the old one stop when they next look, or at their next batch."""

    async def attempt() -> int:
        async with views.transaction() as connection:
            return await next_epoch(connection, tables)

    return await patiently(attempt, _NEXT, _log)


async def begin_anew_after(views: Views, tables: Sequence[str], epoch: int) -> int:
    """As `begin_anew`, unless another worker has begun since this epoch; answers the one that is now."""

    async def attempt() -> int:
        async with views.transaction() as connection:
            now = int(await connection.fetchval("SELECT epoch FROM stream_epoch FOR UPDATE"))
            return now if now != epoch else await next_epoch(connection, tables)

    return await patiently(attempt, _NEXT, _log)


async def take_back(rebuild: Rebuild) -> bool:
    """The projector goes on with the rows: where workers made them meanwhile, they are computed anew first. Returns
    whether that was necessary. Raises `RebuildFailed`."""
    if not await rebuild.views.fetchval("SELECT streamed FROM stream_epoch"):
        return False
    await rebuild.run(compared=False)

    async def attempt() -> None:
        async with rebuild.views.transaction() as connection:
            await limit_locks(connection)
            await connection.execute("UPDATE stream_epoch SET streamed = false")
            await _empty(connection, _TABLES)

    await patiently(attempt, "the projector", _log)
    return True


async def next_epoch(connection: Any, tables: Sequence[str]) -> int:
    """`begin_anew` in a transaction, which has the tables to itself from then on. To be called `patiently`."""
    await limit_locks(connection)
    epoch = await connection.fetchval("UPDATE stream_epoch SET epoch = epoch + 1, streamed = true RETURNING epoch")
    await _empty(connection, (*_TABLES, *sorted(tables)))
    return int(epoch)


async def hold(connection: Any) -> None:
    """Workers stand still until the transaction ends: they lock a row of this table before they write any other."""
    await lock_tables(connection, _TABLES[:1], "SHARE ROW EXCLUSIVE")


async def _empty(connection: Any, tables: Sequence[str]) -> None:
    await lock_tables(connection, tables)
    for table in tables:
        await connection.execute(f'TRUNCATE "{table}"')


async def require_epoch(views: Views, epoch: int) -> None:
    """Raises `Superseded` when another epoch began."""
    _refuse_other(epoch, int(await views.fetchval("SELECT epoch FROM stream_epoch")))


def _refuse_other(epoch: int, now: int) -> None:
    if now != epoch:
        raise Superseded(f"the topologies began anew: epoch {now} follows {epoch}")


async def lock(connection: Any, source: str, known: KnownForks, epoch: int) -> Position:
    """Take the lock on a source for this transaction; answers up to where all of it is in the rows, which are then of
    the generation that is known. Raises `Superseded` when another epoch began; when the log was restored,
    `LaterGeneration` where another worker knows more of it, `TakenBack` where the rows have what it lost."""
    row = await connection.fetchrow(_LOCK, source, known.generation)
    _refuse_other(epoch, row["epoch"])
    if row["generation"] > known.generation:
        raise LaterGeneration(
            f"the rows of {source} are of generation {row['generation']}, and its log of {known.generation}: it was"
            f" restored again. Run `baton log restored {source}`"
        )
    if row["generation"] < known.generation:
        shared = min(fork.position for fork in known.forks if fork.generation > row["generation"])
        if await connection.fetchval(_BEHIND, source, shared):
            raise TakenBack(
                f"the log of {source} was restored to position {shared}, the rows have what stood behind it"
            )
        await connection.execute(_OF_GENERATION, source, known.generation)
    return Position(row["position"])


async def among(connection: Any, source: str, positions: Sequence[int], upto: Position) -> set[int]:
    """Those of the positions that are in the rows already."""
    behind = [position for position in positions if position > upto]
    rows = await connection.fetch(_AMONG, source, behind) if behind else ()
    return {*(position for position in positions if position <= upto), *(row["position"] for row in rows)}


async def add(connection: Any, source: str, upto: Position, positions: Sequence[int]) -> Position:
    """These positions are in the rows now; answers up to where all of it is."""
    reached, behind = int(upto), []
    for position in sorted(positions):
        if position == reached + 1:
            reached = position
        else:
            behind.append(position)
    if behind:
        await connection.execute(_PUT, source, behind)
    while True:
        moved = int(await connection.fetchval(_MOVE, source, reached, _RUN_MAX))
        if moved < reached + _RUN_MAX:
            return Position(moved)
        reached = moved


class Missing(NamedTuple):
    """The first position that is not in the rows, and the last that any worker has come to."""

    position: Position
    latest: Position


async def missing(views: Views, source: str, head: Place) -> Missing | None:
    """What is not in the rows of a log that ends at `head`; None when all is, or when the first such position is
    parked. What only came behind another parked one is not looked at: it was not examined, and may say any position."""
    row = await views.fetchrow(_MISSING, source, head.generation, head.position, FOLLOWS)
    return None if row is None else Missing(row["position"], row["latest"])


_LOCK = """
WITH made AS (
    INSERT INTO stream_heard AS h (source, generation, position) VALUES ($1, $2, 0)
    ON CONFLICT (source) DO UPDATE SET generation = h.generation
    RETURNING generation, position
)
SELECT made.*, epoch FROM made, stream_epoch
"""

_BEHIND = """
SELECT EXISTS (SELECT FROM stream_heard WHERE source = $1 AND position > $2)
    OR EXISTS (SELECT FROM stream_ahead WHERE source = $1 AND position > $2)
    OR EXISTS (SELECT FROM stream_parked WHERE source = $1 AND position > $2)
"""

_OF_GENERATION = "UPDATE stream_heard SET generation = $2 WHERE source = $1"

_AMONG = "SELECT position FROM stream_ahead WHERE source = $1 AND position = ANY($2::bigint[])"

_PUT = "INSERT INTO stream_ahead (source, position) SELECT $1, unnest($2::bigint[]) ON CONFLICT DO NOTHING"

# Rows that follow each other keep the same distance to their number.
_MOVE = """
WITH run AS (
    SELECT position FROM (
        SELECT position, position - row_number() OVER (ORDER BY position) AS distance
        FROM stream_ahead WHERE source = $1 AND position > $2::bigint
        ORDER BY position LIMIT $3
    ) AS each
    WHERE distance = $2::bigint
), gone AS (
    DELETE FROM stream_ahead a USING run WHERE a.source = $1 AND a.position = run.position RETURNING 1
)
UPDATE stream_heard SET position = $2::bigint + (SELECT count(*) FROM gone) WHERE source = $1 RETURNING position
"""

_MISSING = """
SELECT h.position + 1 AS position,
    coalesce((SELECT max(a.position) FROM stream_ahead a WHERE a.source = h.source), h.position + 1) AS latest
FROM stream_heard h
WHERE h.source = $1 AND h.generation = $2 AND h.position < $3
    AND NOT EXISTS (
        SELECT FROM stream_parked p WHERE p.source = h.source AND p.position = h.position + 1 AND p.kind <> $4
    )
"""
