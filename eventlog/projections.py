"""Projections: pure functions from a fact to row changes.

    people = Projection("people", tables={"people": ("tenant", "id")})

    @people.on(PersonRegistered)
    def registered(fact: PersonRegistered, at: At) -> Iterable[Change]:
        yield Insert("people", {"tenant": at.tenant, "id": fact.person_id, "version": at.version, …})

One engine (`eventlog/projector.py`) serves live, catch-up and rebuild: it coalesces a batch per key, writes it with
set-based SQL and saves the checkpoint in the same transaction.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from eventlog.events import Place, Version


class At(NamedTuple):
    """Where a fact stands and who recorded it: what a projection or a reaction may know besides the fact."""

    department: str
    tenant: str
    stream: str
    version: Version
    place: Place
    event_id: UUID
    type: str
    recorded_at: datetime
    occurred_at: datetime | None
    employee: str
    actor: str
    branch: str
    subjects: tuple[str, ...]
    command_id: str
    correlation_id: str
    causation_id: str
    digest: bytes
    erased: bool = False
    sees_tenant: bool = False
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Add:
    """Column operation: the old value (NULL counts as 0) plus this."""

    amount: Any


@dataclass(frozen=True, slots=True)
class Max:
    """Column operation: the greater of the old value and this."""

    value: Any


@dataclass(frozen=True, slots=True)
class Min:
    """Column operation: the lesser of the old value and this; for what must be the first, whichever came first."""

    value: Any


@dataclass(frozen=True, slots=True)
class AppendItem:
    """Column operation on a jsonb list: append this item."""

    item: Any


Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Insert:
    """The row of this key has these columns. It is made if it is not there, else these columns are set: a row fed
    by several streams is the same whichever came first. Column operations are allowed as values."""

    table: str
    row: Row


@dataclass(frozen=True, slots=True)
class Update:
    """Set columns of the rows with this key: all columns of the table's key, or a leading part of them. No row, no
    change."""

    table: str
    key: Row
    columns: Row


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the rows with this key (all columns of the table's key, or a leading part of them)."""

    table: str
    key: Row


Change = Insert | Update | Delete
Project = Callable[[Any, At], Iterable[Change]]
P = TypeVar("P", bound=Project)


@dataclass
class Projection:
    """A named set of read-model tables and the functions that fill them. `tables` maps each table to its key
    columns; every key starts with `tenant`. `sources` are the departments whose facts it hears (none named: its
    own department's): its own department's from its own log, others' through a feed.

    `on_every` functions see every fact. One of a type that this program does not know parks its stream.

    `topologies` (`eventlog/topologies.py`) derive facts from facts; functions are registered for derived facts as for
    any. `states`, one of the tables, keeps the topologies' states."""

    name: str
    tables: Mapping[str, Sequence[str]]
    sources: Sequence[str] = ()
    topologies: Sequence[Any] = ()
    states: str = ""
    handlers: dict[str, list[Project]] = field(default_factory=dict)
    every: list[Project] = field(default_factory=list)

    def on(self, *facts: Any) -> Callable[[P], P]:
        """Register a function for these facts."""

        def register(function: P) -> P:
            for fact in facts:
                self.handlers.setdefault(fact.name, []).append(function)
            return function

        return register

    def on_every(self, function: P) -> P:
        """Register a function for every fact of the sources."""
        self.every.append(function)
        return function
