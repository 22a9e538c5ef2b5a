"""Streaming workers without Kafka: batches repeat, are lost, come to two workers at once, and workers die anywhere in
one. The rows are a fold of the logs all the same; the seed replays it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from eventlog.clock import utc_now
from eventlog.codec import Codec, Recorded
from eventlog.events import Event
from eventlog.feed import PostgresFeed
from eventlog.keyring import MemoryKeyring
from eventlog.memory import MemoryStore
from eventlog.projections import At
from eventlog.store import Store
from eventlog.streaming.handling import Handling, Telling
from eventlog.streaming.heard import current_epoch
from eventlog.streaming.streams import Unkept
from eventlog.streaming.waiting import Waiting
from eventlog.topologies import Derived
from eventlog.views import Views
from facts.registry import REGISTRY
from services.analytics.projections import METRICS
from services.analytics.queries import HEARD
from tests.support.log import whole_log
from tests.support.metrics_history import history
from tests.support.projecting import Heard, rows
from tests.support.streaming import SCHEMA, tell

WORKERS, PARTITIONS = 3, 4


class Died(Exception):
    """A worker was killed here."""


@dataclass
class Worker:
    """A handling with what it knows of streams. It may die when it tells something, or right before or after."""

    handling: Handling
    streams: Unkept
    told: list[tuple[At, Derived]] = field(default_factory=list)


@dataclass
class Scene:
    """All that varies comes from `dice`. `logs` are the events by source."""

    dice: Random
    views: Views
    codec: Codec
    stores: dict[str, MemoryStore]
    workers: list[Worker] = field(default_factory=list)
    kept: dict[Any, Any] = field(default_factory=dict)
    derived: set[tuple[Any, str]] = field(default_factory=set)

    def hire(self) -> Worker:
        """A new worker, with what the changelog still had: some of it is older than the rows, some is gone."""
        streams = Unkept()
        for stream, known in self.kept.items():
            if self.dice.random() < 0.8:
                streams.write(stream, known)

        async def derived(each: Sequence[tuple[At, Derived]]) -> None:
            await self._perhaps_die()
            self.derived.update((at.event_id, said(derived)) for at, derived in each)
            await self._perhaps_die()

        async def waiting(each: Sequence[Waiting]) -> None:
            assert not each, "nothing here cannot be handled"

        owners: dict[str, Any] = {name: PostgresFeed(store) for name, store in self.stores.items()}
        handling = Handling(
            "analytics", self.views, self.codec, METRICS, owners, Telling(derived, waiting), utc_now, epoch=1
        )
        return Worker(handling, streams)

    async def _perhaps_die(self) -> None:
        await asyncio.sleep(0)
        if self.dice.random() < 0.05:
            raise Died

    async def give(self, n: int, source: str, batch: Sequence[Event]) -> None:
        """A batch to the n-th worker; who dies of it is replaced."""
        worker = self.workers[n]
        try:
            await worker.handling.handle(source, batch, worker.streams)
        except Died:
            self.workers[n] = self.hire()
            await self.workers[n].handling.load()
        else:
            changes = {stream: worker.streams.read(stream) for stream in {(e.tenant, e.stream) for e in batch}}
            self.kept.update({stream: known for stream, known in changes.items() if self.dice.random() < 0.9})


def said(derived: Derived) -> str:
    return repr((derived.name, derived.model_dump(mode="json", exclude_defaults=True)))


@pytest.fixture
async def views(database: str) -> AsyncIterator[Views]:
    views = await Views.open(database)
    await views.define(SCHEMA.read_text())
    assert await current_epoch(views, sorted(METRICS.tables)) == 1
    yield views
    await views.close()


@pytest.mark.parametrize("seed", range(6))
async def test_rows_and_derived_facts_are_a_fold_of_the_logs(views: Views, seed: int) -> None:
    stores = {name: MemoryStore(name) for name in HEARD}
    scene = Scene(Random(seed), views, Codec(REGISTRY, MemoryKeyring()), stores)
    await tell(scene.codec, stores, history(seed, leads=12, deals=8))
    scene.workers = [scene.hire() for _ in range(WORKERS)]
    for worker in scene.workers:
        await worker.handling.load()

    await disorder(scene)
    for worker in scene.workers:
        for source in HEARD:
            while missing := await worker.handling.missing(source):
                try:
                    await worker.handling.close_gap(source, *missing)
                except Died:
                    continue

    heard_facts = await everything(scene.codec, stores)
    assert filled(await live(views)) == filled(expected(heard_facts)), f"seed {seed}"
    assert scene.derived == {(at.event_id, said(each)) for at, each in derived_of(heard_facts)}, f"seed {seed}"
    positions = await views.fetch("SELECT source, position FROM stream_heard")
    assert {row["source"]: row["position"] for row in positions} == {
        name: (await store.head()).position for name, store in stores.items()
    }
    assert await views.fetchval("SELECT count(*) FROM stream_ahead") == 0


async def disorder(scene: Scene) -> None:
    """Partitions go on by themselves, batch by batch: back to an earlier fact, past a few, to two workers at once."""
    dice = scene.dice
    logs = {name: await whole_log(store) for name, store in scene.stores.items()}
    parts = {
        (name, n): [event for event in log if sum(event.stream.encode()) % PARTITIONS == n]
        for name, log in logs.items()
        for n in range(PARTITIONS)
    }
    at = dict.fromkeys(parts, 0)
    while open_parts := [part for part, events in parts.items() if at[part] < len(events)]:
        part = dice.choice(open_parts)
        first = max(0, at[part] + (dice.choice((-5, -2, 1, 3)) if dice.random() < 0.2 else 0))
        batch = parts[part][first : first + dice.randint(1, 12)]
        at[part] = first + len(batch) if batch else len(parts[part])
        if batch:
            chosen = dice.sample(range(WORKERS), 2 if dice.random() < 0.2 else 1)
            await asyncio.gather(*(scene.give(n, part[0], batch) for n in chosen))


async def everything(codec: Codec, stores: Mapping[str, Store]) -> list[Heard]:
    found = []
    for name, store in stores.items():
        for recorded in await codec.decode_many(name, await whole_log(store)):
            assert isinstance(recorded, Recorded)
            found.append(Heard(recorded.fact, recorded.at))
    return found


def derived_of(facts: Sequence[Heard]) -> list[tuple[At, Derived]]:
    """What follows from the facts, stream by stream."""
    states: dict[tuple[str, str], Any] = {}
    found = []
    for each in facts:
        for topology in (one for one in METRICS.topologies if type(each.fact) in one.facts):
            key = (topology.name, each.at.stream)
            state = states.get(key, topology.start)
            recorded = Recorded(each.fact, each.at)
            states[key], derived = topology.process((each.at.tenant, each.at.stream), state, recorded)
            found += [(each.at, one) for one in derived]
    return found


Rows = dict[str, dict[tuple[Any, ...], dict[str, Any]]]


def expected(facts: Sequence[Heard]) -> Rows:
    tables = rows(METRICS, facts)
    del tables[METRICS.states]
    return tables


async def live(views: Views) -> Rows:
    """The rows as they stand."""
    found: Rows = {}
    for table, key in METRICS.tables.items():
        if table != METRICS.states:
            rows = [dict(row) for row in await views.fetch(f"SELECT * FROM {table}")]
            found[table] = {tuple(row.pop(name) for name in key): row for row in rows}
    return found


def filled(tables: Rows) -> Rows:
    """Without columns that nobody filled."""
    return {
        table: {
            key: {name: value for name, value in row.items() if value not in ("", None)} for key, row in rows.items()
        }
        for table, rows in tables.items()
    }
