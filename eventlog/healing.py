"""Alarms heal by themselves where that is possible: what was spoiled on the way is read again from its owner's log.

An alarm was told and counted before. What the owner's log itself says otherwise stays parked, however often it is read.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping

from eventlog.events import StreamKey
from eventlog.marks import Superseded
from eventlog.source import Source
from eventlog.trouble import growing_s, is_infrastructure

#: How often it is looked whether there is an alarm; waits after a failed attempt are doubled each time.
LOOK_S = 0.2
RETRY_MIN_S, RETRY_MAX_S = 0.4, 300.0


class Healing:
    """Hears alarmed streams of a department again, each by itself."""

    def __init__(self, department: str, sources: Mapping[str, Source]) -> None:
        self._sources = sources
        self._failures: dict[tuple[str, StreamKey], int] = {}
        self._not_before: dict[tuple[str, StreamKey], float] = {}
        self._log = logging.getLogger(f"baton.healing.{department}")

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            for source, stream in list(self._due()):
                await self._heal(source, stream)

    def _due(self) -> Iterator[tuple[Source, StreamKey]]:
        now = asyncio.get_running_loop().time()
        for name, source in self._sources.items():
            for stream in source.alarmed():
                if self._not_before.get((name, stream), 0.0) <= now:
                    yield source, stream

    async def _heal(self, source: Source, stream: StreamKey) -> None:
        name = (source.feed.department, stream)
        try:
            if not await source.hears(stream):
                return
            healed = await source.set_right(stream)
        except Exception as error:
            if not (is_infrastructure(error) or isinstance(error, Superseded)):
                raise
            healed = False
        if healed:
            self._log.warning("%s is healed: its owner's log says it right", stream[1])
            self._failures.pop(name, None)
            self._not_before.pop(name, None)
            return
        failures = self._failures[name] = self._failures.get(name, 0) + 1
        wait_s = growing_s(failures, RETRY_MIN_S, RETRY_MAX_S)
        self._not_before[name] = asyncio.get_running_loop().time() + wait_s
