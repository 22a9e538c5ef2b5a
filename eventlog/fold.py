"""One batch through the projections and reactions of a department. Pure: entries in, row changes and todos out."""

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from eventlog.changes import Changes
from eventlog.codec import NewerSchema, Recorded
from eventlog.entry import FAULT, FOLLOWS, NEWER, Entry, Parked
from eventlog.errors import Poison
from eventlog.events import Place, Position, StreamKey
from eventlog.projections import At, Insert, Project, Projection
from eventlog.reactions import Cancel, Lost, React, Reactions, ReactToLoss, Todo
from eventlog.topologies import Derived, StateKey, States, Topology, stored


@dataclass(frozen=True, slots=True)
class Asked:
    """A todo, with the command id under which it is done, and who asked for it."""

    todo: Todo
    at: At
    command_id: UUID


@dataclass(slots=True)
class Folded:
    """What a batch comes to. `derived` is what topologies derived, `states` are those of their streams after it."""

    changes: Changes
    states: dict[StateKey, Any] = field(default_factory=dict)
    derived: list[tuple[At, Derived]] = field(default_factory=list)
    done: list[Entry] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    todos: list[Asked | tuple[At, Cancel]] = field(default_factory=list)

    def keep_states(self) -> None:
        """Have the states written with the rows, to their own tables."""
        self.changes.add(_row(key, state) for key, state in self.states.items())


class Folding:
    """The functions of one department that hear one source."""

    def __init__(
        self, source: str, own: str, projections: Sequence[Projection], reactions: Sequence[Reactions] = ()
    ) -> None:
        heard = [each for each in projections if source in (each.sources or (own,))]
        self.tables = {table: tuple(key) for each in heard for table, key in each.tables.items()}
        self._every = [function for each in heard for function in each.every]
        self._projects: dict[str, list[Project]] = {}
        self._reacts: dict[str, list[React]] = {}
        self._reacts_on_every: list[React] = []
        self._topologies: dict[str, list[tuple[str, Topology]]] = {}
        self._reacts_to_loss: list[ReactToLoss] = []
        for each in heard:
            for name, functions in each.handlers.items():
                self._projects.setdefault(name, []).extend(functions)
            for topology in each.topologies:
                for fact in topology.facts:
                    self._topologies.setdefault(fact.name, []).append((each.states, topology))
        for reacting in reactions:
            if source in (reacting.sources or (own,)):
                self._reacts_on_every.extend(reacting.every)
                self._reacts_to_loss.extend(reacting.losses)
                for name, reacts in reacting.handlers.items():
                    self._reacts.setdefault(name, []).extend(reacts)

    def wants(self, type: str) -> bool:
        """Whether anybody here wants to know facts of this type; the others are ledgered unread."""
        wanted = type in self._projects or type in self._reacts or type in self._topologies
        return wanted or bool(self._every or self._reacts_on_every)

    def state_keys(self, entries: Iterable[Entry]) -> set[StateKey]:
        """Whose states `fold` must be given."""
        return {
            StateKey(table, *_state_of(topology, entry.stream))
            for entry in entries
            for table, topology in self._topologies.get(entry.event.type, ())
        }

    def lost(self, lost: Lost, generation: int) -> list[Asked]:
        """What is to be done because something was lost when a generation of its log began."""
        at = _at_loss(lost, generation)
        todos = [todo for react in self._reacts_to_loss for todo in react(lost)]
        return [Asked(todo, at, uuid5(at.event_id, f"{todo.kind}:{n}")) for n, todo in enumerate(todos)]

    def fold(self, entries: Iterable[Entry], states: States | None = None) -> Folded:
        """Changes and todos of the entries; `states` are those of `state_keys` as they stand. A fact whose function
        raises is parked with all that follows in its stream, and the batch is folded again without them, so that
        nothing of it remains."""
        entries = list(entries)
        stopped: dict[StreamKey, Parked] = {}
        while True:
            folded = Folded(Changes(self.tables))
            fault = self._try(entries, stopped, folded, states or {})
            if fault is None:
                return folded
            stopped[fault.entry.stream] = fault

    def _try(
        self, entries: Sequence[Entry], stopped: Mapping[StreamKey, Parked], into: Folded, states: States
    ) -> Parked | None:
        stopped = dict(stopped)
        for entry in entries:
            first = stopped.get(entry.stream)
            if first is not None and entry.event.version >= first.entry.event.version:
                into.parked.append(first if entry is first.entry else follows(entry, first))
                continue
            recorded = entry.recorded
            if isinstance(recorded, Poison):
                stopped[entry.stream] = parked = Parked(entry, _kind(recorded), str(recorded))
                into.parked.append(parked)
                continue
            if recorded is not None:
                try:
                    self._one(recorded, into, states)
                except Exception as error:  # noqa: BLE001 (whatever a handler raises stops its stream, nothing else)
                    return Parked(entry, FAULT, said(error))
            into.done.append(entry)
        return None

    def _one(self, recorded: Recorded, into: Folded, states: States) -> None:
        fact, at = recorded.fact, recorded.at
        for project in self._projects.get(at.type, ()):
            into.changes.add(project(fact, at))
        for project in self._every:
            into.changes.add(project(fact, at))
        reacts = [*self._reacts.get(at.type, ()), *self._reacts_on_every]
        if reacts:
            into.todos.extend(_asked(reacts, fact, at))
        for table, topology in self._topologies.get(at.type, ()):
            self._derive(table, topology, recorded, into, states)

    def _derive(self, table: str, topology: Topology, recorded: Recorded, into: Folded, states: States) -> None:
        at = recorded.at
        stream = (at.tenant, at.stream)
        key = StateKey(table, *_state_of(topology, stream))
        state = into.states[key] if key in into.states else topology.load(states.get(key))
        into.states[key], derived = topology.process(stream, state, recorded)
        for each in derived:
            into.derived.append((at, each))
            for project in self._projects.get(each.name, ()):
                into.changes.add(project(each, at))


