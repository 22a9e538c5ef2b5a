"""Any sequence of appends, reads, subscriptions, checkpoints and reopenings, against a model of a list and a dict.

Hypothesis chooses the sequence; a failure is printed as the shortest one, with the blob that replays it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from eventlog.errors import CommandReused, Conflict
from eventlog.events import Event, Position, Version
from eventlog.kurrentdb import KurrentStore
from eventlog.memory import MemoryStore
from eventlog.postgres import PostgresStore
from eventlog.store import ANY, EXISTS, NO_STREAM, Append, Appended, Expected, Filter, Store, StreamWrite, exact
from tests.support.kurrentdb import FakeKurrentDB
from tests.support.log import DEADLINE_S, a_command, an_event, check_log
from tests.support.postgres import TestServer

TENANTS = ["olist", "café"]
STREAMS = ["sales.deal-1", "sales.deal-2", "сделка"]
TYPES = ["sales.deal-moved", "sales.deal-won"]

Open = Callable[[], Awaitable[Any]]

expectations = st.one_of(
    st.sampled_from([ANY, NO_STREAM, EXISTS, "as it is"]), st.integers(0, 4).map(lambda n: exact(Version(n)))
)
writes = st.lists(
    st.tuples(st.sampled_from(STREAMS), expectations, st.lists(st.sampled_from(TYPES), max_size=3)),
    max_size=2,
    unique_by=lambda write: write[0],
)
wishes = st.tuples(st.sampled_from(TENANTS), writes)
filters = st.builds(
    Filter,
    tenant=st.sampled_from([None, *TENANTS]),
    types=st.sets(st.sampled_from([*TYPES, "no.such-type"]), max_size=2).map(frozenset),
    stream=st.sampled_from([None, None, *STREAMS]),
)


@dataclass
class Model:
    """What a log is: a list of what stands in it, and a dict of what was answered."""

    events: list[tuple[str, str, int, str]] = field(default_factory=list)
    answers: dict[tuple[str, UUID], tuple[bytes, Position, dict[str, int]]] = field(default_factory=dict)

    def version(self, tenant: str, stream: str) -> int:
        return sum(1 for event in self.events if event[:2] == (tenant, stream))

    def append(self, append: Append) -> tuple[Position, dict[str, int]] | type[Exception]:
        """The last position and the versions that must be answered, or the error that must be raised."""
        key = append.tenant, append.command.id
        if key in self.answers:
            hmac, last, versions = self.answers[key]
            return (last, versions) if hmac == append.command.hmac else CommandReused
        for write in append.writes:
            if not write.expected.holds(self.version(append.tenant, write.stream)):
                return Conflict
        for write in append.writes:
            for event in write.events:
                version = self.version(append.tenant, write.stream) + 1
                self.events.append((append.tenant, write.stream, version, event.type))
        versions = {write.stream: self.version(append.tenant, write.stream) for write in append.writes}
        self.answers[key] = append.command.hmac, Position(len(self.events)), versions
        return Position(len(self.events)), versions


def seen(event: Event) -> tuple[str, str, int, str]:
    return event.tenant, event.stream, event.version, event.type


class LogMachine(RuleBasedStateMachine):
    """Drives one store, and one reader with a checkpoint."""

    def __init__(self, open: Open, close: Open | None = None) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.open = open
        self.close = close
        self.model = Model()
        self.asked: list[Append] = []
        self.heard: list[Event] = []
        self.checkpoint = 0

    def run(self, work: Awaitable[Any]) -> Any:
        async def within_the_deadline() -> Any:
            async with asyncio.timeout(DEADLINE_S):
                return await work

        return self.runner.run(within_the_deadline())

    @initialize()
    def begin(self) -> None:
        self.store: Any = self.run(self.open())

    def wanted(self, tenant: str, wish: list[tuple[str, Any, list[str]]]) -> Append:
        """'As it is' becomes the exact version that the model knows, so that many appends succeed."""

        def expected(stream: str, wanted: Expected | str) -> Expected:
            if isinstance(wanted, Expected):
                return wanted
            return exact(Version(self.model.version(tenant, stream)))

        return Append(
            tenant,
            a_command(),
            [
                StreamWrite(stream, expected(stream, want), [an_event(type=type) for type in types])
                for stream, want, types in wish
            ],
        )

    async def answer(self, append: Append) -> tuple[Position, dict[str, int]] | type[Exception]:
        try:
            appended: Appended = await self.store.append(append)
        except (Conflict, CommandReused) as error:
            return type(error)
        return appended.last, dict(appended.versions)

    @rule(wishes=st.lists(wishes, min_size=1, max_size=5))
    def append_together(self, wishes: list[Any]) -> None:
        """In one turn of the loop, so in one batch: the outcome is that of the order in which they were asked."""
        appends = [self.wanted(tenant, wish) for tenant, wish in wishes]

        async def all_answers() -> list[Any]:
            return list(await asyncio.gather(*map(self.answer, appends)))

        assert self.run(all_answers()) == [self.model.append(append) for append in appends]
        self.asked += appends

    @rule(data=st.data(), another_request=st.booleans())
    def repeat(self, data: st.DataObject, another_request: bool) -> None:
        if self.asked:
            append = data.draw(st.sampled_from(self.asked))
            if another_request:
                append = replace(append, command=a_command(append.command.id, b"another"))
            assert self.run(self.answer(append)) == self.model.append(append)

    @rule(
        tenant=st.sampled_from(TENANTS),
        stream=st.sampled_from(STREAMS),
        after=st.integers(0, 5),
        limit=st.one_of(st.none(), st.integers(1, 4)),
        backwards=st.booleans(),
    )
    def read_stream(self, tenant: str, stream: str, after: int, limit: int | None, backwards: bool) -> None:
        found = self.run(self.store.read_stream(tenant, stream, after=after, limit=limit, backwards=backwards))
        expected = [event for event in self.model.events if event[:2] == (tenant, stream) and event[2] > after]
        assert [seen(event) for event in found] == (expected[::-1] if backwards else expected)[:limit]
        assert self.run(self.store.stream_version(tenant, stream)) == self.model.version(tenant, stream)

    @rule(after=st.integers(0, 20), limit=st.integers(1, 8), only=filters)
    def read_all(self, after: int, limit: int, only: Filter) -> None:
        page = self.run(self.store.read_all(Position(after), limit, only))
        scanned = self.model.events[after : after + limit]
        assert page.scanned == after + len(scanned)
        assert page.head == len(self.model.events)
        assert [seen(event) for event in page.events] == [
            event
            for event in scanned
            if only.tenant in (None, event[0])
            and only.stream in (None, event[1])
            and (not only.types or event[3] in only.types)
        ]

    @rule(save=st.booleans())
    def follow(self, save: bool) -> None:
        """The reader hears what is new, and perhaps saves how far it is."""

        async def to_the_head() -> None:
            async for page in self.store.subscribe(Position(len(self.heard))):
                self.heard.extend(page.events)
                if page.scanned >= len(self.model.events):
                    return

        if len(self.heard) < len(self.model.events):
            self.run(to_the_head())
        assert [seen(event) for event in self.heard] == self.model.events
        if save:
            self.checkpoint = len(self.heard)

    @rule()
    def crash_the_reader(self) -> None:
        del self.heard[self.checkpoint :]

    @rule()
    def reopen(self) -> None:
        if not isinstance(self.store, MemoryStore):
            self.run(self.store.close())
            self.store = self.run(self.open())

    @invariant()
    def the_head_is_the_number_of_events(self) -> None:
        if hasattr(self, "store"):
            assert self.run(self.store.head()).position == len(self.model.events)

    def teardown(self) -> None:
        if hasattr(self, "store"):
            page = self.run(self.store.read_all(Position(0), 10_000))
            assert [seen(event) for event in page.events] == self.model.events
            check_log(page.events)
            self.run(self.store.close())
        if self.close is not None:
            self.run(self.close())
        self.runner.close()


def machine_settings(examples: int) -> settings:
    return settings(max_examples=examples, stateful_step_count=30, print_blob=True)


def test_any_sequence_on_the_log_in_memory() -> None:
    async def open_store() -> Store:
        return MemoryStore("sales")

    run_state_machine_as_test(cast(Any, lambda: LogMachine(open_store)), settings=machine_settings(60))


@pytest.mark.timeout(300)
def test_any_sequence_on_the_log_in_postgresql(postgres: TestServer) -> None:
    def machine() -> LogMachine:
        database = postgres.dsn(postgres.create_database())
        return LogMachine(lambda: PostgresStore.open(database, "sales"))

    run_state_machine_as_test(cast(Any, machine), settings=machine_settings(25))


@pytest.mark.timeout(300)
def test_any_sequence_on_the_log_in_kurrentdb(postgres: TestServer) -> None:
    """A server for each sequence, in the sequence's own loop; it is started again whenever the log is opened again."""

    def machine() -> LogMachine:
        index, server = postgres.dsn(postgres.create_database()), FakeKurrentDB()

        async def open_store() -> Store:
            await server.stop()
            await server.start()
            return await KurrentStore.open(server.url, index, "sales")

        return LogMachine(open_store, server.stop)

    run_state_machine_as_test(cast(Any, machine), settings=machine_settings(15))
