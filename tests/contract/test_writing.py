"""What PostgreSQL holds after batches of changes is what they give one by one, however they are cut and interleaved."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlog.changes import Changes
from eventlog.entry import Entry
from eventlog.fold import Folding
from eventlog.memory import MemoryStore
from eventlog.projections import Add, Change, Insert, Max, Update
from eventlog.views import Views
from eventlog.writing import Writer
from tests.contract.test_projector import some_history
from tests.support.department import Expected, a_codec, customers, open_views
from tests.support.log import whole_log
from tests.unit.test_changes import KEY, batches, one_by_one

ITEMS = """
CREATE TABLE items (tenant text, deal text, item bigint, amount bigint, state text, notes jsonb,
    PRIMARY KEY (tenant, deal, item));
CREATE TABLE wide (tenant text, id text, count bigint, price numeric, name text, tags text[], data jsonb,
    at timestamptz, PRIMARY KEY (tenant, id));
"""
WORK = Callable[[Views], Awaitable[None]]


@pytest.fixture
def work(database: str) -> Iterator[Callable[[WORK], None]]:
    """Runs a coroutine function on views in an event loop that lasts for the whole test, as Hypothesis needs it."""
    with asyncio.Runner() as runner:

        async def once(what: WORK) -> None:
            async with open_views(database, ITEMS.replace("TABLE", "TABLE IF NOT EXISTS")) as views:
                await what(views)

        yield lambda what: runner.run(once(what))


async def write(views: Views, writer: Writer, changes: Changes) -> None:
    async with views.deriving.acquire() as connection, connection.transaction():
        await writer.load(connection, changes.tables)
        for statement in writer.statements(changes):
            await connection.execute(statement.sql, *statement.arrays)


def test_batches_of_any_changes_give_what_they_give_one_by_one(work: Callable[[WORK], None]) -> None:
    @settings(max_examples=60)
    @given(batches, st.integers(1, 14))
    def check(changes: Sequence[Change], size: int) -> None:
        async def in_batches(views: Views) -> None:
            await views.execute("TRUNCATE items")
            writer = Writer()
            for n in range(0, len(changes), size):
                batch = Changes({"items": KEY})
                batch.add(changes[n : n + size])
                await write(views, writer, batch)
            rows = await views.fetch("SELECT * FROM items")
            found = {(row["tenant"], row["deal"], row["item"]): row for row in rows}
            expected = one_by_one(changes)
            columns = ("amount", "state", "notes")
            assert {key: [row[name] for name in columns] for key, row in found.items()} == {
                key: [row.get(name) for name in columns] for key, row in expected.items()
            }

        work(in_batches)

    check()


async def test_every_type_of_column_arrives_as_it_was_given(database: str) -> None:
    columns = ("id", "count", "price", "name", "tags", "data")
    given: tuple[tuple[Any, ...], ...] = (
        ("1", Add(2), Max(3), 'Ana "A" {Souza}, \\ € 山', ["a,b", '"', ""], []),
        ("2", None, None, None, None, None),
        ("3", 0, 1, "", [], {"nested": [[1], {"x": None}], "text": "ü"}),
    )
    rows: list[dict[str, Any]] = [dict(zip(columns, each, strict=True)) for each in given]
    changes = Changes({"wide": ("tenant", "id")})
    changes.add(Insert("wide", {"tenant": "olist", **row}) for row in rows)
    changes.add([Update("wide", {"tenant": "olist", "id": "1"}, {"price": Max(9)})])

    async with open_views(database, ITEMS) as views:
        await write(views, Writer(), changes)
        found = {row["id"]: dict(row) for row in await views.fetch("SELECT * FROM wide")}

    assert [(found[id]["count"], found[id]["price"]) for id in "123"] == [(2, 9), (None, None), (0, 1)]
    for row in rows:
        assert {name: found[row["id"]][name] for name in ("name", "tags", "data")} == {
            name: row[name] for name in ("name", "tags", "data")
        }


@pytest.mark.parametrize("seed", range(6))
async def test_every_interleaving_that_keeps_each_streams_order_gives_equal_rows(database: str, seed: int) -> None:
    choose, codec = random.Random(seed), a_codec()
    stores = [MemoryStore(name) for name in ("sales", "marketing", "contacts")]
    for store in stores:
        await some_history(store, codec, seed, appends=30)
    streams: dict[str, list[Entry]] = {}
    for store in stores:
        events = await whole_log(store)
        for event, recorded in zip(events, await codec.decode_many(store.department, events), strict=True):
            streams.setdefault(event.stream, []).append(Entry(event, recorded))
    projection = customers([store.department for store in stores])
    folding, writer = Folding("sales", "sales", [projection]), Writer()

    async with open_views(database) as views:
        entries = list(shuffled(list(streams.values()), choose))
        while entries:
            size = choose.choice((1, 2, 5, 40, 500))
            batch, entries = entries[:size], entries[size:]
            await write(views, writer, folding.fold(batch).changes)

        assert await Expected.found(views) == await Expected.of(codec, *stores)


def shuffled(streams: list[list[Entry]], choose: random.Random) -> Iterator[Entry]:
    """All entries, each stream's in their order."""
    positions = [n for n, stream in enumerate(streams) for _ in stream]
    choose.shuffle(positions)
    following = [iter(stream) for stream in streams]
    for n in positions:
        yield next(following[n])
