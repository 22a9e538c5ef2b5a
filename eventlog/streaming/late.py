"""Positions that stay away: Faust can lose a fact that no later one of its stream shows."""

import asyncio
from typing import Protocol

from eventlog.events import Position
from eventlog.streaming.heard import Missing


class Closing(Protocol):
    """Part of `Handling`."""

    async def missing(self, source: str) -> Missing | None: ...

    async def close_gap(self, source: str, position: Position, upto: Position) -> None: ...


class Late:
    """What is ahead of a missing position when it is first seen to be, says up to where all is late `late_s` seconds
    after. `alone` is held while rows are written."""

    def __init__(self, handling: Closing, alone: asyncio.Lock, late_s: float) -> None:
        self._handling = handling
        self._alone = alone
        self._late_s = late_s
        self._late: dict[str, tuple[float, Position]] = {}

    async def close_gaps(self, source: str) -> None:
        """Have everything read that is late by now, stream by stream."""
        while (late := await self._first_late(source)) is not None:
            async with self._alone:
                await self._handling.close_gap(source, *late)

    async def _first_late(self, source: str) -> tuple[Position, Position] | None:
        """The first position that is late, and up to where all that is missing is."""
        missing, now = await self._handling.missing(source), asyncio.get_running_loop().time()
        since, upto = self._late.get(source, (now, Position(0)))
        if missing is None or missing.position > upto:
            # What others were ahead of it by now, is late when it is.
            self._late[source] = (now, missing.latest if missing else Position(0))
            return None
        return (missing.position, upto) if now - since >= self._late_s else None
