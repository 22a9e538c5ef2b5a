"""A log that a department heard is restored to an earlier moment: what was lost is forgotten, what comes now is heard,
and nothing of it is taken for a repeat."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from eventlog.codec import Codec
from eventlog.errors import NoSuchPlace, NotSafe
from eventlog.events import Fork, Place, Position, Version
from eventlog.feed import PostgresFeed
from eventlog.kurrentdb import KurrentStore, log_name
from eventlog.kurrentdb import raise_generation as kurrentdb_generation
from eventlog.memory import MemoryStore
from eventlog.parked import Discarding, ParkedStreams
from eventlog.postgres.store import PostgresStore
from eventlog.projections import At
from eventlog.projector import Projector
from eventlog.reactions import Cancel, Due, Reactions, Todo
from eventlog.reactor import Reactor
from eventlog.rebuild import Rebuild
from eventlog.store import Store
from eventlog.views import Views
from tests.contract.test_projector import a_projection_that_chokes_on
from tests.support.department import (
    SCHEMA,
    TENANT,
    CustomerBought,
    CustomerCame,
    CustomerLeft,
    Expected,
    customers,
    heard,
    ledger_is_true,
    projecting,
    record,
)
from tests.support.kurrentdb import running_kurrentdb
from tests.support.log import Clock
from tests.support.postgres import TestServer
from tests.support.restoring import raise_generation, restored

HEARS = ("sales", "shop")


@pytest.fixture
async def sales(codec: Codec) -> MemoryStore:
    store = MemoryStore("sales")
    await record(store, codec, "visit-1", CustomerBought(customer="mia", what="tea", price=2))
    return store


@pytest.fixture
async def shop(postgres: TestServer) -> AsyncIterator[str]:
    """The database of the department that is heard, and restored."""
    name = postgres.create_database()
    yield postgres.dsn(name)
    postgres.drop_database(name)


def shopping(dsn: str) -> "asyncio.Future[PostgresStore]":
    return asyncio.ensure_future(PostgresStore.open(dsn, "shop"))


async def some_visits(store: Store, codec: Codec, seed: int, appends: int = 20) -> None:
    choose = random.Random(seed)
    for _ in range(appends):
        n = choose.randrange(6)
        bought = CustomerBought(customer=f"customer-{n % 3}", what=f"coffee {seed}", price=choose.randrange(9))
        await record(store, codec, f"visit-{n}", CustomerCame(customer=f"customer-{n % 3}"), bought)


@asynccontextmanager
async def hearing(
    views: Views, codec: Codec, *stores: Store, reactions: Sequence[Reactions] = ()
) -> AsyncIterator[Projector]:
    """Sales at work, which can compute its views anew."""
    feeds = [PostgresFeed(store) for store in stores]
    rebuild = Rebuild("sales", views, codec, feeds, [customers(HEARS)], SCHEMA)

    async def renew() -> None:
        await rebuild.run(compared=False)

    projections = [customers(HEARS)]
    async with projecting(
        views, codec, feeds, projections=projections, reactions=reactions, renew=renew, clock=Clock(NOW)
    ) as projector:
        yield projector


async def is_true(views: Views, codec: Codec, sales: MemoryStore, shop: Store) -> None:
    """The rows are a fold of the logs as they are, the ledger has what the log has, and nothing is parked."""
    assert await Expected.found(views) == await Expected.of(codec, sales, shop)
    await ledger_is_true(views, shop)
    assert await views.fetch("SELECT stream, version, kind, reason FROM parked") == []
    heads = await views.fetch("SELECT stream, version, digest FROM heads WHERE department = 'shop'")
    newest = await views.fetch("SELECT DISTINCT ON (stream) stream, version, digest FROM ledger ORDER BY 1, 2 DESC")
    assert sorted(map(tuple, heads)) == sorted(map(tuple, newest))


async def refused(
    views: Views, codec: Codec, sales: MemoryStore, shop: PostgresStore
) -> pytest.ExceptionInfo[ExceptionGroup[Exception]]:
    with pytest.raises(ExceptionGroup) as stopped:
        await asyncio.wait_for(
            Projector("sales", views, codec, [PostgresFeed(sales), PostgresFeed(shop)], []).run(), 20
        )
    return stopped


async def heard_and_restored(views: Views, codec: Codec, sales: MemoryStore, shop: str, moment: int) -> None:
    """Some visits to the shop, heard by sales; then the shop's log goes back to a position."""
    async with await shopping(shop) as store:
        await some_visits(store, codec, 1)
        async with hearing(views, codec, sales, store) as projector:
            await heard(projector, sales, store)
    await restored(shop, moment)


