"""Read models whose tables a release changed are computed anew from the logs before anything is asked of them.

`schema.sql` makes what is not there and leaves what is, so a table of an earlier release would stay as it was. What
tables are for is in the logs; so no table is altered in place: `Rebuild` makes them as they are now and swaps. Only
secondary indexes are dropped and made again, where `schema.sql` has another definition under the same name.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple

from eventlog import marks, release
from eventlog.postgres.patience import limit_locks, lock_tables, patiently
from eventlog.rebuild import Rebuild
from eventlog.streaming import heard
from eventlog.views import SCHEMA, Views

#: Where the tables are made as they should be, to be looked at; gone when the look is over.
WANTED = "views_wanted"

#: One process at a time looks and rebuilds; the others find it done.
_LOCK = "hashtextextended('baton.shape', 0)"


#: Called with a transaction in which tables were made anew that the rebuild does not fill.
MadeAnew = Callable[[Any], Awaitable[None]]


async def nobody(connection: Any) -> None:
    """There are no others."""


async def bring_up_to_date(rebuild: Rebuild, made_anew: MadeAnew = nobody) -> bool:
    """Make the tables of a department's `schema.sql`. Where there are some, and other ones among those that its
    projections fill, rebuild all of these first; those that others fill are made anew, empty, where they are of another
    shape, and `made_anew` empties what belongs to them and lets these others begin again. Secondary indexes that are
    other ones are made anew. Returns whether tables had to be. Raises `RebuildFailed`, and what `patiently` raises:
    then nothing that was computed is computed again at the next call."""
    views, digest = rebuild.views, release.digest(rebuild.ddl)
    if await release.remembered(views) == digest:
        return False
    async with _alone(views):
        if await release.remembered(views) == digest:
            return False
        log = logging.getLogger(f"baton.rebuild.{rebuild.department}")
        outdated, indexes = await _differing(views, rebuild.ddl)
        if outdated:
            log.warning("views are of another release (%s): computed anew from the logs", ", ".join(outdated))
        fresh = set(outdated)
        if fresh & set(rebuild.tables):
            await rebuild.run(compared=False, reshaped=True)
            fresh |= set(rebuild.tables)
        stale = {index: table for index, table in indexes.items() if table not in fresh}
        await patiently(partial(_drop_indexes, views, stale), "a change of indexes", log)
        others = [table for table in outdated if table not in rebuild.tables]
        await patiently(partial(_define, rebuild, others, made_anew), "a change of tables", log)
    return bool(outdated)


async def _drop_indexes(views: Views, indexes: Mapping[str, str]) -> None:
    """By themselves: they are made again where readers go on."""
    async with views.transaction() as connection:
        await lock_tables(connection, sorted(set(indexes.values())))
        for index in indexes:
            await connection.execute(f'DROP INDEX {SCHEMA}."{index}"')


async def _define(rebuild: Rebuild, others: Sequence[str], made_anew: MadeAnew) -> None:
    """Nobody writes meanwhile: a writer would come to tables in an order of its own, and so does `schema.sql`, which
    locks those with an index even where that is there."""
    async with rebuild.views.transaction() as connection:
        await limit_locks(connection)
        await marks.hold(connection)
        if others:
            await made_anew(connection)
        else:
            await heard.hold(connection)
        for table in others:
            await connection.execute(f'DROP TABLE {SCHEMA}."{table}"')
        await connection.execute(rebuild.ddl)
        await release.remember(connection, release.digest(rebuild.ddl))


@asynccontextmanager
async def _alone(views: Views) -> AsyncIterator[None]:
    async with views.pool.acquire() as connection:
        await connection.execute(f"SELECT pg_advisory_lock({_LOCK})")
        try:
            yield
        finally:
            await connection.execute(f"SELECT pg_advisory_unlock({_LOCK})")


class _Differing(NamedTuple):
    """What is not as `schema.sql` makes it: tables, and by their names secondary indexes of tables."""

    tables: Sequence[str]
    indexes: Mapping[str, str]


async def _differing(views: Views, ddl: str) -> _Differing:
    """Nothing where there are no tables at all yet. What is missing beside tables of an earlier release is made to be
    swapped; it has no column, so it differs until that is done."""
    async with views.transaction() as connection:
        await connection.execute(f"DROP SCHEMA IF EXISTS {WANTED} CASCADE; CREATE SCHEMA {WANTED}")
        await connection.execute(f"SET LOCAL search_path = {WANTED}")
        await connection.execute(ddl)
        wanted, found = await _shapes(connection, WANTED), await _shapes(connection, SCHEMA)
        indexes = await _indexes(connection, WANTED), await _indexes(connection, SCHEMA)
        there = wanted.keys() & found.keys()
        if there:
            for table in wanted.keys() - there:
                await connection.execute(f'CREATE TABLE {SCHEMA}."{table}" ()')
        await connection.execute(f"DROP SCHEMA {WANTED} CASCADE")
    outdated = sorted(table for table, shape in wanted.items() if found.get(table) != shape) if there else []
    return _Differing(outdated, _stale(*indexes, wanted.keys()))


async def _shapes(connection: Any, schema: str) -> Mapping[str, Sequence[str]]:
    return {row["table"]: row["shape"] for row in await connection.fetch(_SHAPES, schema)}


class _Index(NamedTuple):
    table: str
    definition: str


async def _indexes(connection: Any, schema: str) -> Mapping[str, _Index]:
    rows = await connection.fetch(_INDEXES, schema)
    return {row["name"]: _Index(row["table"], row["definition"]) for row in rows}


def _stale(wanted: Mapping[str, _Index], found: Mapping[str, _Index], tables: Collection[str]) -> Mapping[str, str]:
    """Those that `schema.sql` leaves as they are, since their names are taken. One that it does not name may be an
    operator's."""
    return {
        name: index.table
        for name, index in found.items()
        if name in wanted and index != wanted[name] and index.table in tables
    }


#: Columns in the order of their names, since that of a table says nothing, each with its place in the primary key;
#: then unique indexes and checks, which rows may not keep to that were made without.
_SHAPES = """
SELECT c.relname AS table, ARRAY(
    SELECT concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated,
        pg_get_expr(d.adbin, d.adrelid), array_position(i.indkey::int2[], a.attnum))
    FROM pg_attribute a
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attname
) || ARRAY(
    SELECT replace(pg_get_indexdef(i.indexrelid), format(' ON %I.', n.nspname), ' ON ') AS definition
    FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND NOT i.indisprimary ORDER BY definition
) || ARRAY(
    SELECT pg_get_constraintdef(o.oid) AS definition
    FROM pg_constraint o WHERE o.conrelid = c.oid AND o.contype = 'c' ORDER BY definition
) AS shape
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind = 'r'
"""

_INDEXES = """
SELECT c.relname AS name, t.relname AS table,
    replace(pg_get_indexdef(i.indexrelid), format(' ON %I.', n.nspname), ' ON ') AS definition
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE n.nspname = $1 AND NOT i.indisunique
"""
