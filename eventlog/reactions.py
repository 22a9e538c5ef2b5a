"""Reactions: what a department does because another (or a deadline) told it something.

    reactions = Reactions("offers")

    @reactions.on(LeadQualified)
    def offer(fact: LeadQualified, at: At) -> Iterable[Todo]:
        yield Todo("offer", {"handoff_id": fact.ask.handoff_id})

    reactions.does("offer", offer_handoff)          # async def offer_handoff(todo: Due) -> None

The functions under `on` are pure: they run inside the batch of the feed, and what they yield (`Todo`) commits with
the checkpoint. `eventlog/reactor.py` does todos later, many at once and in no promised order (a doer that needs
something else first raises `NotYet`), under command ids derived from the fact's id, so a replay is harmless. A
rebuild never runs them.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from eventlog.events import Version
from eventlog.projections import At


@dataclass(frozen=True, slots=True)
class Todo:
    """Something to do, once, not before `due` (None: now). `args` are JSON values without personal data; the `key`
    makes it replaceable: a later Todo of the same kind and key takes the place of one not yet done; None: unique."""

    kind: str
    args: Mapping[str, Any]
    due: datetime | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Forget the todo of this kind and key, if it is not done yet (a deadline that no longer matters)."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class Due:
    """A todo whose time has come. `command_id` is uuid5 of the fact's id, the kind and its index: the same for ever.
    `traceparent` is the trace of the fact that asked for it."""

    kind: str
    args: Mapping[str, Any]
    tenant: str
    command_id: UUID
    causation_id: str
    correlation_id: str
    due: datetime | None
    traceparent: str = ""


@dataclass(eq=False)
class NotYet(Exception):
    """Raised by a doer: what it needs is not there yet; try this todo again after `retry_s`.

    Not frozen: Python itself writes the traceback into an exception that passes a context manager."""

    reason: str
    retry_s: float = 0.05


@dataclass(frozen=True, slots=True)
class Lost:
    """Versions of a stream, from `version` on, that were heard and that a restore of their log took back."""

    tenant: str
    stream: str
    version: Version


ReactToLoss = Callable[[Lost], Iterable[Todo]]
React = Callable[[Any, At], Iterable[Todo | Cancel]]
#: Does one todo; raises NotYet to be asked again, anything else is retried with growing waits and counted.
Do = Callable[[Due], Awaitable[None]]
#: Does many todos of one kind at once; says by command id what went wrong with which (None or absent: done).
DoMany = Callable[[Sequence[Due]], Awaitable[Mapping[UUID, Exception | None]]]
R = TypeVar("R", bound=React)
D = TypeVar("D", bound=Callable[..., Awaitable[Any]])


@dataclass
class Reactions:
    """A named process manager of one department. `sources` are the departments it hears."""

    name: str
    sources: Sequence[str] = ()
    handlers: dict[str, list[React]] = field(default_factory=dict)
    doers: dict[str, Do] = field(default_factory=dict)
    bulk_doers: dict[str, DoMany] = field(default_factory=dict)
    every: list[React] = field(default_factory=list)
    losses: list[ReactToLoss] = field(default_factory=list)

    def on(self, *facts: Any) -> Callable[[R], R]:
        """Register a pure function from these facts to todos."""

        def register(function: R) -> R:
            for fact in facts:
                self.handlers.setdefault(fact.name, []).append(function)
            return function

        return register

    def on_every(self, function: R) -> R:
        """Register a pure function from every fact of the sources (None: a type unknown here) to todos."""
        self.every.append(function)
        return function

    def on_lost(self, function: ReactToLoss) -> ReactToLoss:
        """Register a pure function from what a restore of a source took back to todos."""
        self.losses.append(function)
        return function

    def does(self, kind: str, do: Do) -> None:
        """Say who does todos of this kind. Called by the composition root, which has what the doer needs."""
        self.doers[kind] = do

    def does_many(self, kind: str, do: DoMany) -> None:
        """Say who does todos of this kind, many in one go. What it raises itself counts for all of them."""
        self.bulk_doers[kind] = do
