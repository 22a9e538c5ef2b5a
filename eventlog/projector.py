"""The projector of a department: its read models, ledger and todos follow what it hears.

Own facts come from the own log, others' through feeds; every source has its own loop and its own checkpoint, so a
department answers from its own facts in milliseconds whatever the others do.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from eventlog.checkpoints import wait_until_heard
from eventlog.clock import Clock, utc_now
from eventlog.codec import Codec
from eventlog.department import Department
from eventlog.errors import NoSuchPlace
from eventlog.events import Place, StreamKey, Version
from eventlog.feed import Feed
from eventlog.fold import Folding
from eventlog.marks import NOWHERE
from eventlog.projections import Projection
from eventlog.reactions import Reactions
from eventlog.restored import Renew
from eventlog.source import Source
from eventlog.views import Views
from eventlog.writing import Writer


class Projector:
    """Runs projections and reactions of one department. One of `feeds` is the department's own log. `wake` is called
    when there is something to do, `told` after every commit; `renew` computes the read models anew, where they show
    what a restore of another log took back. `release` is the digest of the `schema.sql` that the projections write."""

    def __init__(
        self,
        department: str,
        views: Views,
        codec: Codec,
        feeds: Iterable[Feed],
        projections: Sequence[Projection],
        reactions: Sequence[Reactions] = (),
        *,
        wake: Callable[[], None] = lambda: None,
        told: Callable[[], None] = lambda: None,
        clock: Clock = utc_now,
        parked_streams_max: int = 1000,
        renew: Renew | None = None,
        release: str | None = None,
    ) -> None:
        self._shared = Department(
            department, views, codec, Writer(), clock, wake, told, parked_streams_max, renew, release
        )
        self.sources: Mapping[str, Source] = {
            feed.department: Source(self._shared, feed, Folding(feed.department, department, projections, reactions))
            for feed in feeds
        }

    async def run(self, departments: Iterable[str] | None = None) -> None:
        """Hear these departments (None: all) until cancelled. Raises when a source cannot go on by waiting."""
        async with asyncio.TaskGroup() as group:
            for source in map(self.sources.__getitem__, self.sources if departments is None else departments):
                group.create_task(source.run(), name=f"{self._shared.name} hears {source.feed.department}")

    def checkpoint(self, department: str) -> Place:
        """How far a department was heard, completely; `0.0` before anything was."""
        source = self.sources.get(department)
        return source.heard.place if source else NOWHERE

    async def wait_for(self, department: str, place: Place, timeout_s: float) -> None:
        """Return once a department was heard up to a place. Raises `NoSuchPlace` at once for a place that its log
        does not have, `Behind` after `timeout_s`."""
        source = self.sources.get(department)
        if source is None:
            raise NoSuchPlace(f"{self._shared.name} does not hear {department}")
        await wait_until_heard(department, source.heard, source.feed.head, place, timeout_s)

    async def heal(self, department: str, tenant: str, stream: str, upto: Version = Version(0)) -> bool:
        """Hear a stream of a department again from its owner's log: what is parked of it, and what did not come up to
        a version. True when nothing of it is parked afterwards."""
        return await self.sources[department].heal((tenant, stream), upto)

    async def heal_stream(self, department: str, stream: StreamKey) -> bool:
        return await self.sources[department].heal(stream)
