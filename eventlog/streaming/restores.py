"""What a worker knows of restores of the logs that it hears: asked of their owners, when a later generation shows."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from eventlog.events import Event, Fork
from eventlog.restored import KnownForks


class Forked(Protocol):
    """A department's log itself, part of `eventlog.feed.Feed`."""

    async def forks(self) -> Sequence[Fork]: ...


class Restores:
    """By source. A worker that knows less than the rows asks again."""

    def __init__(self, owners: Mapping[str, Forked]) -> None:
        self._owners = owners
        self._known: dict[str, KnownForks] = {}

    async def known(self, source: str) -> KnownForks:
        return self._known.get(source) or await self.ask(source)

    async def ask(self, source: str) -> KnownForks:
        self._known[source] = known = KnownForks(await self._owners[source].forks())
        return known

    async def still_told(self, source: str, events: Sequence[Event]) -> Sequence[Event]:
        """Without what was told before its log was restored, and is not in it any more."""
        known = await self.known(source)
        if max((event.generation for event in events), default=1) > known.generation:
            known = await self.ask(source)
        return [event for event in events if not known.lost(event)]