async def test_until_somebody_says_so_nobody_goes_on_and_the_command_is_named(
    views: Views, codec: Codec, sales: MemoryStore, shop: str
) -> None:
    await heard_and_restored(views, codec, sales, shop, 30)
    async with await shopping(shop) as store:
        await some_visits(store, codec, 2)
        stopped = await refused(views, codec, sales, store)
    assert stopped.group_contains(NotSafe, match=r"position 1\.40 .* run `baton log restored shop`")


@pytest.mark.parametrize(("moment", "before_it_was_noticed"), [(0, 0), (1, 3), (25, 40), (39, 3), (40, 0)])
async def test_what_was_lost_is_forgotten_and_what_comes_is_heard(
    moment: int, before_it_was_noticed: int, views: Views, codec: Codec, sales: MemoryStore, shop: str
) -> None:
    await heard_and_restored(views, codec, sales, shop, moment)
    async with await shopping(shop) as store:
        await some_visits(store, codec, 2, before_it_was_noticed)
        await raise_generation(shop, moment)
        await some_visits(store, codec, 3)
        async with hearing(views, codec, sales, store) as projector:
            await heard(projector, sales, store)
            with pytest.raises(NoSuchPlace):
                await projector.wait_for("shop", Place(1, Position(1)), 1.0)
            await some_visits(store, codec, 4)
            await heard(projector, sales, store)
        await is_true(views, codec, sales, store)
        assert await store.forks() == [Fork(2, Position(moment))]
        assert {event.generation for event in (await store.read_all(Position(moment), 500)).events} == {2}


async def test_a_restore_that_is_said_to_be_later_than_it_was_is_found_all_the_same(
    views: Views, codec: Codec, sales: MemoryStore, shop: str
) -> None:
    await heard_and_restored(views, codec, sales, shop, 16)
    async with await shopping(shop) as store:
        await some_visits(store, codec, 2)
        await raise_generation(shop, (await store.head()).position)
        async with hearing(views, codec, sales, store) as projector:
            await heard(projector, sales, store)
        await is_true(views, codec, sales, store)


@pytest.mark.parametrize("moment", [0, 1, 25, 40])
async def test_so_it_is_with_a_log_in_kurrentdb(
    moment: int, views: Views, codec: Codec, sales: MemoryStore, shop: str
) -> None:
    async with running_kurrentdb() as server:
        async with await KurrentStore.open(server.url, shop, "shop") as store:
            await some_visits(store, codec, 1)
            async with hearing(views, codec, sales, store) as projector:
                await heard(projector, sales, store)
        server.streams.restore(log_name("shop"), moment)
        await kurrentdb_generation(server.url, log_name("shop"))
        async with await KurrentStore.open(server.url, shop, "shop") as store:
            await some_visits(store, codec, 2)
            async with hearing(views, codec, sales, store) as projector:
                await heard(projector, sales, store)
            await is_true(views, codec, sales, store)
            assert await store.forks() == [Fork(2, Position(moment))]


async def test_restored_twice_also_to_a_moment_before_the_first_time(
    views: Views, codec: Codec, sales: MemoryStore, shop: str
) -> None:
    for moment, generation in ((30, 2), (44, 3), (12, 4)):
        async with await shopping(shop) as store:
            await some_visits(store, codec, generation)
            async with hearing(views, codec, sales, store) as projector:
                await heard(projector, sales, store)
        await restored(shop, moment)
        await raise_generation(shop, moment)
        async with await shopping(shop) as store:
            await some_visits(store, codec, 10 + generation, 5)
            async with hearing(views, codec, sales, store) as projector:
                await heard(projector, sales, store)
            assert (await store.head()).generation == generation
            await is_true(views, codec, sales, store)


