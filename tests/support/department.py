"""A small department for tests of the projector: what several shops tell, and the read models made of it."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID, uuid4

from eventlog.codec import Codec, Origin, Recorded
from eventlog.events import NewEvent
from eventlog.feed import Feed
from eventlog.keyring import MemoryKeyring
from eventlog.projections import Add, AppendItem, At, Change, Delete, Insert, Max, Projection, Update
from eventlog.projector import Projector
from eventlog.reactions import Reactions
from eventlog.store import ANY, Append, Appended, Command, Store, StreamWrite
from eventlog.views import Views
from facts.registry import Fact, Personal, Registry
from facts.registry import fact as registered
from tests.support.log import DEADLINE_S, whole_log

TENANT = "olist"
REGISTRY = Registry()


def fact(name: str) -> Any:
    """Register a fact for these tests alone."""

    def register(cls: type[Fact]) -> type[Fact]:
        import facts.registry

        cls = registered(name)(cls)
        REGISTRY.facts[name] = facts.registry.REGISTRY.facts.pop(name)
        return cls

    return register


@fact("test.customer-came")
class CustomerCame(Fact):
    customer: str
    called: Annotated[str, Personal()] = ""


@fact("test.customer-bought")
class CustomerBought(Fact):
    customer: str
    what: str
    price: int
    day: int = 0


@fact("test.customer-left")
class CustomerLeft(Fact):
    customer: str


SCHEMA = """
CREATE TABLE IF NOT EXISTS customers (
    tenant text NOT NULL,
    customer text NOT NULL,
    name text NOT NULL DEFAULT '',
    spent bigint NOT NULL DEFAULT 0,
    last_day bigint,
    gone boolean NOT NULL DEFAULT false,
    came_at timestamptz,
    PRIMARY KEY (tenant, customer)
);
CREATE INDEX IF NOT EXISTS customers_by_name ON customers (tenant, name, customer);
CREATE INDEX IF NOT EXISTS customers_by_spent ON customers (tenant, spent DESC, customer);
CREATE TABLE IF NOT EXISTS purchases (
    tenant text NOT NULL,
    stream text NOT NULL,
    version bigint NOT NULL,
    what text NOT NULL,
    tags text[] NOT NULL,
    PRIMARY KEY (tenant, stream, version)
);
CREATE TABLE IF NOT EXISTS visits (
    tenant text NOT NULL,
    stream text NOT NULL,
    days jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (tenant, stream)
);
"""


def customers(sources: Sequence[str]) -> Projection:
    """Customers, what they bought and when they came, as several departments tell it, in any order between them."""
    made = Projection(
        "customers",
        tables={
            "customers": ("tenant", "customer"),
            "purchases": ("tenant", "stream", "version"),
            "visits": ("tenant", "stream"),
        },
        sources=sources,
    )

    @made.on(CustomerCame)
    def came(fact: CustomerCame, at: At) -> Iterable[Change]:
        # The greatest name, not the last: two sources tell of one customer, and between them there is no last.
        told = {"name": Max(fact.called), "came_at": Max(at.recorded_at)}
        yield Insert("customers", {"tenant": at.tenant, "customer": fact.customer, **told})

    @made.on(CustomerBought)
    def bought(fact: CustomerBought, at: At) -> Iterable[Change]:
        customer = {"tenant": at.tenant, "customer": fact.customer}
        stream = {"tenant": at.tenant, "stream": at.stream}
        yield Insert("customers", {**customer, "spent": Add(fact.price), "last_day": Max(fact.day)})
        yield Insert("purchases", {**stream, "version": at.version, "what": fact.what, "tags": [fact.what, at.type]})
        yield Insert("visits", {**stream, "days": AppendItem(fact.day)})

    @made.on(CustomerLeft)
    def left(fact: CustomerLeft, at: At) -> Iterable[Change]:
        yield Insert("customers", {"tenant": at.tenant, "customer": fact.customer, "gone": True})
        yield Update("visits", {"tenant": at.tenant, "stream": at.stream}, {"days": []})
        yield Delete("purchases", {"tenant": at.tenant, "stream": at.stream})

    return made


@dataclass
class Expected:
    """The rows that `customers` makes, by a fold that shares nothing with the projector."""

    customers: dict[str, tuple[int, int | None, bool]] = field(default_factory=dict)
    purchases: set[tuple[str, int, str]] = field(default_factory=set)
    visits: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    async def of(cls, codec: Codec, *stores: Store) -> "Expected":
        expected = cls()
        for store in stores:
            for recorded in await codec.decode_many(store.department, await whole_log(store)):
                assert isinstance(recorded, Recorded)
                expected._one(recorded.fact, recorded.at)
        return expected

    @classmethod
    async def found(cls, views: Views) -> "Expected":
        rows = await views.fetch("SELECT * FROM customers")
        return cls(
            {row["customer"]: (row["spent"], row["last_day"], row["gone"]) for row in rows},
            {(row["stream"], row["version"], row["what"]) for row in await views.fetch("SELECT * FROM purchases")},
            {row["stream"]: row["days"] for row in await views.fetch("SELECT * FROM visits")},
        )

    def _one(self, fact: Fact, at: At) -> None:
        spent, last_day, gone = self.customers.get(fact.customer, (0, None, False))  # type: ignore[attr-defined]
        match fact:
            case CustomerBought():
                spent, last_day = spent + fact.price, max(last_day or 0, fact.day)
                self.purchases.add((at.stream, at.version, fact.what))
                self.visits.setdefault(at.stream, []).append(fact.day)
            case CustomerLeft():
                gone = True
                self.purchases = {each for each in self.purchases if each[0] != at.stream}
                if at.stream in self.visits:
                    self.visits[at.stream] = []
        self.customers[fact.customer] = spent, last_day, gone  # type: ignore[attr-defined]


def a_codec() -> Codec:
    return Codec(REGISTRY, MemoryKeyring())


async def record(store: Store, codec: Codec, stream: str, *facts: Fact, command: UUID | None = None) -> Appended:
    """Append facts to a stream of the store's department."""
    command = command or uuid4()
    events, _ = await codec.encode(facts, Origin(TENANT, "sao-paulo", "anna"), command)
    return await append(store, stream, events, command)


