"""One tenant's facts, as far as an audit needs them: which stream stood where, whom it names, who is linked to whom.

A `Place` here is one number that orders a log's events through its generations: the generation, then the position.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.audit.chain import START, digest

_GENERATION = 1 << 48

#: How far each department is looked at. A department that is missing is not looked at.
Cut = Mapping[str, int]


def place(generation: int, position: int) -> int:
    return generation * _GENERATION + position


def parse_place(text: str) -> int:
    """`"1.12"`; raises `ValueError`."""
    generation, _, position = text.partition(".")
    return place(int(generation), int(position))


def is_of_customers(stream: str) -> bool:
    """Streams that say how Baton works tell nothing of a customer."""
    return not stream.startswith(("contacts.claim-", "contacts.branch-", "contacts.handoffkind-"))


def is_conversation(stream: str) -> bool:
    """Streams in which departments talk about handoffs."""
    return stream.partition(".")[2].startswith(("handoff-", "receipt-"))


@dataclass
class Stream:
    """Its department, and for each version the place, the recomputed digest, and when it was recorded (seconds)."""

    department: str
    places: list[int] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    recorded: list[float] = field(default_factory=list)
    intact: bool = True

    def version_at(self, cut: Cut) -> int:
        """The stream's version where the department's log is cut; 0 before it began."""
        until = cut.get(self.department)
        return 0 if until is None else bisect_right(self.places, until)


@dataclass
class Book:
    """What stands in the logs about one tenant."""

    streams: dict[str, Stream] = field(default_factory=dict)
    #: Where a stream first names a subject: `named["lead:5f…"]["marketing.lead-5f…"]`.
    named: dict[str, dict[str, int]] = field(default_factory=dict)
    #: Where a department first names two subjects together: `links["lead:5f…"]["person:0a…"]["contacts"]`.
    links: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    #: What is wrong with the logs themselves.
    broken: list[str] = field(default_factory=list)

    def enter(self, department: str, event: Any, subjects: list[str]) -> None:
        """Enter the next event of a department's log."""
        name, where = event.stream, place(event.generation, event.position)
        stream = self.streams.get(name)
        if stream is None:
            stream = self.streams[name] = Stream(department)
        self._chain(stream, event)
        stream.places.append(where)
        stream.recorded.append(event.recorded_at.seconds + event.recorded_at.nanos / 1e9)
        kept = [subject for subject in subjects if not subject.startswith("handoff:")]
        for subject in kept:
            self.named.setdefault(subject, {}).setdefault(name, where)
        for subject in kept if len(kept) > 1 else ():
            linked = self.links.setdefault(subject, {})
            for other in kept:
                if other != subject:
                    linked.setdefault(other, {}).setdefault(department, where)

    def _chain(self, stream: Stream, event: Any) -> None:
        """What follows a break is broken, too: it is told once, and no manifest that names it is believed."""
        expected = len(stream.digests) + 1
        recomputed = digest(stream.digests[-1] if stream.digests else START, event)
        if stream.intact and event.version != expected:
            self._broken(stream, f"{event.stream}: expected version {expected}, found {event.version}")
        elif stream.intact and recomputed != event.digest:
            self._broken(stream, f"{event.stream}: version {event.version} is not what its digest says")
        stream.digests.append(recomputed)

    def _broken(self, stream: Stream, reason: str) -> None:
        stream.intact = False
        self.broken.append(reason)

    def neighbourhood(self, subject: str, cut: Cut, without: str = "", since: Cut | None = None) -> list[str]:
        """The subject and what is linked to it where the logs are cut. Links that the department `without` made
        after `since` do not count."""
        found = [subject]
        for other, made in self.links.get(subject, {}).items():
            for department, where in made.items():
                until = cut.get(department, -1)
                if department == without and since is not None:
                    until = min(until, since.get(department, -1))
                if where <= until:
                    found.append(other)
                    break
        return found

    def recorded(self, subject: str, cut: Cut) -> list[float]:
        """When each stream first named the subject, where the logs are cut; the talk about handoffs is not asked."""
        found = []
        for name, where in self.named.get(subject, {}).items():
            stream = self.streams[name]
            if where <= cut.get(stream.department, -1) and not is_conversation(name):
                found.append(stream.recorded[stream.places.index(where)])
        return found

    def concerning(self, subject: str, cut: Cut, without: str = "", since: Cut | None = None) -> dict[str, int]:
        """Every stream that names somebody of the neighbourhood, with its version, where the logs are cut."""
        found: dict[str, int] = {}
        for each in self.neighbourhood(subject, cut, without, since):
            for name, where in self.named.get(each, {}).items():
                stream = self.streams[name]
                if where <= cut.get(stream.department, -1):
                    found[name] = stream.version_at(cut)
        return found
