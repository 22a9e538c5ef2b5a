"""A department's read models in dictionaries: what projections make of facts, in whatever order they are heard."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import orjson
from hypothesis import strategies as st

from eventlog.codec import Recorded
from eventlog.events import Place, Position, Version
from eventlog.projections import Add, AppendItem, At, Change, Delete, Insert, Max, Min, Projection, Update
from eventlog.topologies import StateKey, Topology, stored

Tables = dict[str, dict[tuple[Any, ...], dict[str, Any]]]
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Heard:
    """A fact with where it stands."""

    fact: Any
    at: At


def recorded(stream: str, *facts: Any, position: int = 0, tenant: str = "demo") -> list[Heard]:
    """Facts as one stream's department recorded them, a minute apart."""
    return [Heard(fact, _at(stream, n, fact, Position(position + n), tenant)) for n, fact in enumerate(facts, 1)]


def _at(stream: str, version: int, fact: Any, position: Position, tenant: str) -> At:
    return At(
        department=stream.partition(".")[0],
        tenant=tenant,
        stream=stream,
        version=Version(version),
        place=Place(1, position),
        event_id=uuid5(NAMESPACE_OID, f"{tenant}/{stream}/{version}"),
        type=fact.name,
        recorded_at=START + timedelta(minutes=position, seconds=len(stream)),
        occurred_at=fact.dated(),
        employee="emma.clarke",
        actor="emma.clarke",
        branch="london",
        subjects=tuple(fact.subjects()),
        command_id="",
        correlation_id="",
        causation_id="",
        digest=b"",
    )


def interleavings(streams: Sequence[Sequence[Heard]]) -> st.SearchStrategy[list[Heard]]:
    """Every order that keeps each stream's order: all that partitions and topics promise."""
    turns = [n for n, stream in enumerate(streams) for _ in stream]

    def dealt(order: Sequence[int]) -> list[Heard]:
        hands = [iter(stream) for stream in streams]
        return [next(hands[n]) for n in order]

    return st.permutations(turns).map(dealt)


def rows(projection: Projection, heard: Iterable[Heard]) -> Tables:
    """The tables after these facts, one by one."""
    tables: Tables = {table: {} for table in projection.tables}
    for each in heard:
        for change in (*_changes(projection, each.fact, each.at), *_derived(projection, each, tables)):
            _apply(tables[change.table], projection.tables[change.table], change)
    return tables


def _changes(projection: Projection, fact: Any, at: At) -> Iterable[Change]:
    for function in (*projection.every, *projection.handlers.get(fact.name, ())):
        yield from function(fact, at)


def _derived(projection: Projection, heard: Heard, tables: Tables) -> Iterable[Change]:
    """What the topologies make of a fact, with their states in their table, each in its stored form."""
    at = heard.at
    for topology in projection.topologies:
        if type(heard.fact) not in topology.facts:
            continue
        table, *key = StateKey(projection.states, at.tenant, topology.name, at.stream)
        state = topology.load(tables[table].get(tuple(key), {}).get("state"))
        state, derived = topology.process((at.tenant, at.stream), state, Recorded(heard.fact, at))
        yield Insert(table, {**dict(zip(StateKey._fields[1:], key, strict=True)), "state": stored(state)})
        for each in derived:
            yield from _changes(projection, each, at)


def derived(topology: Topology, heard: Iterable[Heard]) -> list[Any]:
    """What a topology derives from the facts of one stream, with its state in its stored form between them."""
    found: list[Any] = []
    kept: Mapping[str, Any] | None = None
    for each in heard:
        if type(each.fact) in topology.facts:
            key = (each.at.tenant, each.at.stream)
            state, told = topology.process(key, topology.load(kept), Recorded(each.fact, each.at))
            kept = orjson.loads(orjson.dumps(stored(state)))
            found.extend(told)
    return found


def _apply(table: dict[tuple[Any, ...], dict[str, Any]], key: Sequence[str], change: Change) -> None:
    match change:
        case Insert():
            found = tuple(change.row[name] for name in key)
            _set(table.setdefault(found, {}), {name: v for name, v in change.row.items() if name not in key})
        case Update():
            for found in _under(table, change.key):
                _set(table[found], change.columns)
        case Delete():
            for found in _under(table, change.key):
                del table[found]


def _under(table: Mapping[tuple[Any, ...], Any], key: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    leading = tuple(key.values())
    return [found for found in table if found[: len(leading)] == leading]


def _set(row: dict[str, Any], columns: Mapping[str, Any]) -> None:
    for name, value in columns.items():
        row[name] = _operated(row.get(name), value)


def _operated(old: Any, value: Any) -> Any:
    match value:
        case Add(amount):
            return (old or 0) + amount
        case Max(found):
            return found if old is None else max(old, found)
        case Min(found):
            return found if old is None else min(old, found)
        case AppendItem(item):
            return [*(old or ()), item]
        case _:
            return value