async def test_a_log_that_forgot_its_own_generation_stops_those_who_heard_it(
    views: Views, codec: Codec, sales: MemoryStore, shop: str, postgres: TestServer
) -> None:
    async with await shopping(shop) as store:
        await some_visits(store, codec, 1)
        await raise_generation(shop, 40)
        async with hearing(views, codec, sales, store) as projector:
            await heard(projector, sales, store)
    older = postgres.create_database()
    async with await PostgresStore.open(postgres.dsn(older), "shop") as backup:
        await some_visits(backup, codec, 2)
        stopped = await refused(views, codec, sales, backup)
        assert stopped.group_contains(NotSafe, match="restored again. Run `baton log restored shop`")

        await raise_generation(postgres.dsn(older), 0, above=2)
        async with hearing(views, codec, sales, backup) as projector:
            await heard(projector, sales, backup)
        assert await backup.head() == Place(3, Position(40))
        await is_true(views, codec, sales, backup)
    postgres.drop_database(older)


async def test_what_was_parked_or_discarded_goes_with_what_was_lost(
    views: Views, codec: Codec, sales: MemoryStore, shop: str
) -> None:
    async with await shopping(shop) as store:
        for what in ("tea", "axe", "tea"):
            await record(store, codec, "visit-1", CustomerBought(customer="mia", what=what, price=1))
        await record(store, codec, "visit-2", CustomerBought(customer="ada", what="axe", price=1))
        await record(store, codec, "visit-3", CustomerBought(customer="bob", what="tea", price=1))
        feeds = [PostgresFeed(sales), PostgresFeed(store)]
        async with projecting(
            views, codec, feeds, projections=[a_projection_that_chokes_on("axe", HEARS)]
        ) as projector:
            await heard(projector, sales, store)
            parked = ParkedStreams(views, projector.heal_stream)

            async def nobody(_: object) -> None:
                """It is a test."""

            await parked.discard(Discarding(TENANT, "shop.visit-2", Version(1), "no axes", datetime.now(UTC), nobody))
            assert [each.stream for each in await parked.list()] == ["shop.visit-1"]
    await restored(shop, 1)
    await raise_generation(shop, 1)
    async with await shopping(shop) as store:
        await record(store, codec, "visit-2", CustomerBought(customer="ada", what="cake", price=3))
        async with hearing(views, codec, sales, store) as projector:
            await heard(projector, sales, store)
        await is_true(views, codec, sales, store)
        assert await views.fetch("SELECT * FROM discarded") == []


def a_reminder(done: list[tuple[str, str]]) -> Reactions:
    """Who comes is greeted; reminded of the last thing bought, a day later; and no more once they have left."""
    made = Reactions("reminder", sources=("shop",))

    @made.on(CustomerCame)
    def came(fact: CustomerCame, at: At) -> Iterable[Todo]:
        yield Todo("greet", {"customer": fact.customer})

    @made.on(CustomerBought)
    def bought(fact: CustomerBought, at: At) -> Iterable[Todo]:
        yield Todo("remind", {"customer": fact.what}, due=NOW + timedelta(days=1), key=fact.customer)

    @made.on(CustomerLeft)
    def left(fact: CustomerLeft, at: At) -> Iterable[Cancel]:
        yield Cancel("remind", fact.customer)

    async def do(due: Due) -> None:
        done.append((due.kind, due.args["customer"]))

    made.does("greet", do)
    made.does("remind", do)
    return made


NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


