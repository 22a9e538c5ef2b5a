"""A department's read models, ledger and checkpoints follow what it hears, whatever happens on the way."""

import asyncio
import random
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from eventlog.ahead import either
from eventlog.codec import Codec, Origin
from eventlog.errors import Behind, KeyringUnavailable, NoSuchPlace, NotSafe
from eventlog.events import Event, NewEvent, Place, Position, Version
from eventlog.feed import Feed, PostgresFeed, Told
from eventlog.keyring import DataKey, MemoryKeyring
from eventlog.marks import WHOLE, Marks
from eventlog.memory import MemoryStore
from eventlog.parked import Discarding, ParkedStreams
from eventlog.projections import At, Change, Insert, Projection
from eventlog.projector import Projector
from eventlog.source import TooManyParked
from eventlog.store import Store
from eventlog.views import Views
from facts.registry import Fact, Registry
from tests.support.department import (
    REGISTRY,
    TENANT,
    CustomerBought,
    CustomerCame,
    CustomerLeft,
    Expected,
    append,
    customers,
    heard,
    ledger_is_true,
    projecting,
    record,
)
from tests.support.faulty_feed import Faults, FaultyFeed
from tests.support.log import eventually
from tests.support.parted_feed import PartedFeed

NAMES = ("Ana Souza", "João Pereira", "Мария Иванова", "山田 太郎")


@pytest.fixture
def sales() -> MemoryStore:
    return MemoryStore("sales")


@pytest.fixture
def marketing() -> MemoryStore:
    return MemoryStore("marketing")


async def some_history(store: Store, codec: Codec, seed: int, appends: int = 60) -> None:
    """Customers come, buy and leave, several streams of facts about each."""
    choose = random.Random(f"{store.department} {seed}")
    for _ in range(appends):
        n = choose.randrange(6)
        customer, stream = f"customer-{n % 3}", f"visit-{n}"
        facts: list[Fact] = [CustomerCame(customer=customer, called=choose.choice(NAMES))]
        for _ in range(choose.randrange(4)):
            facts.append(
                CustomerBought(customer=customer, what="coffee", price=choose.randrange(9), day=choose.randrange(9))
            )
        if choose.random() < 0.1:
            facts.append(CustomerLeft(customer=customer))
        await record(store, codec, stream, *facts)


async def test_a_fact_becomes_a_row_a_head_and_a_checkpoint(views: Views, codec: Codec, sales: MemoryStore) -> None:
    async with projecting(views, codec, [PostgresFeed(sales)]) as projector:
        appended = await record(sales, codec, "visit-1", CustomerCame(customer="ana", called="Ana Souza"))
        await projector.wait_for("sales", appended.place, 20)

        row = await views.fetchrow("SELECT customer, name, spent FROM customers")
        (event,) = (await sales.read_all(Position(0))).events

        assert row is not None
        assert tuple(row) == ("ana", "Ana Souza", 0)
        assert projector.checkpoint("sales") == Place(1, Position(1))
        assert await views.fetchval("SELECT digest FROM heads WHERE stream = 'sales.visit-1'") == event.digest
        assert await views.fetchval("SELECT count(*) FROM ledger") == 0


async def test_what_others_tell_is_ledgered_under_digests_that_were_recomputed(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore
) -> None:
    await some_history(marketing, codec, seed=1)
    async with projecting(views, codec, [PostgresFeed(sales), PostgresFeed(marketing)]) as projector:
        await heard(projector, marketing)

    assert await Expected.found(views) == await Expected.of(codec, marketing)
    await ledger_is_true(views, marketing)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("parted", [False, True])
async def test_dropped_repeated_reordered_and_late_facts_change_nothing(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore, seed: int, parted: bool
) -> None:
    faults = Faults(drop=0.05, repeat=0.1, reorder=0.1, delay=0.1)
    log = PostgresFeed(marketing, page_events=17)
    feed = FaultyFeed(PartedFeed(log) if parted else log, faults, seed)
    async with projecting(views, codec, [PostgresFeed(sales), feed]) as projector:
        await some_history(marketing, codec, seed, appends=40)
        end = (await marketing.head()).position
        await eventually(lambda: have_gone_through(feed, end), "all went through the feed")
        feed.faults = Faults()
        # The next fact of each stream shows what did not come before it.
        for n in range(6):
            await record(marketing, codec, f"visit-{n}", CustomerCame(customer=f"customer-{n % 3}"))
        await heard(projector, marketing)

    assert {what for what, _, _ in feed.done} == {"drop", "repeat", "reorder", "delay"}
    assert await Expected.found(views) == await Expected.of(codec, marketing)
    await ledger_is_true(views, marketing)


