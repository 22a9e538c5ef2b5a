"""Read models whose tables a release changed are computed anew from the logs before anything is asked of them.

`schema.sql` makes what is not there and leaves what is, so a table of an earlier release would stay as it was. What
tables are for is in the logs; so nothing is altered in place: `Rebuild` makes them as they are now and swaps.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from eventlog import release
from eventlog.rebuild import Rebuild
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
    """Make the tables of a department's `schema.sql`. Where there are some, and other ones, rebuild them all first; of
    those that others fill than its projections, the ones of another shape are made anew, empty, and `made_anew` lets
    these others begin again. Returns whether that was necessary. Raises `RebuildFailed`."""
    views, digest = rebuild.views, release.digest(rebuild.ddl)
    if await release.remembered(views) == digest:
        return False
    async with _alone(views):
        if await release.remembered(views) == digest:
            return False
        outdated = await _outdated(views, rebuild.ddl)
        if outdated:
            log = logging.getLogger(f"baton.rebuild.{rebuild.department}")
            log.warning("views are of another release (%s): computed anew from the logs", ", ".join(outdated))
            await rebuild.run(compared=False, reshaped=True)
        others = [table for table in outdated if table not in rebuild.tables]
        async with views.transaction() as connection:
            for table in others:
                await connection.execute(f'DROP TABLE {SCHEMA}."{table}"')
            await connection.execute(rebuild.ddl)
            if others:
                await made_anew(connection)
            await release.remember(connection, digest)
    return bool(outdated)


@asynccontextmanager
async def _alone(views: Views) -> AsyncIterator[None]:
    async with views.pool.acquire() as connection:
        await connection.execute(f"SELECT pg_advisory_lock({_LOCK})")
        try:
            yield
        finally:
            await connection.execute(f"SELECT pg_advisory_unlock({_LOCK})")


async def _outdated(views: Views, ddl: str) -> list[str]:
    """The tables that are not as `ddl` makes them; none where there are no tables at all yet. What is missing beside
    tables of an earlier release is made, empty, so that there is something to swap."""
    async with views.transaction() as connection:
        await connection.execute(f"DROP SCHEMA IF EXISTS {WANTED} CASCADE; CREATE SCHEMA {WANTED}")
        await connection.execute(f"SET LOCAL search_path = {WANTED}")
        await connection.execute(ddl)
        wanted = await _shapes(connection, WANTED)
        found = await _shapes(connection, SCHEMA)
        outdated = sorted(table for table, shape in wanted.items() if found.get(table) != shape)
        there = wanted.keys() & found.keys()
        if there:
            for table in wanted.keys() - there:
                await connection.execute(f'CREATE TABLE {SCHEMA}."{table}" (LIKE {WANTED}."{table}" INCLUDING ALL)')
        await connection.execute(f"DROP SCHEMA {WANTED} CASCADE")
    return outdated if there else []


async def _shapes(connection: Any, schema: str) -> dict[str, list[str]]:
    return {row["table"]: row["shape"] for row in await connection.fetch(_SHAPES, schema)}


#: Columns in the order of their names, since that of a table says nothing, and the primary key.
_SHAPES = """
SELECT c.relname AS table, array_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
    a.attgenerated, pg_get_expr(d.adbin, d.adrelid), array_position(i.indkey::int2[], a.attnum)) ORDER BY a.attname)
    AS shape
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE n.nspname = $1 AND c.relkind = 'r'
GROUP BY c.relname
"""
