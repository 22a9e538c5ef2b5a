"""Todos are done once their time has come, again until it works, and never forgotten."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import asyncpg
import pytest
from prometheus_client import REGISTRY

from eventlog.clock import utc_now
from eventlog.codec import Codec
from eventlog.events import Position
from eventlog.feed import PostgresFeed
from eventlog.memory import MemoryStore
from eventlog.projections import At
from eventlog.reactions import Cancel, Due, NotYet, Reactions, Todo
from eventlog.reactor import Reactor
from eventlog.todos import finish
from eventlog.views import Views
from eventlog.waiting import Waiting, waiting
from tests.support.department import (
    CustomerBought,
    CustomerCame,
    CustomerLeft,
    heard,
    projecting,
    record,
)
from tests.support.log import Clock, eventually


@pytest.fixture
def sales() -> MemoryStore:
    return MemoryStore("sales")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def a_shop() -> Reactions:
    """A customer who comes is greeted, and reminded after three days unless something was bought."""
    shop = Reactions("shop", sources=("sales",))

    @shop.on(CustomerCame)
    def came(fact: CustomerCame, at: At) -> Iterable[Todo]:
        yield Todo("greet", {"customer": fact.customer})
        yield Todo("remind", {"customer": fact.customer}, Clock().at + timedelta(days=3), key=fact.customer)

    @shop.on(CustomerBought)
    def bought(fact: CustomerBought, at: At) -> Iterable[Cancel]:
        yield Cancel("remind", fact.customer)

    @shop.on(CustomerLeft)
    def left(fact: CustomerLeft, at: At) -> Iterable[Todo]:
        yield Todo("remind", {"customer": fact.customer, "sadly": True}, Clock().at + timedelta(days=9), fact.customer)

    return shop


class Staff:
    """Does what is asked, in the mood that it is given: an exception for each attempt, or None."""

    def __init__(self, *moods: Exception | None) -> None:
        self.moods = list(moods)
        self.attempts: list[Due] = []
        self.done: list[Due] = []

    async def __call__(self, due: Due) -> None:
        self.attempts.append(due)
        mood = self.moods.pop(0) if self.moods else None
        if mood is not None:
            raise mood
        self.done.append(due)

    @property
    def customers(self) -> list[str]:
        return [due.args["customer"] for due in self.done]


class House:
    """A department whose projector and reactor are stepped by hand."""

    def __init__(
        self, views: Views, codec: Codec, sales: MemoryStore, clock: Callable[[], datetime], **staff: Staff
    ) -> None:
        self.reactions = a_shop()
        for kind in ("greet", "remind"):
            self.reactions.does(kind, staff.get(kind, Staff()))
        self.views, self.codec, self.sales, self.clock = views, codec, sales, clock
        self.reactor = Reactor("sales", views, [self.reactions], clock)

    async def hear(self) -> None:
        feeds, wake = [PostgresFeed(self.sales)], self.reactor.wake
        options: dict[str, Any] = {"reactions": [self.reactions], "wake": wake, "clock": self.clock}
        async with projecting(self.views, self.codec, feeds, **options) as projector:
            await heard(projector, self.sales)


async def test_a_todo_is_done_under_a_command_id_that_follows_from_its_fact(
    views: Views, codec: Codec, sales: MemoryStore, clock: Clock
) -> None:
    greeter = Staff()
    house = House(views, codec, sales, clock, greet=greeter)
    await record(sales, codec, "visit-1", CustomerCame(customer="ana"))
    await house.hear()

    assert await house.reactor.run_due() == 1
    assert await house.reactor.run_due() == 0

    (event,) = (await sales.read_all(Position(0))).events
    (due,) = greeter.done
    assert due.command_id == uuid5(event.id, "greet:0")
    assert (due.causation_id, due.args, due.tenant) == (str(event.id), {"customer": "ana"}, "olist")


async def test_what_is_not_ready_yet_comes_back_when_it_says(
    views: Views, codec: Codec, sales: MemoryStore, clock: Clock
) -> None:
    greeter = Staff(NotYet("the coffee is not ready", retry_s=30), None)
    house = House(views, codec, sales, clock, greet=greeter)
    await record(sales, codec, "visit-1", CustomerCame(customer="ana"))
    await house.hear()

    await house.reactor.run_due()
    clock.forward(timedelta(seconds=29))
    await house.reactor.run_due()
    assert greeter.done == []
    clock.forward(timedelta(seconds=1))
    await house.reactor.run_due()

    assert greeter.customers == ["ana"]
    assert await views.fetchval("SELECT count(*) FROM todos WHERE kind = 'greet'") == 0


async def test_a_failure_is_counted_and_waits_longer_each_time_and_is_never_dropped(
    views: Views, codec: Codec, sales: MemoryStore, clock: Clock
) -> None:
    greeter = Staff(*(ValueError("the greeter is ill") for _ in range(6)))
    house = House(views, codec, sales, clock, greet=greeter)
    await record(sales, codec, "visit-1", CustomerCame(customer="ana"))
    await house.hear()

    waits = []
    while not greeter.done:
        await house.reactor.run_due()
        row = await views.fetchrow("SELECT next_at, attempts, last_error FROM todos WHERE kind = 'greet'")
        if row is not None:
            assert (row["attempts"], row["last_error"]) == (len(greeter.attempts), "ValueError")
            waits.append((row["next_at"] - clock()).total_seconds())
            clock.at = row["next_at"]

    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4]
    assert len({due.command_id for due in greeter.attempts}) == 1


async def test_a_deadline_is_met_by_the_clock_and_only_while_it_matters(
    views: Views, codec: Codec, sales: MemoryStore, clock: Clock
) -> None:
    reminder = Staff()
    house = House(views, codec, sales, clock, remind=reminder)
    for customer in ("ana", "joão", "maria"):
        await record(sales, codec, f"visit-{customer}", CustomerCame(customer=customer))
    await record(sales, codec, "visit-joão", CustomerBought(customer="joão", what="tea", price=1))
    await record(sales, codec, "visit-maria", CustomerLeft(customer="maria"))
    await house.hear()

    await house.reactor.run_due()
    assert reminder.customers == []
    clock.forward(timedelta(days=3))
    await house.reactor.run_due()
    assert reminder.customers == ["ana"]
    clock.forward(timedelta(days=6))
    await house.reactor.run_due()
    assert [due.args for due in reminder.done] == [{"customer": "ana"}, {"customer": "maria", "sadly": True}]


async def test_what_was_being_done_when_the_program_died_is_done_again_under_the_same_command(
    views: Views, codec: Codec, sales: MemoryStore, clock: Clock
) -> None:
    asleep = Staff(NotYet("never", retry_s=1e9))
    house = House(views, codec, sales, clock, greet=asleep)
    await record(sales, codec, "visit-1", CustomerCame(customer="ana"))
    await house.hear()
    (taken,) = await house.reactor._take()

    awake = Staff()
    successor = House(views, codec, sales, clock, greet=awake)
    task = asyncio.create_task(successor.reactor.run())
    await eventually(lambda: has_done(awake, 1), "the successor does what was left")
    task.cancel()
    await asyncio.wait({task})

    assert [due.command_id for due in awake.done] == [taken.due.command_id]


async def has_done(staff: Staff, count: int) -> bool:
    return len(staff.done) >= count


async def test_what_a_clock_that_was_ahead_put_off_is_done_once_the_clock_is_right_and_deadlines_wait(
    views: Views, codec: Codec, sales: MemoryStore, clock: Clock
) -> None:
    clock.forward(timedelta(hours=6))
    house = House(views, codec, sales, clock, greet=Staff(ValueError("the greeter is ill")), remind=Staff())
    await record(sales, codec, "visit-1", CustomerCame(customer="ana"))
    await house.hear()
    await house.reactor.run_due()

    clock.forward(timedelta(hours=-6))
    greeter, reminder = Staff(), Staff()
    successor = House(views, codec, sales, clock, greet=greeter, remind=reminder)
    task = asyncio.create_task(successor.reactor.run())
    await eventually(lambda: has_done(greeter, 1), "what was put off by hours is done")
    task.cancel()
    await asyncio.wait({task})

    assert reminder.attempts == []


async def test_a_todo_that_was_replaced_while_it_was_done_is_still_to_do(
    views: Views, codec: Codec, sales: MemoryStore, clock: Clock
) -> None:
    reminder = Staff()
    house = House(views, codec, sales, clock, remind=reminder)
    await record(sales, codec, "visit-1", CustomerCame(customer="ana"))
    await house.hear()
    clock.forward(timedelta(days=3))
    taken = await house.reactor._take()
    await record(sales, codec, "visit-1", CustomerLeft(customer="ana"))
    await house.hear()
    await house.reactor._do(taken)

    clock.forward(timedelta(days=6))
    await house.reactor.run_due()

    assert [due.args for due in reminder.done] == [{"customer": "ana"}, {"customer": "ana", "sadly": True}]


async def test_what_replaced_a_todo_waits_for_it_and_is_done_as_soon_as_it_is_over(
    views: Views, codec: Codec, sales: MemoryStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Side by side the older one could decide last."""
    monkeypatch.setattr("eventlog.reactor.LOOK_S", 3600.0)
    begun, answer = asyncio.Event(), asyncio.Event()

    class Slow(Staff):
        async def __call__(self, due: Due) -> None:
            assert not self.attempts or self.done, "both at once"
            self.attempts.append(due)
            begun.set()
            await answer.wait()
            self.done.append(due)

    reminder = Slow()
    house = House(views, codec, sales, clock, remind=reminder)
    await record(sales, codec, "visit-1", CustomerCame(customer="ana"))
    await house.hear()
    clock.forward(timedelta(days=9))
    running = asyncio.create_task(house.reactor.run())
    try:
        await asyncio.wait_for(begun.wait(), 10)
        await record(sales, codec, "visit-1", CustomerLeft(customer="ana"))
        await house.hear()
        assert await house.reactor._take() == []
        answer.set()
        await eventually(lambda: has_done(reminder, 2), "both are done")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [due.args for due in reminder.done] == [{"customer": "ana"}, {"customer": "ana", "sadly": True}]


