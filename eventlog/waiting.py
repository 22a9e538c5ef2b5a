"""What waits to be done: how many todos of each kind, since when, and what was said when the oldest was tried last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from eventlog.views import Views


@dataclass(frozen=True, slots=True)
class Waiting:
    """Todos of one kind whose time has come and that are not done. `since` is when the oldest was asked for, or was
    due; `reason` why it is not done yet, where it was tried."""

    kind: str
    count: int
    since: datetime
    reason: str


async def waiting(views: Views, now: datetime, tenant: str | None = None) -> Sequence[Waiting]:
    """By kind, the longest waiting first; of one tenant, or of all."""
    return [Waiting(*row) for row in await views.fetch(_WAITING, now, tenant)]


_WAITING = """
SELECT kind, count(*), min(since), (array_agg(last_error ORDER BY since, id))[1]
FROM (SELECT id, kind, last_error, greatest(created_at, due) AS since FROM views.todos
    WHERE $2::text IS NULL OR tenant = $2) AS asked
WHERE since <= $1
GROUP BY kind
ORDER BY 3, 1
"""
