"""Where what was heard of a log, and the log as it is now, part."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from eventlog.events import Event, Position


class Rows(Protocol):
    """What answers one row: a connection, or the views of a department."""

    async def fetchrow(self, sql: str, *args: Any) -> Any: ...


#: Whether the event at a position of the log, as it is now, has this digest.
Stands = Callable[[Position, bytes], Awaitable[bool]]


class Standing(Protocol):
    """A log of which single events are read."""

    async def at(self, position: Position) -> Event | None: ...


async def stands(log: Standing, position: Position, digest: bytes | None) -> bool:
    """Whether the event at a position of a log has this digest."""
    event = await log.at(position)
    return event is not None and event.digest == digest


@dataclass(slots=True)
class Parting:
    """The last ledgered position that both share, and the first that was lost; None: nothing was."""

    shared: Position = Position(0)
    lost: Position | None = None


async def parting(rows: Rows, source: str, stands: Stands) -> Parting:
    """Of what a department's ledger has of a source. Found by halving: up to the moment to which a log was restored
    both are the same, behind it nothing is."""
    newest = await rows.fetchrow(_NEWEST, source)
    if newest is None:
        return Parting()
    if await stands(newest["position"], newest["digest"]):
        return Parting(newest["position"])
    found = Parting(lost=newest["position"])
    low, high = 0, newest["position"]
    while low < high:
        middle = (low + high) // 2
        row = await rows.fetchrow(_FIRST, source, middle, high)
        if row is None:
            high = middle
        elif await stands(row["position"], row["digest"]):
            found.shared = row["position"]
            low = row["position"] + 1
        else:
            found.lost = high = row["position"]
    return found


_NEWEST = "SELECT position, digest FROM views.ledger WHERE department = $1 ORDER BY position DESC LIMIT 1"
_FIRST = """
SELECT position, digest FROM views.ledger WHERE department = $1 AND position >= $2 AND position < $3
ORDER BY position LIMIT 1
"""