async def have_gone_through(feed: FaultyFeed, events: int) -> bool:
    return feed.passed >= events


async def test_a_flipped_bit_is_an_alarm_that_is_never_ledgered_and_heals_from_the_owner(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore
) -> None:
    feed = FaultyFeed(PostgresFeed(marketing), Faults(flip=1.0), only="visit-3")
    async with projecting(views, codec, [PostgresFeed(sales), feed]) as projector:
        await some_history(marketing, codec, seed=3)
        await heard(projector, marketing)

        (stopped,) = await ParkedStreams(views, projector.heal_stream).list()
        assert (stopped.stream, stopped.version, stopped.kind) == ("marketing.visit-3", 1, "ALARM")
        assert await views.fetchval("SELECT count(*) FROM ledger WHERE stream = 'marketing.visit-3'") == 0

        assert await projector.heal("marketing", TENANT, "marketing.visit-3")

        assert await Expected.found(views) == await Expected.of(codec, marketing)
        await ledger_is_true(views, marketing)


async def test_the_true_fact_behind_a_spoiled_one_leaves_the_alarm_as_it_is(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore
) -> None:
    """Else it would wait, parked, behind nothing that anybody heals."""
    async with projecting(views, codec, [PostgresFeed(sales), PostgresFeed(marketing)]) as projector:
        await record(marketing, codec, "visit-1", CustomerCame(customer="ana"))
        await heard(projector, marketing)
        source = projector.sources["marketing"]
        true = replace((await marketing.read_all(Position(0))).events[0], version=Version(2))
        for event in (replace(true, data=b"{}"), true):
            async with source._writing:
                await source._apply(await source._decoded(Told.beside(WHOLE, [event])))

    async with projecting(views, codec, [PostgresFeed(sales), PostgresFeed(marketing)]) as projector:
        await heard(projector, marketing)
        assert projector.sources["marketing"].alarmed() == [(TENANT, "marketing.visit-1")]


class CutOff(PartedFeed):
    """Neither the feed nor the owner's log has the first fact of a stream."""

    lacking = True

    async def pages(self, marks: Marks) -> AsyncGenerator[Told, None]:
        async with aclosing(super().pages(marks)) as pages:
            async for told in pages:
                kept = [n for n, event in enumerate(told.events) if event.version > 1]
                offsets = [told.offsets[n] for n in kept]
                yield Told([told.events[n] for n in kept], [told.parts[n] for n in kept], offsets)

    async def refetch(self, tenant: str, stream: str, after: Version, upto: Version) -> Sequence[Event]:
        found = await super().refetch(tenant, stream, after, upto)
        return [event for event in found if event.version > 1] if self.lacking else found


async def test_a_history_that_its_owner_lacks_is_an_alarm_that_outlives_a_restart_and_heals_once_it_is_there(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore
) -> None:
    feed = CutOff(PostgresFeed(marketing))
    bought = CustomerBought(customer="ana", what="tea", price=3)
    await record(marketing, codec, "visit-1", CustomerCame(customer="ana"), bought)
    async with projecting(views, codec, [PostgresFeed(sales), feed]) as projector:
        await heard(projector, marketing)

        (stopped,) = await ParkedStreams(views, projector.heal_stream).list()
        assert (stopped.stream, stopped.version, stopped.kind) == ("marketing.visit-1", 2, "ALARM")
        assert not await projector.heal("marketing", TENANT, "marketing.visit-1")

    async with projecting(views, codec, [PostgresFeed(sales), feed]) as projector:
        await heard(projector, marketing)
        assert projector.sources["marketing"].alarmed() == [(TENANT, "marketing.visit-1")]

        feed.lacking = False
        assert await projector.heal("marketing", TENANT, "marketing.visit-1")

        assert await Expected.found(views) == await Expected.of(codec, marketing)
        await ledger_is_true(views, marketing)


