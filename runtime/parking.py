"""Stopped streams of one department: those of its views, and those of its topologies where workers run them."""

from collections.abc import Awaitable, Callable, Sequence

from eventlog.decider import Refused
from eventlog.events import Event, StreamKey
from eventlog.parked import Discarding, ParkedStreams, Stopped
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

    async def discard(self, what: Discarding) -> bool:
        """Go on without an event, for whoever is stopped by it. One that no longer waits was handled, or discarded
        before. True when none remains. Raises `Refused` where it waits behind another one."""
        waiting = await self.show(what.tenant, what.stream)
        first = min((event.version for event, *_ in waiting), default=what.version)
        if what.version > first:
            raise Refused(f"version {what.version} waits behind version {first}", field="version")
        for parked in self._by.values():
            await parked.discard(what)
        return not await self.show(what.tenant, what.stream)
