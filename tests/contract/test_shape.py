"""A home of an earlier release goes on: what its tables lack is computed from the logs at the first start."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest

from eventlog import release
from eventlog.codec import Codec
from eventlog.errors import NotSafe
from eventlog.feed import PostgresFeed
from eventlog.memory import MemoryStore
from eventlog.projections import At, Change, Insert, Projection
from eventlog.projector import Projector
from eventlog.rebuild import Rebuild, RebuildFailed
from eventlog.shape import bring_up_to_date
from eventlog.views import Views
from tests.contract.test_projector import some_history
from tests.support.department import (
    SCHEMA,
    CustomerCame,
    Expected,
    customers,
    heard,
    open_views,
    projecting,
    record,
)
from tests.support.log import DEADLINE_S

#: As the release before had it: customers without what they spent, and nobody noted visits.
BEFORE = (
    SCHEMA.partition("CREATE TABLE IF NOT EXISTS visits")[0]
    .replace("    spent bigint NOT NULL DEFAULT 0,\n", "")
    .replace("CREATE INDEX IF NOT EXISTS customers_by_spent ON customers (tenant, spent DESC, customer);\n", "")
)


@pytest.fixture
async def views(database: str) -> AsyncIterator[Views]:
    async with open_views(database, BEFORE) as views:
        yield views


@pytest.fixture
async def sales(codec: Codec) -> MemoryStore:
    store = MemoryStore("sales")
    await some_history(store, codec, 7)
    return store


def a_rebuild(views: Views, codec: Codec, sales: MemoryStore, ddl: str = SCHEMA) -> Rebuild:
    return Rebuild("sales", views, codec, [PostgresFeed(sales)], [customers(["sales"])], ddl)


async def heard_before(views: Views, sales: MemoryStore) -> None:
    """As the release before left it: its projector had heard everything."""
    head = await sales.head()
    await views.execute(
        "INSERT INTO checkpoints (source, generation, position) VALUES ('sales', $1, $2)",
        head.generation,
        head.position,
    )


async def test_tables_of_an_earlier_release_are_computed_anew(views: Views, codec: Codec, sales: MemoryStore) -> None:
    await heard_before(views, sales)

    assert await bring_up_to_date(a_rebuild(views, codec, sales))

    assert await Expected.found(views) == await Expected.of(codec, sales)
    assert not await bring_up_to_date(a_rebuild(views, codec, sales))


async def test_of_several_processes_that_start_at_once_one_computes(
    views: Views, codec: Codec, sales: MemoryStore
) -> None:
    await heard_before(views, sales)

    done = await asyncio.gather(*(bring_up_to_date(a_rebuild(views, codec, sales)) for _ in range(3)))

    assert sorted(done) == [False, False, True]


async def test_a_new_home_has_nothing_to_compute(database: str, codec: Codec, sales: MemoryStore) -> None:
    async with open_views(database, "SELECT") as views:
        assert not await bring_up_to_date(a_rebuild(views, codec, sales))
        async with projecting(views, codec, [PostgresFeed(sales)]) as projector:
            await heard(projector, sales)

        assert await Expected.found(views) == await Expected.of(codec, sales)


async def test_a_comment_or_an_index_more_leaves_the_rows_alone(
    database: str, codec: Codec, sales: MemoryStore
) -> None:
    async with open_views(database, SCHEMA) as views:
        more = f"-- Said better.\n{SCHEMA}\nCREATE INDEX IF NOT EXISTS customers_day ON customers (tenant, last_day);"

        assert not await bring_up_to_date(a_rebuild(views, codec, sales, more))

        assert await views.fetchval("SELECT to_regclass('views.customers_day') IS NOT NULL")


def the_release_before() -> Projection:
    """Its projection: what was spent, and visits, it does not know."""
    made = Projection("customers", tables={"customers": ("tenant", "customer")}, sources=["sales"])

    @made.on(CustomerCame)
    def came(fact: CustomerCame, at: At) -> Iterable[Change]:
        yield Insert("customers", {"tenant": at.tenant, "customer": fact.customer, "name": fact.called})

    return made


async def test_a_projector_of_the_release_before_does_not_go_on_in_tables_of_the_next(
    views: Views, codec: Codec, sales: MemoryStore
) -> None:
    async with views.transaction() as connection:
        await release.remember(connection, release.digest(BEFORE))
    before = Projector(
        "sales", views, codec, [PostgresFeed(sales)], [the_release_before()], release=release.digest(BEFORE)
    )
    running = asyncio.create_task(before.run())
    try:
        await heard(before, sales)

        assert await bring_up_to_date(a_rebuild(views, codec, sales))
        await record(sales, codec, "customer-late", CustomerCame(customer="late"))

        await asyncio.wait({running}, timeout=DEADLINE_S)
        assert running.done(), "the old projector goes on"
        with pytest.raises(ExceptionGroup) as stopped:
            running.result()
        assert stopped.group_contains(NotSafe, match="another release")
    finally:
        running.cancel()
        await asyncio.wait({running})
    assert await views.fetchval("SELECT count(*) FROM customers WHERE customer = 'late'") == 0

    async with projecting(views, codec, [PostgresFeed(sales)], release=release.digest(SCHEMA)) as after:
        await heard(after, sales)
    assert await Expected.found(views) == await Expected.of(codec, sales)


async def test_a_program_of_the_release_before_does_not_swap_its_tables_back(
    views: Views, codec: Codec, sales: MemoryStore
) -> None:
    await heard_before(views, sales)
    await bring_up_to_date(a_rebuild(views, codec, sales))

    with pytest.raises(NotSafe, match="another release"):
        await a_rebuild(views, codec, sales, f"-- The release before.\n{SCHEMA}").run()

    assert await release.remembered(views) == release.digest(SCHEMA)


async def test_an_index_that_the_release_before_had_otherwise_is_made_anew(
    database: str, codec: Codec, sales: MemoryStore
) -> None:
    index = "CREATE INDEX IF NOT EXISTS customers_by_spent ON customers (tenant, spent DESC, customer)"
    before = SCHEMA.replace(index, "CREATE INDEX customers_by_spent ON customers (tenant)")
    async with open_views(database, before) as views:
        await views.execute("CREATE INDEX of_an_operator ON customers (name)")
        await views.execute("INSERT INTO customers (tenant, customer) VALUES ('olist', 'untouched')")

        assert not await bring_up_to_date(a_rebuild(views, codec, sales))

        made = await views.fetchval("SELECT indexdef FROM pg_indexes WHERE indexname = 'customers_by_spent'")
        assert made.endswith("ON views.customers USING btree (tenant, spent DESC, customer)")
        assert await views.fetchval("SELECT to_regclass('views.of_an_operator') IS NOT NULL")
        assert await views.fetchval("SELECT customer FROM customers") == "untouched"


@pytest.mark.parametrize(
    "rule",
    [
        "CREATE UNIQUE INDEX IF NOT EXISTS customers_names ON customers (tenant, customer, name)",
        "ALTER TABLE customers ADD CHECK (spent >= 0)",
    ],
)
async def test_tables_whose_rows_were_held_to_another_rule_are_computed_anew(
    database: str, codec: Codec, sales: MemoryStore, rule: str
) -> None:
    async with open_views(database, SCHEMA) as views:
        await views.execute(rule)
        await heard_before(views, sales)

        assert await bring_up_to_date(a_rebuild(views, codec, sales))

        assert await Expected.found(views) == await Expected.of(codec, sales)


async def test_a_table_that_is_new_is_still_to_be_computed_after_a_failure(
    database: str, codec: Codec, sales: MemoryStore
) -> None:
    """Only visits are new; its log cannot be read at first."""
    async with open_views(database, SCHEMA.partition("CREATE TABLE IF NOT EXISTS visits")[0]) as views:
        await heard_before(views, sales)
        with pytest.raises(RebuildFailed):
            await bring_up_to_date(a_rebuild(views, codec, MemoryStore("sales")))

        assert await bring_up_to_date(a_rebuild(views, codec, sales))

        assert await Expected.found(views) == await Expected.of(codec, sales)
