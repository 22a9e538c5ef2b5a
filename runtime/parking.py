"""Stopped streams of one department: those of its views, and those of its topologies where workers run them."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from eventlog.entry import StreamKey
from eventlog.events import Event
from eventlog.parked import ParkedStreams, Stopped
from eventlog.streaming.parked import StreamsParked
from runtime.opening import Opened

#: Reads a parked stream of a department again from its owner's log; true when nothing of it stays parked.
Heal = Callable[[str, StreamKey], Awaitable[bool]]


class Parking:
    """What could not handle a stream is named: `views` or `topologies`."""

    def __init__(self, opened: Opened, heal: Heal) -> None:
        views = opened.house.views
        owners = {feed.department: feed for feed in opened.heard()}
        self._by: dict[str, ParkedStreams | StreamsParked] = {
            "views": ParkedStreams(views, heal),
            "topologies": StreamsParked(views, owners),
        }

    async def list(self, tenant: str | None = None) -> Sequence[tuple[Stopped, str]]:
        """Every stopped stream (of one tenant)."""
        return [(stopped, by) for by, parked in self._by.items() for stopped in await parked.list(tenant)]

    async def show(self, tenant: str, stream: str) -> Sequence[tuple[Event, str, str, str]]:
        """The events that wait, each with the kind and reason of its parking."""
        return [(*shown, by) for by, parked in self._by.items() for shown in await parked.show(tenant, stream)]

    async def retry(self, tenant: str, stream: str) -> bool:
        """Handle them again; True when none remains."""
        return all([await parked.retry(tenant, stream) for parked in self._by.values()])

    async def discard(
        self, tenant: str, stream: str, reason: str, now: datetime, record: Callable[[Event], Awaitable[None]]
    ) -> bool:
        """Go on without the first event that waits, for whoever waits for it. True when none remains."""
        shown = await self.show(tenant, stream)
        first = min((event.version for event, *_ in shown), default=None)
        stopped_by = {by for event, *_, by in shown if event.version == first}
        for by in stopped_by:
            await self._by[by].discard(tenant, stream, reason, now, record)
        return not await self.show(tenant, stream)
