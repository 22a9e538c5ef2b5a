"""Topologies: pure functions from a stream's facts to derived facts, with a state for every stream.

    DWELL = Topology("dwell", facts=(LeadCaptured, LeadQualified), start=Stays(), process=process)

    def process(key: StreamKey, state: Stays, heard: Recorded) -> tuple[Stays, Sequence[Derived]]: ...

The same function runs in two places. Here, a `Projection` names its topologies: the projector reads the states of the
streams in a batch, and states, rows and checkpoint commit together. On Kafka, `eventlog/streaming` runs it with the
states in tables of its own. What is derived says all of its row, under a key that follows from its stream alone, so
telling it once more changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel

from eventlog.codec import Recorded
from eventlog.events import StreamKey


class Derived(Protocol):
    """What follows from a stream's facts; `name` is its stored name, as a fact's is."""

    @property
    def name(self) -> str: ...

    def model_dump(self, *, mode: str, exclude_defaults: bool) -> dict[str, Any]: ...


Process = Callable[[StreamKey, Any, Recorded], tuple[Any, Sequence[Derived]]]


@dataclass(frozen=True)
class Topology:
    """`facts` are what it hears, `start` is the state of a stream of which nothing was heard. No clock, no I/O."""

    name: str
    facts: tuple[Any, ...]
    start: BaseModel
    process: Process

    def load(self, stored: Mapping[str, Any] | None) -> BaseModel:
        """A state from its stored form, or the start."""
        return self.start if stored is None else type(self.start).model_validate(stored)


def stored(state: BaseModel) -> dict[str, Any]:
    """A state as it is kept: JSON, without what has its default."""
    return state.model_dump(mode="json", exclude_defaults=True)


class StateKey(NamedTuple):
    """Whose state: the table it stands in, then that table's key. The table has one more column, `state jsonb`."""

    table: str
    tenant: str
    topology: str
    stream: str


#: States in their stored form, of those streams that have one.
States = Mapping[StateKey, Mapping[str, Any]]


async def read_states(connection: Any, schema: str, keys: Iterable[StateKey]) -> States:
    """The states of these keys, as they stand."""
    tables: dict[str, list[StateKey]] = {}
    for key in sorted(keys):
        tables.setdefault(key.table, []).append(key)
    found: dict[StateKey, Mapping[str, Any]] = {}
    for table, wanted in tables.items():
        columns = list(zip(*(key[1:] for key in wanted), strict=True))
        for row in await connection.fetch(_READ.format(table=f'"{schema}"."{table}"'), *columns):
            found[StateKey(table, row["tenant"], row["topology"], row["stream"])] = row["state"]
    return found


_READ = """
SELECT s.tenant, s.topology, s.stream, s.state
FROM unnest($1::text[], $2::text[], $3::text[]) AS w(tenant, topology, stream)
JOIN {table} AS s ON s.tenant = w.tenant AND s.topology = w.topology AND s.stream = w.stream
"""
