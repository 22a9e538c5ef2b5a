"""Reads of a log: pages of it, streams, heads, stored answers."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

import asyncpg

from eventlog.errors import CommandReused
from eventlog.events import Event, Fork, Place, Position, Version, generation_at
from eventlog.postgres.session import ENDED, Pool, reader_pool
from eventlog.postgres.writer import stored_answer
from eventlog.reading import READ_TIMEOUT_S, read_again
from eventlog.store import PAGE_BYTES, Appended, Command, Filter, Page, bounded
from eventlog.trouble import is_infrastructure

POOL_SIZE_MAX = 4
PAGE_LIMIT_MAX = 10_000

_COLUMNS = "position, tenant, stream, version, id, type, schema, recorded_at, metadata, data, digest"
_WIDTH = _COLUMNS.count(",") + 1

_FORKS = "(SELECT array_agg(ARRAY[generation, position] ORDER BY generation) FROM log.generations) AS forks"

# One statement, one snapshot: the head, the generations and the events of a page belong together. The join gives one
# row of the head alone when the page is empty. Lengths are known without fetching what is stored out of line.
_PAGE = f"""
SELECT e.*, h.position AS head, h.generation, {_FORKS}
FROM log.head() h
LEFT JOIN LATERAL (
    SELECT {_COLUMNS} FROM (
        SELECT {_COLUMNS}, sum(octet_length(data) + octet_length(metadata))
            OVER (ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before
        FROM log.events
        WHERE position > $1 AND position <= $1 + $2 {{condition}}
    ) found
    WHERE coalesce(bytes_before, 0) < {PAGE_BYTES}
    ORDER BY position
) e ON true
"""

_STREAM = f"""
SELECT {_COLUMNS}, (SELECT generation FROM log.log), {_FORKS} FROM log.events
WHERE tenant = $1 AND stream = $2 AND version > $3
ORDER BY version {{order}} LIMIT $4
"""

_HEAD = "SELECT generation, position FROM log.head()"
_VERSION = "SELECT version FROM log.events WHERE tenant = $1 AND stream = $2 ORDER BY version DESC LIMIT 1"
_ANSWERED_TO = "SELECT coalesce(max(last_position), 0) AS position FROM log.commands"
_ANSWER = """
SELECT hmac, (SELECT generation FROM log.log), first_position, last_position, versions, outcome, recorded_at
FROM log.commands
WHERE tenant = $1 AND id = $2
"""


class Reader:
    """Reads with a few sessions of its own. Trouble of the connection is waited for until a deadline."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, dsn: str) -> "Reader":
        return cls(await reader_pool(dsn, POOL_SIZE_MAX))

    async def close(self) -> None:
        with suppress(*ENDED):
            await asyncio.wait_for(self._pool.close(), READ_TIMEOUT_S)

    async def page(self, after: Position, limit: int, only: Filter) -> Page:
        limit = min(limit, PAGE_LIMIT_MAX)
        condition, arguments = _narrowed(only)
        rows = await self._fetch(_PAGE.format(condition=condition), after, limit, *arguments)
        generation, head = rows[0]["generation"], rows[0]["head"]
        events: Sequence[Event] = [] if rows[0]["position"] is None else _events(rows)
        scanned = Position(max(after, min(after + limit, head)))
        if len(events) < scanned - after:
            events, scanned = bounded(events, scanned)
        return Page(generation, events, scanned, head)

    async def stream(self, tenant: str, stream: str, after: Version, limit: int | None, backwards: bool) -> list[Event]:
        sql = _STREAM.format(order="DESC" if backwards else "ASC")
        return _events(await self._fetch(sql, tenant, stream, after, limit))

    async def head(self) -> Place:
        (row,) = await self._fetch(_HEAD)
        return Place(row["generation"], Position(row["position"]))

    async def forks(self) -> list[Fork]:
        (row,) = await self._fetch(f"SELECT {_FORKS}")
        return _forks(row)

    async def answered_to(self) -> Position:
        (row,) = await self._fetch(_ANSWERED_TO)
        return Position(row["position"])

    async def stream_version(self, tenant: str, stream: str) -> Version:
        rows = await self._fetch(_VERSION, tenant, stream)
        return Version(rows[0]["version"] if rows else 0)

    async def answer(self, tenant: str, command: Command) -> Appended | CommandReused | None:
        rows = await self._fetch(_ANSWER, tenant, command.id)
        return stored_answer(rows[0], command) if rows else None

    async def _fetch(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        return await read_again(lambda _: self._pool.fetch(sql, *arguments), is_infrastructure)


def _events(rows: Sequence[asyncpg.Record]) -> list[Event]:
    """The events of rows that begin with `_COLUMNS`. A log that was never restored is of one generation."""
    if not rows:
        return []
    forks = _forks(rows[0])
    if not forks:
        return [Event(rows[0]["generation"], *row[:_WIDTH]) for row in rows]
    return [Event(generation_at(row["position"], forks), *row[:_WIDTH]) for row in rows]


def _forks(row: asyncpg.Record) -> list[Fork]:
    found: Iterable[tuple[int, int]] = row["forks"] or ()
    return [Fork(generation, Position(position)) for generation, position in found]


def _narrowed(only: Filter) -> tuple[str, list[Any]]:
    """The filter as SQL, with its arguments from $3 on."""
    conditions: list[str] = []
    arguments: list[Any] = []
    for condition, value in (
        ("tenant = $%d", only.tenant),
        ("stream = $%d", only.stream),
        ("type = ANY($%d)", list(only.types) or None),
    ):
        if value is not None:
            arguments.append(value)
            conditions.append(" AND " + condition % (len(arguments) + 2))
    return "".join(conditions), arguments
