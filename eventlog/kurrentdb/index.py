"""The index of a log that KurrentDB keeps, in the department's own database: a projection of the log, nothing more."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg

from eventlog.errors import NotSafe
from eventlog.events import Fork, Position, StreamKey
from eventlog.kurrentdb.known import Head, Row
from eventlog.kurrentdb.stream import Away
from eventlog.plan import NO_EVENTS, StreamHead
from eventlog.postgres.migrations import brought_up
from eventlog.postgres.session import STATEMENT_TIMEOUT_S, Connection, Pool, connect_writer, reader_pool
from eventlog.trouble import is_infrastructure

POOL_SIZE_MAX = 4
TURN_S = 0.3
SCHEMA = "log_index"

T = TypeVar("T")

_MIGRATIONS = Path(__file__).with_name("index_sql")

# Each look-up also reads how far the index was at that very moment: one statement, one snapshot.
_COMMANDS = """
SELECT l.revision AS covered, c.* FROM log_index.log l
LEFT JOIN LATERAL (
    SELECT k.tenant, k.id, c.revision FROM unnest($1::text[], $2::uuid[]) AS k(tenant, id)
    JOIN log_index.commands c ON c.tenant = k.tenant AND c.id = k.id
) c ON true
"""
_HEADS = """
SELECT l.revision AS covered, h.* FROM log_index.log l
LEFT JOIN LATERAL (
    SELECT k.tenant, k.stream, f.version, f.digest FROM unnest($1::text[], $2::text[]) AS k(tenant, stream)
    CROSS JOIN LATERAL (
        SELECT version, digest FROM log_index.facts f
        WHERE f.tenant = k.tenant AND f.stream = k.stream
        ORDER BY f.version DESC LIMIT 1
    ) f
) h ON true
"""
_VERSIONS = """
SELECT l.revision AS covered, f.version, f.revision FROM log_index.log l
LEFT JOIN LATERAL (
    SELECT version, revision FROM log_index.facts
    WHERE tenant = $1 AND stream = $2 AND version > $3
    ORDER BY version {order} LIMIT $4
) f ON true
"""
_SKIPPED = """
SELECT l.revision AS covered, s.skipped FROM log_index.log l
LEFT JOIN LATERAL (
    SELECT skipped FROM log_index.skips WHERE position < $1 ORDER BY position DESC, skipped DESC LIMIT 1
) s ON true
"""
_FORKS = (
    "SELECT l.revision AS covered, f.generation, f.position FROM log_index.log l LEFT JOIN log_index.forks f ON true"
)
_CHECKPOINT = "SELECT generation, position, recorded_at, revision, record FROM log_index.log"
_STANDS = """
SELECT revision, record, asked_by, extract(epoch FROM asked_until - clock_timestamp())::float8 AS asked_s
FROM log_index.log FOR UPDATE
"""
_ASK = """
UPDATE log_index.log SET asked_by = $1, asked_until = clock_timestamp() + make_interval(secs => $2)
WHERE asked_by = $1 OR asked_until < clock_timestamp()
"""
_MOVE = "UPDATE log_index.log SET generation = $1, position = $2, recorded_at = $3, revision = $4, record = $5"
_START = "INSERT INTO log_index.log (department) VALUES ($1) ON CONFLICT DO NOTHING"
_CLEAR = """
TRUNCATE log_index.facts, log_index.commands, log_index.skips, log_index.forks;
UPDATE log_index.log SET generation = 1, position = 0, recorded_at = 'epoch', revision = -1, record = NULL;
"""


class Index:
    """Every method raises `Away` when the database is out of reach. A look-up says with `covers` up to which revision
    the index must be complete, and raises `NotSafe` if it is not any more: somebody has put back an older database."""

    def __init__(self, dsn: str, pool: Pool) -> None:
        self._dsn = dsn
        self._pool = pool
        self._id = uuid4()
        self._alone = asyncio.Lock()
        self._connection: asyncpg.Connection[Any] | None = None

    @classmethod
    async def open(cls, dsn: str, department: str, *, migrate: bool = True) -> "Index":
        """Bring the database to this program's schema (`migrate`; else it must be there). Raises `NotSafe` when this is
        another department's index."""
        index = cls(dsn, await reader_pool(dsn, POOL_SIZE_MAX))
        try:
            await index._writing(lambda connection: _prepare(connection, department, migrate=migrate))
        except BaseException:
            await index.close()
            raise
        return index

    async def close(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
        self._pool.terminate()

    async def checkpoint(self) -> Head:
        """The last record that the index has."""
        (row,) = await self._fetch(_CHECKPOINT)
        return Head(*row)

    async def commands(self, keys: Iterable[tuple[str, UUID]], covers: int) -> Mapping[tuple[str, UUID], int]:
        """The revisions of the records of these commands, of those that have one."""
        tenants, ids = zip(*keys, strict=True)
        rows = await self._look_up(_COMMANDS, covers, tenants, ids)
        return {(row["tenant"], row["id"]): row[3] for row in rows if row["id"] is not None}

    async def heads(self, keys: Iterable[StreamKey], covers: int) -> Mapping[StreamKey, StreamHead]:
        """The last event of each of these streams."""
        found = dict.fromkeys(keys, NO_EVENTS)
        tenants, streams = zip(*found, strict=True)
        for row in await self._look_up(_HEADS, covers, tenants, streams):
            if row["version"] is not None:
                found[row["tenant"], row["stream"]] = StreamHead(row["version"], row["digest"])
        return found

    async def versions(
        self, key: StreamKey, after: int, limit: int | None, backwards: bool, covers: int
    ) -> Mapping[int, int]:
        """The revisions of a stream's events by their versions."""
        sql = _VERSIONS.format(order="DESC" if backwards else "ASC")
        rows = await self._look_up(sql, covers, *key, after, limit)
        return {row["version"]: row[2] for row in rows if row["version"] is not None}

    async def skipped_before(self, position: int, covers: int) -> int:
        """How many records before that of a position are no facts."""
        (row,) = await self._look_up(_SKIPPED, covers, position)
        return row["skipped"] or 0

    async def forks(self, covers: int) -> Sequence[Fork]:
        """Where the log's generations began."""
        rows = await self._look_up(_FORKS, covers)
        return [Fork(row["generation"], Position(row["position"])) for row in rows if row["generation"] is not None]

    async def save(self, rows: Sequence[Row]) -> float:
        """Take these rows, which follow each other, unless another process has saved them already. Answers for how many
        seconds another process has asked to be let go first."""
        stands = await self._writing(lambda connection: _save(connection, rows))
        return 0.0 if stands["asked_by"] == self._id else max(0.0, stands["asked_s"])

    async def ask_for_a_turn(self) -> None:
        """Ask the other processes to write nothing for a moment."""
        await self._writing(lambda connection: connection.execute(_ASK, self._id, TURN_S))

    async def clear(self, seen: Head) -> None:
        """Begin anew, unless another process has done so since the index ended with the record `seen`."""
        await self._writing(lambda connection: _clear(connection, seen))

    async def _look_up(self, sql: str, covers: int, *arguments: Any) -> Sequence[asyncpg.Record]:
        rows = await self._fetch(sql, *arguments)
        if rows[0]["covered"] < covers:
            raise NotSafe(
                f"the index of the log went back from record {covers} to {rows[0]['covered']}: the database was"
                " restored while Baton ran; start every process of this department again"
            )
        return rows

    async def _fetch(self, sql: str, *arguments: Any) -> Sequence[asyncpg.Record]:
        try:
            return await self._pool.fetch(sql, *arguments)
        except Exception as error:
            if not is_infrastructure(error):
                raise
            raise Away(f"the index: {type(error).__name__} {error}") from error

    async def _writing(self, work: Callable[[Connection], Coroutine[Any, Any, T]]) -> T:
        """Do something in the one session that writes."""
        try:
            async with self._alone, asyncio.timeout(STATEMENT_TIMEOUT_S):
                if self._connection is None or self._connection.is_closed():
                    self._connection = await connect_writer(self._dsn)
                return await work(self._connection)
        except Exception as error:
            if not is_infrastructure(error):
                raise
            if self._connection is not None:
                self._connection.terminate()
            self._connection = None
            raise Away(f"the index: {type(error).__name__} {error}") from error


async def _prepare(connection: Connection, department: str, *, migrate: bool) -> None:
    await brought_up(connection, SCHEMA, _MIGRATIONS, migrate=migrate)
    if migrate:
        await connection.execute(_START, department)
    found = await connection.fetchval("SELECT department FROM log_index.log")
    if found != department:
        raise NotSafe(f"this is the index of the log of {found}, not of {department}")


async def _save(connection: Connection, rows: Sequence[Row]) -> Any:
    async with connection.transaction():
        # The row's lock, before the look: who waits here sees what the holder committed, and passes over it.
        stands = await connection.fetchrow(_STANDS)
        if stands is None or stands["revision"] + 1 < rows[0].revision:
            raise NotSafe("the index of the log went back: the database was restored while Baton ran")
        _refuse_another_log(stands, rows)
        missing = [row for row in rows if row.revision > stands["revision"]]
        if missing:
            await _insert(connection, missing)
            last = missing[-1]
            await connection.execute(_MOVE, *last.head)
    return stands


async def _clear(connection: Connection, seen: Head) -> None:
    async with connection.transaction():
        stands = await connection.fetchrow(_STANDS)
        if stands is not None and stands["record"] == seen.id:
            await connection.execute(_CLEAR)


def _refuse_another_log(stands: asyncpg.Record, rows: Sequence[Row]) -> None:
    for row in rows:
        if row.revision == stands["revision"] and row.head.id != stands["record"]:
            raise NotSafe(f"record {row.revision} is another one in the index: two logs are kept in one database")


async def _insert(connection: Connection, rows: Sequence[Row]) -> None:
    facts = [(*row.stream, row.version, row.revision, row.digest) for row in rows if row.stream]
    commands = [(*row.command, row.revision) for row in rows if row.command]
    skips = [(row.position, row.skipped) for row in rows if not row.stream]
    forks = [(row.fork.generation, row.fork.position) for row in rows if row.fork]
    for table, columns, records in (
        ("facts", ("tenant", "stream", "version", "revision", "digest"), facts),
        ("commands", ("tenant", "id", "revision"), commands),
        ("skips", ("position", "skipped"), skips),
        ("forks", ("generation", "position"), forks),
    ):
        if records:
            await connection.copy_records_to_table(table, schema_name=SCHEMA, columns=columns, records=records)
