"""What came in a batch, compared with what is known of its streams, before anything of it is folded.

A topic is not believed, whoever may write to it: each digest is recomputed from the bytes that came and the digest that
was recomputed for the version before. What does not follow is an alarm. It waits like a fact that cannot be handled;
its stream is then read from its owner's log, where the true one stands.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from eventlog import metrics
from eventlog.errors import NotSafe
from eventlog.events import Event, StreamKey, Version, digest_of
from eventlog.restored import KnownForks
from eventlog.streaming.streams import Known, Streams


class Owner(Protocol):
    """Where a stream stands itself, part of `eventlog.feed.Feed`."""

    async def refetch(self, tenant: str, stream: str, after: Version, upto: Version) -> Sequence[Event]: ...


class Alarm(NamedTuple):
    """An event that is not what its stream has there, and what is wrong with it."""

    event: Event
    reason: str


@dataclass(slots=True)
class Batch:
    """What is to be folded, in this order; what was folded before; what comes behind a fact that waits; what was known
    of each stream. `alarms` wait, `unequal` only claim to be what was folded before."""

    ready: list[Event] = field(default_factory=list)
    repeats: list[Event] = field(default_factory=list)
    behind: list[Event] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    unequal: list[Alarm] = field(default_factory=list)
    known: dict[StreamKey, Known] = field(default_factory=dict)


class _Head(NamedTuple):
    version: Version
    digest: bytes


class Examining:
    """One batch of a source. `stopped` says from which version on streams wait; without `forks` what comes is
    read from the log itself."""

    def __init__(
        self,
        department: str,
        source: str,
        owner: Owner,
        streams: Streams,
        stopped: Mapping[StreamKey, Version],
        forks: KnownForks | None,
    ) -> None:
        self._department = department
        self._source = source
        self._owner = owner
        self._streams = streams
        self._stopped = dict(stopped)
        self._forks = forks
        self._heads: dict[StreamKey, _Head] = {}
        self._found = Batch()
        self._log = logging.getLogger(f"baton.stream.{department}")

    async def batch(self, events: Sequence[Event]) -> Batch:
        """Raises what the owner's log raises, `NotSafe` where it lacks what was folded."""
        for event in events:
            stream = event.tenant, event.stream
            head = self._heads.get(stream) or await self._kept(stream)
            if event.version <= head.version:
                self._repeated(event, head)
            elif stream in self._stopped and event.version >= self._stopped[stream]:
                self._found.behind.append(event)
            elif event.version == head.version + 1 or await self._close_gap(event, head):
                self._follow(event, told=True)
        return self._found

    async def _kept(self, stream: StreamKey) -> _Head:
        known = self._found.known[stream] = self._streams.read(stream)
        digest = known.digest if known.digest is not None else await self._digest(stream, known.version)
        head = self._heads[stream] = _Head(known.version, digest)
        return head

    async def _digest(self, stream: StreamKey, version: Version) -> bytes:
        found = await self._owner.refetch(*stream, Version(version - 1), version)
        if not found:
            raise NotSafe(f"the log of {self._source} lacks version {version} of {stream[1]}, which was folded")
        return found[0].digest

    def _repeated(self, event: Event, head: _Head) -> None:
        if event.version == head.version and event.digest != head.digest:
            self._found.unequal.append(Alarm(event, f"{_of(event)} was told with another digest before"))
        else:
            self._found.repeats.append(event)

    async def _close_gap(self, event: Event, head: _Head) -> bool:
        """Whether all in front of an event is there now, or waits."""
        upto = Version(event.version - 1)
        missing = await self._owner.refetch(event.tenant, event.stream, head.version, upto)
        if [each.version for each in missing] != list(range(head.version + 1, event.version)):
            self._alarm(event, f"{_of(event)} came, and its owner's log lacks versions {head.version + 1} to {upto}")
            return False
        metrics.REFETCHED.labels(self._department, self._source).inc(len(missing))
        self._log.warning("%s: versions %d to %d did not come, read from its log", event.stream, head.version + 1, upto)
        for each in missing:
            self._follow(each, told=False)
        return True

    def _follow(self, event: Event, *, told: bool) -> None:
        stream = event.tenant, event.stream
        if stream in self._stopped and event.version >= self._stopped[stream]:
            self._found.behind.append(event)
        elif digest_of(self._heads[stream].digest, event) != event.digest:
            self._alarm(event, f"{_of(event)} carries another digest than its bytes and history give")
        elif told and self._forks and not self._forks.fits(event):
            self._alarm(event, f"{_of(event)} is told as {event.place}, which is of another generation")
        else:
            self._found.ready.append(event)
            self._heads[stream] = _Head(event.version, event.digest)

    def _alarm(self, event: Event, reason: str) -> None:
        self._stopped[event.tenant, event.stream] = event.version
        self._found.alarms.append(Alarm(event, reason))


def _of(event: Event) -> str:
    return f"version {event.version} of {event.stream}"
