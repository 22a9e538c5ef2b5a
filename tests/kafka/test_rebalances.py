"""Several processes hear one department together: whoever joins, leaves, dies or is frozen, each fact counts once."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import pytest

from eventlog.codec import Codec
from eventlog.postgres import PostgresStore
from eventlog.projector import Projector
from eventlog.views import Views
from runtime.kafka_server import KafkaServer
from tests.support.department import CustomerBought, CustomerCame, Expected, ledger_is_true, open_views, record
from tests.support.kafka import a_department
from tests.support.listening import SESSION_S, listening
from tests.support.log import eventually
from tests.support.member import MemberProcess, member_process
from tests.support.postgres import TestServer
from tests.support.relaying import a_relay, newest_watermark, relaying

HEARD_S = 60.0
#: Of one that has a place of its own, longer than it takes to start again on a busy machine.
LONG_SESSION_S = 60.0


@dataclass
class Shop:
    """The department that is heard, with its relay, and who hears it."""

    store: PostgresStore
    dsn: str
    bootstrap: str
    views: Views
    views_dsn: str
    codec: Codec
    choose: random.Random = field(default_factory=lambda: random.Random(11))
    customers: int = 0

    async def sell(self, times: int) -> None:
        """Facts, some streams again and again."""
        for _ in range(times):
            n = self.choose.randrange(40)
            bought = CustomerBought(customer=f"customer-{n % 9}", what="tea", price=self.choose.randrange(9))
            await record(self.store, self.codec, f"visit-{n}", CustomerCame(customer=f"customer-{n % 9}"), bought)

    @asynccontextmanager
    async def selling(self) -> AsyncIterator[None]:
        """Facts without end beside what the test does."""
        task = asyncio.create_task(self._sell_on())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _sell_on(self) -> None:
        while True:
            await self.sell(1)
            await asyncio.sleep(0.005)

    @asynccontextmanager
    async def member(self, instance: str | None = None) -> AsyncIterator[Projector]:
        """One who hears, in this process, with connections of its own."""
        session_s = LONG_SESSION_S if instance else SESSION_S
        hearing = {"instance": instance, "session_s": session_s}
        async with (
            open_views(self.views_dsn) as views,
            listening(views, self.codec, self.store, self.bootstrap, **hearing) as projector,  # type: ignore[arg-type]
        ):
            yield projector

    @contextmanager
    def process(self, instance: str = "") -> Iterator[MemberProcess]:
        """One who hears, in another process."""
        arguments = (self.views_dsn, self.dsn, self.store.department, self.bootstrap)
        with member_process(*arguments, *([instance, str(LONG_SESSION_S)] if instance else [])) as process:
            yield process

    async def is_heard(self) -> None:
        """Everything that was told until now was heard, by whoever."""
        head = await self.store.head()
        deadline = asyncio.get_running_loop().time() + HEARD_S
        while True:
            row = await self.views.fetchrow(
                "SELECT generation, position FROM checkpoints WHERE source = $1", self.store.department
            )
            if row is not None and tuple(row) >= (head.generation, head.position):
                return
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"heard up to {row}, the log ends at {head}; {await self._state()}")
            await asyncio.sleep(0.02)

    async def _state(self) -> str:
        marks = await self.views.fetch("SELECT partition, next_offset, position, epoch FROM marks ORDER BY partition")
        watermark = await newest_watermark(self.bootstrap, self.store.department)
        return f"marks {[tuple(row) for row in marks]}, newest {watermark}"

    async def counts_once(self) -> None:
        """Rows are a fold of the log, the ledger is the log, nothing waits."""
        await self.is_heard()
        assert await Expected.found(self.views) == await Expected.of(self.codec, self.store)
        await ledger_is_true(self.views, self.store)
        assert await self.views.fetchval("SELECT count(*) FROM parked") == 0


@pytest.fixture
async def shop(
    views: Views, database: str, codec: Codec, postgres: TestServer, kafka: KafkaServer
) -> AsyncIterator[Shop]:
    name = postgres.create_database()
    dsn = postgres.dsn(name)
    department = a_department().replace("sales", "shop")
    async with await PostgresStore.open(dsn, department) as store, relaying(a_relay(store, dsn, kafka.bootstrap)):
        yield Shop(store, dsn, kafka.bootstrap, views, database, codec)
    postgres.drop_database(name)


async def parts_of(shop: Shop, projector: Projector) -> frozenset[int]:
    return frozenset(projector.sources[shop.store.department]._marks)


async def test_members_that_join_and_leave_double_nothing_and_lose_nothing(shop: Shop) -> None:
    async with shop.selling(), shop.member() as first:
        await eventually(lambda: has_parts(shop, first, 5), "one has all partitions")
        async with shop.member() as second:
            await eventually(lambda: has_parts(shop, second, 2), "the second has some")
            async with shop.member() as third:
                await eventually(lambda: has_parts(shop, third, 1), "the third has some")
                await shop.is_heard()
            await eventually(lambda: share_all(shop, first, second), "two have all of them")
            await shop.is_heard()
        await eventually(lambda: has_parts(shop, first, 5), "one has all partitions again")
    async with shop.member():
        await shop.counts_once()


async def has_parts(shop: Shop, projector: Projector, count: int) -> bool:
    return len(await parts_of(shop, projector)) >= count


async def share_all(shop: Shop, *projectors: Projector) -> bool:
    return sum([len(await parts_of(shop, each)) for each in projectors]) == 5


async def test_every_member_knows_how_far_all_together_have_heard(shop: Shop) -> None:
    async with shop.member() as first, shop.member() as second:
        await eventually(lambda: share_all(shop, first, second), "two have all partitions")
        await shop.sell(30)
        head = await shop.store.head()

        await asyncio.gather(*(each.wait_for(shop.store.department, head, HEARD_S) for each in (first, second)))

        assert await shop.views.fetchval("SELECT count(*) FROM ledger") == head.position


@pytest.mark.timeout(240)
async def test_a_member_that_is_killed_is_followed_by_the_others(shop: Shop) -> None:
    async with shop.selling(), shop.member() as first:
        with shop.process() as second:
            await second.hears()
            await eventually(lambda: has_parts(shop, first, 1), "the first still has some")
            await shop.sell(20)
            second.kill()
        await shop.is_heard()
    async with shop.member():
        await shop.counts_once()


@pytest.mark.timeout(240)
async def test_a_member_that_is_frozen_for_longer_than_its_session_counts_nothing_twice(shop: Shop) -> None:
    async with shop.selling(), shop.member() as first:
        with shop.process() as frozen:
            await frozen.hears()
            await shop.sell(20)
            frozen.stop()
            await eventually(lambda: has_parts(shop, first, 5), "the first has all of them")
            await shop.is_heard()
            frozen.go_on()
            await eventually(lambda: shares_again(shop, first), "the frozen one has partitions again")
            await shop.is_heard()
    async with shop.member():
        await shop.counts_once()


async def shares_again(shop: Shop, first: Projector) -> bool:
    return 0 < len(await parts_of(shop, first)) < 5


@pytest.mark.timeout(240)
async def test_an_instance_that_starts_again_has_its_place_and_nobody_elses_moves(shop: Shop) -> None:
    async with shop.selling(), AsyncExitStack() as stack:
        first = await stack.enter_async_context(shop.member("a"))
        with shop.process("b") as second:
            await second.hears()
            await eventually(lambda: shares_again(shop, first), "two have all partitions")
            turn, parts = first.sources[shop.store.department].feed.member.turn, await parts_of(shop, first)  # type: ignore[attr-defined]
            second.kill()
        with shop.process("b") as again:
            await again.hears()
            await shop.is_heard()
            assert await parts_of(shop, first) == parts
            assert first.sources[shop.store.department].feed.member.turn == turn  # type: ignore[attr-defined]
    async with shop.member("a"), shop.member("b"):
        await shop.counts_once()