async def test_todos_of_lost_facts_are_dropped_and_those_in_whose_place_they_were_come_back(
    views: Views, codec: Codec, sales: MemoryStore, shop: str
) -> None:
    done: list[tuple[str, str]] = []
    reactions = a_reminder(done)
    async with await shopping(shop) as store:
        for n, customer in enumerate(("mia", "ada", "bob")):
            await record(
                store, codec, f"visit-{n}", CustomerBought(customer=customer, what=f"tea for {customer}", price=1)
            )
        await record(store, codec, "visit-0", CustomerBought(customer="mia", what="cake", price=1))
        await record(store, codec, "visit-1", CustomerLeft(customer="ada"))
        await record(store, codec, "visit-3", CustomerBought(customer="eve", what="an apple", price=1))
        async with hearing(views, codec, sales, store, reactions=[reactions]) as projector:
            await heard(projector, sales, store)
        assert await asked(views) == ["an apple", "cake", "tea for bob"]
    await restored(shop, 3)
    await raise_generation(shop, 3)
    async with await shopping(shop) as store:
        async with hearing(views, codec, sales, store, reactions=[reactions]) as projector:
            await heard(projector, sales, store)
        assert await asked(views) == ["tea for ada", "tea for bob", "tea for mia"]
        await is_true(views, codec, sales, store)


async def asked(views: Views) -> list[str]:
    rows = await views.fetch("SELECT args::json ->> 'customer' AS args FROM todos ORDER BY 1")
    return [row["args"] for row in rows]


async def test_a_command_that_is_given_again_makes_another_fact_and_what_follows_is_done_again(
    views: Views, codec: Codec, sales: MemoryStore, shop: str
) -> None:
    done: list[tuple[str, str]] = []
    given: set[UUID] = set()
    reactions = a_reminder(done)
    reactor = Reactor("sales", views, [reactions], Clock(NOW))
    command = uuid4()
    async with await shopping(shop) as store:
        first = await record(store, codec, "visit-1", CustomerCame(customer="mia"), command=command)
        async with hearing(views, codec, sales, store, reactions=[reactions]) as projector:
            await heard(projector, sales, store)
        given |= {row["command_id"] for row in await views.fetch("SELECT command_id FROM todos")}
        assert await reactor.run_due() == 1
    await restored(shop, 0)
    await raise_generation(shop, 0)
    async with await shopping(shop) as store:
        again = await record(store, codec, "visit-1", CustomerCame(customer="ada"), command=command)
        assert (first.repeated, again.repeated) == (False, False)
        async with hearing(views, codec, sales, store, reactions=[reactions]) as projector:
            await heard(projector, sales, store)
        given |= {row["command_id"] for row in await views.fetch("SELECT command_id FROM todos")}
        assert await reactor.run_due() == 1
        assert done == [("greet", "mia"), ("greet", "ada")]
        assert len(given) == 2
        await is_true(views, codec, sales, store)


async def test_the_own_views_that_were_restored_with_their_log_go_on(views: Views, codec: Codec, database: str) -> None:
    async with await PostgresStore.open(database, "sales") as store:
        await record(store, codec, "visit-1", CustomerBought(customer="mia", what="tea", price=2))
        async with hearing(views, codec, store) as projector:
            await heard(projector, store)
            await raise_generation(database, 1)
            await record(store, codec, "visit-1", CustomerBought(customer="mia", what="cake", price=3))
            await heard(projector, store)
        assert await Expected.found(views) == await Expected.of(codec, store)
        assert await views.fetchval("SELECT generation FROM checkpoints WHERE source = 'sales'") == 2


async def test_an_answer_from_before_the_restore_names_a_place_of_the_log_as_it_is(codec: Codec, shop: str) -> None:
    command = uuid4()
    async with await shopping(shop) as store:
        first = await record(store, codec, "visit-1", CustomerCame(customer="mia"), command=command)
        await record(store, codec, "visit-1", CustomerCame(customer="mia"))
    await restored(shop, 1)
    await raise_generation(shop, 1)
    async with await shopping(shop) as store:
        again = await record(store, codec, "visit-1", CustomerCame(customer="mia"), command=command)
    assert (again.repeated, again.place, first.place) == (True, Place(2, Position(1)), Place(1, Position(1)))