async def test_many_todos_of_a_kind_are_done_in_one_go_and_fail_one_by_one(
    views: Views, codec: Codec, sales: MemoryStore, clock: Clock
) -> None:
    house = House(views, codec, sales, clock)
    calls: list[int] = []

    async def greet_all(todos: Sequence[Due]) -> Mapping[UUID, Exception | None]:
        calls.append(len(todos))
        return {due.command_id: ValueError("ill") for due in todos if due.args["customer"] == "c7" and len(calls) == 1}

    house.reactions.does_many("greet", greet_all)
    house.reactor = Reactor("sales", views, [house.reactions], clock)
    for n in range(50):
        await record(sales, codec, f"visit-{n}", CustomerCame(customer=f"c{n}"))
    await house.hear()

    await house.reactor.run_due()
    assert await views.fetchval("SELECT attempts FROM todos WHERE kind = 'greet'") == 1
    clock.forward(timedelta(seconds=1))
    await house.reactor.run_due()

    assert calls == [50, 1]


async def test_a_reactor_at_work_hears_of_new_todos_without_looking(
    views: Views, codec: Codec, sales: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventlog.reactor.LOOK_S", 3600.0)
    greeter, clock = Staff(), Clock()
    house = House(views, codec, sales, clock, greet=greeter)
    options: dict[str, Any] = {"reactions": [house.reactions], "wake": house.reactor.wake, "clock": clock}
    async with projecting(views, codec, [PostgresFeed(sales)], **options):
        task = asyncio.create_task(house.reactor.run())
        for n in range(5):
            await record(sales, codec, f"visit-{n}", CustomerCame(customer=f"c{n}"))
            await eventually(lambda n=n: has_done(greeter, n + 1), f"{n + 1} are greeted")  # type: ignore[misc]
        task.cancel()
        await asyncio.wait({task})


async def test_a_replay_of_a_fact_asks_for_nothing_twice(
    views: Views, codec: Codec, sales: MemoryStore, clock: Clock
) -> None:
    greeter = Staff()
    house = House(views, codec, sales, clock, greet=greeter)
    for n in range(20):
        await record(sales, codec, f"visit-{n}", CustomerCame(customer=f"c{n}"))
    await asyncio.gather(house.hear(), house.hear())

    await house.reactor.run_due()

    assert sorted(greeter.customers) == sorted(f"c{n}" for n in range(20))


def tell_when_it_rests(reactor: Reactor, taken: asyncio.Event, rested: asyncio.Event) -> None:
    """Set `rested` once the reactor, with a todo `taken`, looked for the next one and has nothing else to do."""
    look = reactor._next

    async def looked() -> datetime | None:
        due = await look()
        if taken.is_set():
            rested.set()
        return due

    reactor._next = looked  # type: ignore[method-assign]


async def test_what_came_too_early_is_done_soon_though_the_reactor_had_nothing_to_wait_for(
    views: Views, codec: Codec, sales: MemoryStore
) -> None:
    taken, rested, answer, greeted = (asyncio.Event() for _ in range(4))

    class Slow(Staff):
        async def __call__(self, due: Due) -> None:
            taken.set()
            await answer.wait()
            await super().__call__(due)
            greeted.set()

    house = House(views, codec, sales, utc_now, greet=Slow(NotYet("too early", 0.05)))
    await record(sales, codec, "visit-1", CustomerCame(customer="ana"))
    await house.hear()
    tell_when_it_rests(house.reactor, taken, rested)
    running = asyncio.create_task(house.reactor.run())
    try:
        await asyncio.wait_for(rested.wait(), 10)
        answer.set()
        await asyncio.wait_for(greeted.wait(), 20)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_what_is_being_done_here_is_not_released_when_a_connection_was_lost(
    views: Views, codec: Codec, sales: MemoryStore, clock: Clock
) -> None:
    house = House(views, codec, sales, clock)
    await record(sales, codec, "visit-1", CustomerCame(customer="ana"))
    await house.hear()
    taken = await house.reactor._take()

    await house.reactor._release()
    assert await house.reactor._take() == []

    await house.reactor._do(taken)
    assert [row["kind"] for row in await views.fetch("SELECT kind FROM todos")] == ["remind"]


async def test_a_todo_counts_as_done_once_however_often_it_was_noted_in_vain(
    views: Views, codec: Codec, sales: MemoryStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(views, codec, sales, clock)
    await record(sales, codec, "visit-1", CustomerCame(customer="ana"))
    await house.hear()
    outages = [ConnectionResetError("away"), ConnectionResetError("still away")]

    async def finishing(*args: Any) -> bool:
        if outages:
            raise outages.pop()
        return await finish(*args)

    monkeypatch.setattr("eventlog.reactor.finish", finishing)
    before = greetings_counted()
    await house.reactor.run_due()

    assert (greetings_counted() - before, outages) == (1, [])


def greetings_counted() -> float:
    return REGISTRY.get_sample_value("baton_todos_done_total", {"department": "sales", "kind": "greet"}) or 0.0


async def test_a_program_that_is_wrong_ends_the_reactor_at_once_though_it_rests(
    views: Views, codec: Codec, sales: MemoryStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventlog.reactor.LOOK_S", 3600.0)
    taken, rested, answer = (asyncio.Event() for _ in range(3))

    class Slow(Staff):
        async def __call__(self, due: Due) -> None:
            taken.set()
            await answer.wait()

    async def wrong(*_: object) -> bool:
        raise asyncpg.UndefinedColumnError("there is no such column")

    house = House(views, codec, sales, clock, greet=Slow())
    await record(sales, codec, "visit-1", CustomerCame(customer="ana"))
    await house.hear()
    tell_when_it_rests(house.reactor, taken, rested)
    monkeypatch.setattr("eventlog.reactor.finish", wrong)
    running = asyncio.create_task(house.reactor.run())
    await asyncio.wait_for(rested.wait(), 10)
    answer.set()

    with pytest.raises(asyncpg.UndefinedColumnError):
        await asyncio.wait_for(running, 10)


async def test_what_is_not_done_waits_since_it_was_asked_for_however_often_it_was_replaced(
    views: Views, codec: Codec, sales: MemoryStore, clock: Clock
) -> None:
    house = House(views, codec, sales, clock, greet=Staff(NotYet("the door is shut", 3600.0)))
    first = clock.at
    await record(sales, codec, "customer-1", CustomerCame(customer="anna"))
    await house.hear()
    await house.reactor.run_due()
    clock.at += timedelta(days=10)
    await record(sales, codec, "customer-1", CustomerLeft(customer="anna"))
    await house.hear()

    greeting = Waiting("greet", 1, first, "the door is shut")
    assert await waiting(views, first + timedelta(seconds=5)) == [greeting]
    assert await waiting(views, clock.at) == [greeting, Waiting("remind", 1, first + timedelta(days=9), "")]
    assert await waiting(views, clock.at, tenant="nobody") == []