async def append(store: Store, stream: str, events: Sequence[NewEvent], command: UUID | None = None) -> Appended:
    write = StreamWrite(f"{store.department}.{stream}", ANY, events)
    return await store.append(Append(TENANT, Command(command or uuid4(), b"." * 32), [write]))


@asynccontextmanager
async def open_views(dsn: str, schema: str = SCHEMA) -> AsyncIterator[Views]:
    views = await Views.open(dsn)
    try:
        await views.define(schema)
        yield views
    finally:
        await views.close()


@asynccontextmanager
async def projecting(
    views: Views,
    codec: Codec,
    feeds: Sequence[Feed],
    *,
    own: str = "sales",
    projections: Sequence[Projection] | None = None,
    reactions: Sequence[Reactions] = (),
    **options: Any,
) -> AsyncIterator[Projector]:
    """A projector at work; what stopped it is raised on leaving."""
    made = [customers([feed.department for feed in feeds])] if projections is None else projections
    projector = Projector(own, views, codec, feeds, made, reactions, **options)
    task = asyncio.create_task(projector.run())
    try:
        yield projector
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled() and (error := task.exception()):
            raise error


async def heard(projector: Projector, *stores: Store) -> None:
    """Return once a projector has heard these logs to their ends."""
    for store in stores:
        await projector.wait_for(store.department, await store.head(), DEADLINE_S)


async def ledger_is_true(views: Views, *stores: Store) -> None:
    """The ledger holds every version of the others' streams with the digest that its owner has, and nothing else."""
    rows = await views.fetch("SELECT stream, version, digest, department, position FROM ledger")
    found = {(row["stream"], row["version"]): (row["digest"], row["department"], row["position"]) for row in rows}
    events = [(store.department, event) for store in stores for event in await whole_log(store)]
    assert found == {(e.stream, e.version): (e.digest, department, e.position) for department, e in events}
