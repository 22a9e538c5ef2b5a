"""The gauges of a department, set again and again by whoever projects it, and by nobody else.

A gauge stays where it was set last. Whoever answered a status once would go on saying how far the views were at that
moment, and the least of what several processes say is what alerts go by.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from baton.operations.v1 import operations_pb2 as messages
from prometheus_client import Gauge

from eventlog.events import Place
from runtime.metrics import HEAD, LAG, PARKED, STREAM_LAG, TODOS_OLDEST, TODOS_WAITING
from runtime.opening import Opened
from runtime.operations_service import TROUBLE, status

log = logging.getLogger("baton.operations")

#: How often heads, lags and what waits are measured.
MEASURE_S = 15.0


async def measure(departments: Sequence[Opened], every_s: float = MEASURE_S) -> None:
    """Keep the gauges fresh, until cancelled."""
    measured = [Measuring(opened) for opened in departments]
    while True:
        for each in measured:
            await each.tried()
        await asyncio.sleep(every_s)


class Measuring:
    """Measures one department: by what its database and the logs say, whichever process wrote it."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._kinds: set[str] = set()

    async def tried(self) -> None:
        """As `once`; what is out of reach is measured the next time."""
        try:
            await self.once()
        except TROUBLE as error:
            log.info("no measurement of %s: %s", self._opened.name, type(error).__name__)

    async def once(self) -> None:
        """Raises what the database raises."""
        found = await status(self._opened)
        parked = {row["source"]: row["streams"] for row in await self._opened.house.views.fetch(_PARKED)}
        HEAD.labels(found.department).set(Place.parse(found.head).position)
        self._lags(LAG, found.sources)
        self._lags(STREAM_LAG, found.streaming.sources)
        self._parked(parked)
        self._waiting({each.kind: each for each in found.waiting})

    def _lags(self, gauge: Gauge, sources: Sequence[messages.SourceStatus]) -> None:
        for each in sources:
            if each.HasField("lag"):
                gauge.labels(self._opened.name, each.source).set(each.lag)

    def _parked(self, streams: Mapping[str, int]) -> None:
        for source in self._opened.sources:
            PARKED.labels(self._opened.name, source).set(streams.get(source, 0))

    def _waiting(self, found: Mapping[str, messages.WaitingTodos]) -> None:
        """A kind of which nothing waits any more falls to 0."""
        self._kinds |= found.keys()
        for kind in self._kinds:
            waits = found.get(kind, messages.WaitingTodos())
            TODOS_WAITING.labels(self._opened.name, kind).set(waits.count)
            TODOS_OLDEST.labels(self._opened.name, kind).set(waits.seconds)


_PARKED = """
SELECT source, count(*) AS streams FROM (
    SELECT source, tenant, stream FROM views.parked UNION SELECT source, tenant, stream FROM views.stream_parked
) AS stopped GROUP BY source
"""
