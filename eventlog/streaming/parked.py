"""Streams that a department's topologies could not go on with, for whoever operates it.

Their facts wait in `stream_parked`, and a worker tries them again by itself. So whoever asks for another try, or
decides to go on without a fact, writes that down here, and a worker does it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from eventlog.events import Event, Version
from eventlog.feed import Feed
from eventlog.parked import Discarding, Stopped
from eventlog.views import Views

#: How long a worker is waited for, and how often it is looked what it did.
TRIED_S, LOOK_S = 8.0, 0.1


class StreamsParked:
    """What `baton parked` does for topologies. `owners` are the logs of what they hear, by department."""

    def __init__(self, views: Views, owners: Mapping[str, Feed], tried_s: float = TRIED_S) -> None:
        self._views = views
        self._owners = owners
        self._tried_s = tried_s

    async def list(self, tenant: str | None = None) -> Sequence[Stopped]:
        """Every parked stream (of one tenant), by name."""
        return [Stopped(**row) for row in await self._views.fetch(_LIST, tenant)]

    async def show(self, tenant: str, stream: str) -> Sequence[tuple[Event, str, str]]:
        """The parked events of a stream, as their owner's log has them, each with the kind and reason of its parking.
        Raises what the owner's log raises."""
        rows = {row["version"]: row for row in await self._views.fetch(_SHOW, tenant, stream)}
        if not rows:
            return []
        owner = self._owners[next(iter(rows.values()))["source"]]
        events = await owner.refetch(tenant, stream, Version(min(rows) - 1), Version(max(rows)))
        parked = [(event, rows[event.version]) for event in events if event.version in rows]
        return [(event, row["kind"], row["reason"]) for event, row in parked]

    async def retry(self, tenant: str, stream: str) -> bool:
        """Let a worker try the stream's events again now; True when none remains parked."""
        await self._views.execute(_ASK, tenant, stream)
        return await self._tried(tenant, stream)

    async def discard(self, what: Discarding) -> bool:
        """Let the topologies go on without an event, where it is the first of its stream that is parked. True when
        nothing of the stream remains parked."""
        shown = await self.show(what.tenant, what.stream)
        if not shown or shown[0][0].version != what.version:
            return not shown
        event = shown[0][0]
        await what.record(event)
        named = (what.tenant, what.stream)
        async with self._views.transaction() as connection:
            await connection.execute(_DISCARD, *named, what.version, what.reason, what.now, event.digest)
            await connection.execute(_ASK, *named)
        return await self._tried(*named)

    async def _tried(self, tenant: str, stream: str) -> bool:
        """Wait until a worker has tried everything that was asked for, as long as that may take."""
        deadline = asyncio.get_running_loop().time() + self._tried_s
        while True:
            row: Any = await self._views.fetchrow(_ASKED, tenant, stream)
            if row["asked"] is None:
                return True
            if not row["asked"] or asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(LOOK_S)


_LIST = """
SELECT DISTINCT ON (tenant, stream) source, tenant, stream, version, type, kind, reason, parked_at,
    count(*) OVER (PARTITION BY tenant, stream) AS events
FROM stream_parked WHERE $1::text IS NULL OR tenant = $1 ORDER BY tenant, stream, version
"""

_SHOW = "SELECT version, source, kind, reason FROM stream_parked WHERE tenant = $1 AND stream = $2 ORDER BY version"

_ASK = "UPDATE stream_parked SET asked = true WHERE tenant = $1 AND stream = $2"

_ASKED = "SELECT bool_or(asked) AS asked FROM stream_parked WHERE tenant = $1 AND stream = $2"

_DISCARD = """
INSERT INTO stream_discarded (tenant, stream, version, source, type, reason, discarded_at, digest)
SELECT tenant, stream, version, source, type, $4, $5, $6 FROM stream_parked
WHERE tenant = $1 AND stream = $2 AND version = $3
ON CONFLICT (tenant, stream, version) DO UPDATE SET type = EXCLUDED.type, reason = EXCLUDED.reason,
    discarded_at = EXCLUDED.discarded_at, digest = EXCLUDED.digest
"""