async def test_a_heal_that_broke_off_after_its_commit_leaves_nothing_parked(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = FaultyFeed(PostgresFeed(marketing), Faults(flip=1.0), only="visit-1")
    async with projecting(views, codec, [PostgresFeed(sales), feed]) as projector:
        await record(marketing, codec, "visit-1", CustomerCame(customer="ana"))
        await heard(projector, marketing)
        source = projector.sources["marketing"]

        def broken_off(*_: object) -> None:
            raise ConnectionResetError

        with monkeypatch.context() as patch:
            patch.setattr(source, "_committed", broken_off)
            with pytest.raises(ConnectionResetError):
                await source.heal((TENANT, "marketing.visit-1"))
        feed.faults = Faults()
        await record(marketing, codec, "visit-1", CustomerBought(customer="ana", what="tea", price=3))
        await heard(projector, marketing)

        assert source.alarmed() == []
        assert await ParkedStreams(views, projector.heal_stream).list() == []
        assert await Expected.found(views) == await Expected.of(codec, marketing)


async def test_a_repeat_with_other_bytes_is_an_alarm(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore
) -> None:
    feed = FaultyFeed(PostgresFeed(marketing), Faults())
    async with projecting(views, codec, [PostgresFeed(sales), feed]) as projector:
        await record(marketing, codec, "visit-1", CustomerCame(customer="ana"))
        await heard(projector, marketing)
        source = projector.sources["marketing"]
        (event,) = (await marketing.read_all(Position(0))).events

        async with source._writing:
            await source._apply(await source._decoded(Told.beside(WHOLE, [replace(event, data=b"{}")])))

        (stopped,) = await ParkedStreams(views, projector.heal_stream).list()
        assert (stopped.stream, stopped.kind) == ("marketing.visit-1", "ALARM")
        assert await projector.heal("marketing", TENANT, "marketing.visit-1")
        await ledger_is_true(views, marketing)


async def test_what_a_feed_keeps_back_is_fetched_when_it_is_asked_for(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore
) -> None:
    feed = FaultyFeed(PartedFeed(PostgresFeed(marketing)), Faults(drop=1.0), only="visit-2")
    async with projecting(views, codec, [PostgresFeed(sales), feed]) as projector:
        await some_history(marketing, codec, seed=2)
        await record(marketing, codec, "visit-last", CustomerCame(customer="ana"))
        await heard(projector, marketing)
        upto = await marketing.stream_version(TENANT, "marketing.visit-2")

        assert await projector.heal("marketing", TENANT, "marketing.visit-2", upto)

        await ledger_is_true(views, marketing)


async def test_many_sources_that_touch_the_same_rows_add_up(views: Views, codec: Codec, sales: MemoryStore) -> None:
    others = [MemoryStore(name) for name in ("marketing", "contacts", "support")]
    feeds = [PostgresFeed(store, page_events=13) for store in (sales, *others)]
    async with projecting(views, codec, feeds) as projector:
        await asyncio.gather(*(some_history(store, codec, seed=4) for store in (sales, *others)))
        await heard(projector, sales, *others)

    assert await Expected.found(views) == await Expected.of(codec, sales, *others)


async def test_a_projector_that_dies_anywhere_goes_on_where_it_was(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore
) -> None:
    choose = random.Random(5)
    await some_history(marketing, codec, seed=5, appends=120)
    feeds = [PostgresFeed(sales), PostgresFeed(marketing, page_events=7)]
    for _ in range(8):
        async with projecting(views, codec, feeds) as projector:
            place = Place(1, Position(projector.checkpoint("marketing").position + choose.randrange(1, 60)))
            await projector.wait_for("marketing", min(place, await marketing.head()), 20)
    async with projecting(views, codec, feeds) as projector:
        await heard(projector, marketing)

    assert await Expected.found(views) == await Expected.of(codec, marketing)
    await ledger_is_true(views, marketing)


async def test_two_projectors_of_one_department_count_nothing_twice(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore
) -> None:
    feeds = [PostgresFeed(sales), PostgresFeed(marketing, page_events=5)]
    async with projecting(views, codec, feeds) as first, projecting(views, codec, feeds) as second:
        await some_history(marketing, codec, seed=6)
        await either(heard(first, marketing), heard(second, marketing))

    assert await Expected.found(views) == await Expected.of(codec, marketing)


async def test_a_reader_that_waits_too_long_is_told_how_far_it_is(
    views: Views, codec: Codec, sales: MemoryStore
) -> None:
    projector = Projector("sales", views, codec, [PostgresFeed(sales)], [])
    appended = await record(sales, codec, "visit-1", CustomerCame(customer="ana"))

    with pytest.raises(Behind, match=r"sales was heard up to 0\.0, not yet to 1\.1"):
        await projector.wait_for("sales", appended.place, 0.01)


@pytest.mark.parametrize("place", [Place(2, Position(1)), Place(1, Position(3))])
async def test_a_place_that_the_log_does_not_have_is_refused_at_once(
    views: Views, codec: Codec, sales: MemoryStore, place: Place
) -> None:
    await record(sales, codec, "visit-1", CustomerCame(customer="ana"), CustomerLeft(customer="ana"))
    async with projecting(views, codec, [PostgresFeed(sales)]) as projector:
        with pytest.raises(NoSuchPlace):
            await projector.wait_for("sales", place, 60)


def a_projection_that_chokes_on(what: str, sources: Sequence[str] = ("sales", "marketing")) -> Projection:
    made = customers(sources)

    @made.on(CustomerBought)
    def choke(fact: CustomerBought, at: At) -> Iterable[Change]:
        if fact.what == what:
            raise ValueError(f"{fact.customer} bought {what}")
        return ()

    return made


async def test_a_fact_that_cannot_be_handled_stops_its_stream_and_nothing_else(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore
) -> None:
    feeds = [PostgresFeed(sales), PostgresFeed(marketing)]
    await record(
        marketing, codec, "visit-1", *(CustomerBought(customer="ana", what=x, price=1) for x in ("tea", "axe"))
    )
    await record(marketing, codec, "visit-2", CustomerBought(customer="joão", what="tea", price=1))
    await record(marketing, codec, "visit-1", CustomerBought(customer="ana", what="tea", price=1))
    async with projecting(views, codec, feeds, projections=[a_projection_that_chokes_on("axe")]) as projector:
        await heard(projector, marketing)
        parked = ParkedStreams(views, projector.heal_stream)

        (stopped,) = await parked.list()
        assert (stopped.source, stopped.stream, stopped.version, stopped.kind, stopped.events) == (
            *("marketing", "marketing.visit-1", 2, "FAULT", 2),
        )
        assert stopped.reason.startswith("ValueError at test_projector.py:")
        assert [event.version for event, _, _ in await parked.show(TENANT, "marketing.visit-1")] == [2, 3]
        spent = {row["customer"]: row["spent"] for row in await views.fetch("SELECT customer, spent FROM customers")}
        assert spent == {"ana": 1, "joão": 1}
        assert not await parked.retry(TENANT, "marketing.visit-1")

    async with projecting(views, codec, feeds) as repaired:
        parked = ParkedStreams(views, repaired.heal_stream)
        await record(marketing, codec, "visit-1", CustomerBought(customer="ana", what="tea", price=1))
        await heard(repaired, marketing)
        assert (await parked.list())[0].events == 3
        assert await parked.retry(TENANT, "marketing.visit-1")

    assert await Expected.found(views) == await Expected.of(codec, marketing)
    await ledger_is_true(views, marketing)


async def test_a_fact_that_the_database_refuses_is_found_in_its_batch(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore
) -> None:
    for n in range(40):
        what = "nul \0" if n == 23 else "tea"
        await record(marketing, codec, f"visit-{n}", CustomerBought(customer=f"c{n}", what=what, price=1))
    async with projecting(views, codec, [PostgresFeed(sales), PostgresFeed(marketing)]) as projector:
        await heard(projector, marketing)
        (stopped,) = await ParkedStreams(views, projector.heal_stream).list()

    assert stopped.stream == "marketing.visit-23"
    assert await views.fetchval("SELECT count(*) FROM customers") == 39


async def test_discarding_a_fact_is_recorded_first_and_the_stream_goes_on_without_it(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore
) -> None:
    await record(
        *(marketing, codec, "visit-1"),
        *(CustomerBought(customer="ana", what=x, price=1) for x in ("tea", "axe", "tea")),
    )
    feeds = [PostgresFeed(sales), PostgresFeed(marketing)]
    recorded: list[Event] = []

    async def keep(event: Event) -> None:
        recorded.append(event)

    async with projecting(views, codec, feeds, projections=[a_projection_that_chokes_on("axe")]) as projector:
        await heard(projector, marketing)
        parked = ParkedStreams(views, projector.heal_stream)
        now = datetime(2026, 3, 1, tzinfo=UTC)
        assert await parked.discard(Discarding(TENANT, "marketing.visit-1", Version(2), "a toy axe", now, keep))
        await record(marketing, codec, "visit-1", CustomerBought(customer="ana", what="tea", price=1))
        await heard(projector, marketing)

        assert [event.version for event in recorded] == [2]
        assert await views.fetchval("SELECT spent FROM customers") == 3
        assert [row["version"] for row in await views.fetch("SELECT version FROM ledger ORDER BY 1")] == [1, 3, 4]


async def test_a_fact_of_a_newer_program_waits_for_it(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore
) -> None:
    (event,), _ = await codec.encode([CustomerBought(customer="ana", what="tea", price=2)], Origin(TENANT), uuid4())
    await append(marketing, "visit-1", [replace(event, schema=2)])
    feeds = [PostgresFeed(sales), PostgresFeed(marketing)]
    async with projecting(views, codec, feeds) as projector:
        await heard(projector, marketing)
        (stopped,) = await ParkedStreams(views, projector.heal_stream).list()
        assert stopped.kind == "NEWER"

    newer = Registry(dict(REGISTRY.facts), {("test.customer-bought", 1): lambda data: data})
    newer.facts[event.type] = type("Newer", (CustomerBought,), {"schema_version": 2})
    async with projecting(views, Codec(newer, MemoryKeyring()), feeds):
        await eventually(lambda: is_spent(views, 2), "the newer program has retried the stream")


async def is_spent(views: Views, amount: int) -> bool:
    return bool(await views.fetchval("SELECT spent FROM customers") == amount)


class KeyringAway(MemoryKeyring):
    away = True

    async def get_many(self, tenant_keys: Iterable[tuple[str, str]]) -> Mapping[str, DataKey | None]:
        if self.away:
            raise KeyringUnavailable("the keyring is restarted")
        return await super().get_many(tenant_keys)


async def test_an_unavailable_keyring_is_waited_for_and_nothing_is_parked(views: Views, sales: MemoryStore) -> None:
    keyring = KeyringAway()
    codec = Codec(REGISTRY, keyring)
    appended = await record(sales, codec, "visit-1", CustomerCame(customer="ana", called="Ana Souza"))
    async with projecting(views, codec, [PostgresFeed(sales)]) as projector:
        with pytest.raises(Behind):
            await projector.wait_for("sales", appended.place, 0.3)
        keyring.away = False
        await projector.wait_for("sales", appended.place, 10)

    assert await views.fetchval("SELECT name FROM customers") == "Ana Souza"
    assert await views.fetchval("SELECT count(*) FROM parked") == 0


async def test_very_many_parked_streams_stop_the_projector(views: Views, codec: Codec, sales: MemoryStore) -> None:
    for n in range(30):
        await append(sales, f"visit-{n}", [NewEvent("test.customer-bought", 1, b"[]", b"{}")])

    projector = Projector("sales", views, codec, [PostgresFeed(sales)], [customers(["sales"])], parked_streams_max=20)

    with pytest.raises(ExceptionGroup) as stopped:
        await asyncio.wait_for(projector.run(), 20)

    assert await views.fetchval("SELECT count(*) FROM parked") == 30
    assert stopped.group_contains(TooManyParked)


async def test_a_log_that_was_restored_to_an_earlier_moment_is_not_read_on(views: Views, codec: Codec) -> None:
    before, restored = MemoryStore("sales"), MemoryStore("sales")
    await some_history(before, codec, seed=7)
    async with projecting(views, codec, [PostgresFeed(before)]) as projector:
        await heard(projector, before)
    await some_history(restored, codec, seed=8)

    with pytest.raises(ExceptionGroup) as refused:
        await asyncio.wait_for(Projector("sales", views, codec, [PostgresFeed(restored)], []).run(), 20)

    assert refused.group_contains(NotSafe, match="the log was restored to an earlier moment")


async def test_a_lost_connection_is_replaced(postgres: object, views: Views, codec: Codec, sales: MemoryStore) -> None:
    async with projecting(views, codec, [PostgresFeed(sales)]) as projector:
        for n in range(5):
            await record(sales, codec, f"visit-{n}", CustomerBought(customer="ana", what="tea", price=1))
            await heard(projector, sales)
            await views.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    assert await Expected.found(views) == await Expected.of(codec, sales)


async def test_a_row_in_a_table_that_is_not_there_stops_the_projector_and_parks_nothing(
    views: Views, codec: Codec, sales: MemoryStore
) -> None:
    made = Projection("wrong", tables={"customers": ("tenant", "customer")})

    @made.on(CustomerCame)
    def came(fact: CustomerCame, at: At) -> Iterable[Change]:
        yield Insert("customers", {"tenant": at.tenant, "customer": fact.customer, "shoe_size": 43})

    await record(sales, codec, "visit-1", CustomerCame(customer="ana"))
    with pytest.raises(ExceptionGroup) as stopped:
        await asyncio.wait_for(Projector("sales", views, codec, [PostgresFeed(sales)], [made]).run(), 20)

    assert stopped.group_contains(LookupError, match="views.customers has no column shoe_size")
    assert await views.fetchval("SELECT count(*) FROM parked") == 0


async def test_what_comes_in_parts_is_heard_completely_when_every_part_says_so(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore
) -> None:
    feeds: list[Feed] = [PostgresFeed(sales), PartedFeed(PostgresFeed(marketing, page_events=9), late_s=0.02)]
    async with projecting(views, codec, feeds) as projector:
        await some_history(marketing, codec, seed=12)
        await heard(projector, marketing)

        assert projector.checkpoint("marketing") == await marketing.head()
        assert await Expected.found(views) == await Expected.of(codec, marketing)
        await ledger_is_true(views, marketing)


async def test_two_projectors_of_one_department_share_a_source_in_parts_and_count_nothing_twice(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore
) -> None:
    """Both want every part, and take them from each other all the time."""
    feeds: list[Feed] = [PostgresFeed(sales), PartedFeed(PostgresFeed(marketing, page_events=5), late_s=0.005)]
    async with projecting(views, codec, feeds) as first, projecting(views, codec, feeds) as second:
        await some_history(marketing, codec, seed=13)
        await either(heard(first, marketing), heard(second, marketing))

    assert await Expected.found(views) == await Expected.of(codec, marketing)


async def test_healing_a_stream_of_another_projectors_part_leaves_nothing_parked(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore
) -> None:
    feed = PartedFeed(PostgresFeed(marketing))
    await record(
        marketing, codec, "visit-1", *(CustomerBought(customer="ana", what=x, price=1) for x in ("tea", "axe"))
    )
    async with projecting(
        views, codec, [PostgresFeed(sales), feed], projections=[a_projection_that_chokes_on("axe")]
    ) as at_work:
        await heard(at_work, marketing)
        another = Projector("sales", views, codec, [PostgresFeed(sales), feed], [customers(["sales", "marketing"])])

        assert await another.heal("marketing", TENANT, "marketing.visit-1")
        await record(marketing, codec, "visit-1", CustomerBought(customer="ana", what="tea", price=1))
        await heard(at_work, marketing)

        assert await views.fetchval("SELECT count(*) FROM parked") == 0
        assert await Expected.found(views) == await Expected.of(codec, marketing)
        await ledger_is_true(views, marketing)


async def test_facts_that_nobody_wants_are_ledgered_and_move_the_checkpoint(
    views: Views, codec: Codec, sales: MemoryStore, marketing: MemoryStore
) -> None:
    feeds: list[Feed] = [PostgresFeed(sales), PartedFeed(PostgresFeed(marketing))]
    async with projecting(views, codec, feeds, projections=[customers(["sales"])]) as projector:
        await some_history(marketing, codec, seed=14)
        await heard(projector, marketing)

    assert await views.fetchval("SELECT count(*) FROM customers") == 0
    await ledger_is_true(views, marketing)