def _state_of(topology: Topology, stream: StreamKey) -> tuple[str, str, str]:
    return stream[0], topology.name, stream[1]


def _row(key: StateKey, state: Any) -> Insert:
    columns = {"tenant": key.tenant, "topology": key.topology, "stream": key.stream}
    return Insert(key.table, {**columns, "state": stored(state)})


def _at_loss(lost: Lost, generation: int) -> At:
    """No fact tells of a loss: its id is made of what was lost, and it stands in front of all facts."""
    id = uuid5(NAMESPACE_OID, f"lost in generation {generation}: {lost.tenant} {lost.stream}")
    return At(
        department=lost.stream.partition(".")[0],
        tenant=lost.tenant,
        stream=lost.stream,
        version=lost.version,
        place=Place(generation, Position(0)),
        event_id=id,
        type="",
        recorded_at=datetime.fromtimestamp(0, UTC),
        occurred_at=None,
        employee="",
        actor="",
        branch="",
        subjects=(),
        command_id=str(id),
        correlation_id=str(id),
        causation_id="",
        digest=b"",
    )


def said(error: BaseException) -> str:
    """What was raised and where, without values: a reason is shown to people and holds nothing personal."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"


def follows(entry: Entry, first: Parked) -> Parked:
    return Parked(entry, FOLLOWS, f"version {first.entry.event.version} of its stream is parked")


def _kind(poison: Poison) -> str:
    return NEWER if isinstance(poison, NewerSchema) else FAULT


def _asked(reacts: Iterable[Callable[[Any, At], Iterable[Todo | Cancel]]], fact: Any, at: At) -> list[Any]:
    found: list[Asked | tuple[At, Cancel]] = []
    counts: dict[str, int] = {}
    for react in reacts:
        for each in react(fact, at):
            if isinstance(each, Cancel):
                found.append((at, each))
                continue
            n = counts[each.kind] = counts.get(each.kind, -1) + 1
            found.append(Asked(each, at, command_id(at, f"{each.kind}:{n}")))
    return found


def command_id(at: At, what: str) -> UUID:
    """The id under which something is done because of a fact: the same, whenever the fact is heard. A command that is
    given again after its log was restored makes a fact with the id of the one that was lost; it is another fact, and
    what was done because of that one does not answer for it."""
    generation = at.place.generation
    return uuid5(at.event_id, what if generation <= 1 else f"{what}:{generation}")
