"""A feed that does to facts what networks and brokers do: drop, repeat, reorder, delay, flip a byte.

Everything that varies comes from one seed. `refetch`, `at` and `head` are the owner's log itself and stay true.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from eventlog.events import Event, Version
from eventlog.feed import Feed, Told
from eventlog.marks import WHOLE, Marks
from eventlog.store import Page
from tests.support.wrapped_feed import WrappedFeed


@dataclass(frozen=True, slots=True)
class Faults:
    """How often each happens to an event, from 0 to 1. A delayed event comes after later ones of the log (and of its
    own stream); `delay_pages` is after how many pages at most. A page is held back `pause_s` at most."""

    drop: float = 0.0
    repeat: float = 0.0
    reorder: float = 0.0
    delay: float = 0.0
    delay_pages: int = 3
    flip: float = 0.0
    pause_s: float = 0.0


class FaultyFeed(WrappedFeed):
    """Wraps a feed of a log or, as `PartedFeed` is, of parts. A log's reader misses a position at once; that of
    parts notices a dropped event by the next one of its stream, and by itself never that the last one was dropped.

    `faults` may be exchanged while it runs; `only` narrows them to streams whose names contain it. `done` lists what
    was done to which event, `passed` counts those that went through."""

    def __init__(self, feed: Feed, faults: Faults, seed: int = 0, only: str = "") -> None:
        super().__init__(feed)
        self.faults = faults
        self.only = only
        self.done: list[tuple[str, str, Version]] = []
        self._random = random.Random(seed)
        self._late: dict[int, list[tuple[int, Event]]] = {}
        self._first: dict[int, Event] = {}
        self.passed = 0

    async def pages(self, marks: Marks) -> AsyncGenerator[Page | Told, None]:
        self._late.clear()
        self._first.clear()
        async with aclosing(self.feed.pages(marks)) as pages:
            async for page in pages:
                if self.faults.pause_s:
                    await asyncio.sleep(self._random.uniform(0, self.faults.pause_s))
                self.passed += len(page.events)
                if isinstance(page, Told):
                    yield self._told(page)
                else:
                    yield replace(page, events=self._spoiled(page.events, WHOLE))

    def _told(self, told: Told) -> Told:
        """As many offsets go by as without faults: what tells of none of them is the first event of the part again.
        That one is spared."""
        (part,) = set(told.parts)
        spared = [] if part in self._first else told.events[:1]
        first = self._first.setdefault(part, told.events[0])
        events = [*spared, *self._spoiled(told.events[len(spared) :], part)] or [first]
        offsets = [*[told.offsets[0]] * (len(events) - 1), told.offsets[-1]]
        return Told(events, [part] * len(events), offsets)

    def _spoiled(self, events: Sequence[Event], part: int) -> list[Event]:
        found: list[Event] = []
        for event in events:
            found.extend(self._one(event, part) if self.only in event.stream else [event])
        for n in range(len(found) - 1):
            if self.only in found[n].stream and self._happens("reorder", found[n]):
                found[n], found[n + 1] = found[n + 1], found[n]
        return found + self._overdue(part)

    def _one(self, event: Event, part: int) -> list[Event]:
        if self._happens("drop", event):
            return []
        if self._happens("delay", event):
            self._late.setdefault(part, []).append((self._random.randint(1, self.faults.delay_pages), event))
            return []
        if self._happens("flip", event):
            event = flipped(event, self._random)
        return [event, event] if self._happens("repeat", event) else [event]

    def _overdue(self, part: int) -> list[Event]:
        late = self._late.pop(part, [])
        self._late[part] = [(pages - 1, event) for pages, event in late if pages > 1]
        return [event for pages, event in late if pages <= 1]

    def _happens(self, what: str, event: Event) -> bool:
        happens: bool = self._random.random() < getattr(self.faults, what)
        if happens:
            self.done.append((what, event.stream, event.version))
        return happens


def flipped(event: Event, source: random.Random) -> Event:
    """The event with one bit of its payload or metadata changed, so that it still is JSON where that is possible."""
    if source.random() < 0.5:
        return replace(event, metadata=_with_one_bit_changed(event.metadata, source))
    return replace(event, data=_with_one_bit_changed(event.data, source))


def _with_one_bit_changed(text: bytes, source: random.Random) -> bytes:
    spoiled = bytearray(text)
    letters = [n for n, byte in enumerate(spoiled) if chr(byte).isalnum()] or list(range(len(spoiled)))
    spoiled[source.choice(letters)] ^= 1
    return bytes(spoiled)
