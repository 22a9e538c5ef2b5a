"""In which generation of its log a department hears a source, and what is not told in it any more."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from eventlog.entry import Entry
from eventlog.errors import NotSafe
from eventlog.feed import Feed
from eventlog.marks import Superseded
from eventlog.rebuild import RebuildFailed
from eventlog.restored import KnownForks, Renew, Restored, known_forks

#: How often it is tried to compute views anew that show what was lost.
RENEWALS_MAX = 10


class Generations:
    """Of one source. `read` what is known whenever the source is taken, `catch_up` before it is heard."""

    def __init__(self, feed: Feed, restored: Restored, renew: Renew | None, log: logging.Logger) -> None:
        self._feed = feed
        self._restored = restored
        self._renew = renew
        self._log = log
        self._known = KnownForks()

    async def read(self, connection: Any) -> None:
        self._known = await known_forks(connection, self._feed.department)

    def refuse_another(self, generation: int) -> None:
        """Raises `Superseded` unless what is told is of the generation that is known."""
        if generation != self._known.generation:
            raise Superseded(f"{self._feed.department} is told in generation {generation} now")

    def refuse_later(self, generation: int) -> None:
        """Raises `Superseded` when what is read is of a later generation than is known."""
        if generation > self._known.generation:
            raise Superseded(f"the log of {self._feed.department} is in generation {generation} now")

    async def catch_up(self) -> bool:
        """Forget what a restore of the source took back; whether there was one. Raises `NotSafe` where there was
        another one, which nobody has said."""
        told = await self._feed.generation()
        if 0 < told < self._known.generation:
            raise NotSafe(
                f"the log of {self._feed.department} is in generation {told}, and was heard in"
                f" {self._known.generation}: it was restored again. Run `baton log restored {self._feed.department}`"
            )
        if told > self._known.generation:
            await self._restored.notice(told)
            return True
        return False

    async def renewed(self) -> bool:
        """Compute views anew that show what was lost; whether any did. Raises `RebuildFailed`, see `passes`."""
        return await self._restored.renew(self._renew)

    async def still_told(self, entries: list[Entry]) -> list[Entry]:
        """Without what was told before its log was restored, and is not in it any more. Raises `Superseded` at a fact
        of a generation that this department has to catch up with first."""
        newest = max((entry.event.generation for entry in entries), default=1)
        if newest > self._known.generation and await self._feed.generation() > self._known.generation:
            raise Superseded(f"facts of {self._feed.department} are of generation {newest} now")
        told = [entry for entry in entries if not self._known.lost(entry.event)]
        if len(told) < len(entries):
            passed = len(entries) - len(told)
            self._log.info("%d facts were told before the log was restored, and are passed over", passed)
        self._suspect(told)
        return told

    def _suspect(self, entries: Sequence[Entry]) -> None:
        """No digest covers the generation: what says another one than its position is of gets a digest that fits
        nothing, and goes the way of all that is spoiled."""
        for entry in entries:
            event = entry.event
            if not self._known.fits(event):
                self._log.error("ALARM %s, version %d, is told as %s", event.stream, event.version, event.place)
                entry.event = replace(event, digest=b"")


def passes(error: Exception, failures: int) -> bool:
    """Whether views that could not be computed anew may be the next time: another rebuild ends."""
    return isinstance(error, RebuildFailed) and failures < RENEWALS_MAX
