"""When rows were committed. PostgreSQL says it afterwards (`track_commit_timestamp`); to look for them meanwhile would
cost as much as a projector, and be late by as much as one waits between two looks."""

import asyncio
from collections.abc import Mapping

import asyncpg

#: What was answered is heard within so long, also behind a kill.
HEARD_S = 120.0

#: Beside an id, of the row of table `t`; right as long as nothing changed the row again.
COMMITTED = "extract(epoch FROM pg_xact_commit_timestamp(t.xmin))::float8"


async def waits(pool: asyncpg.Pool, sql: str, answered: Mapping[str, float]) -> list[tuple[float, float]]:
    """Of each id: when it was answered (in seconds since 1970), and how many seconds later its row was committed.
    `sql` gives ids and `COMMITTED` of the rows of the ids $1. Raises `TimeoutError` when one does not come."""
    async with asyncio.timeout(HEARD_S):
        while True:
            heard: dict[str, float] = dict(await pool.fetch(sql, list(answered)))  # type: ignore[arg-type]
            if len(heard) == len(answered):
                return [(at, heard[id] - at) for id, at in answered.items()]
            await asyncio.sleep(1.0)
