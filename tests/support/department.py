"""A small department for tests of the projector: what several shops tell, and the read models made of it."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID, uuid4

from eventlog.codec import Codec, Origin
from eventlog.keyring import MemoryKeyring
from eventlog.projections import Add, AppendItem, At, Change, Delete, Insert, Max, Projection, Update
from eventlog.store import ANY, Append, Appended, Command, NewEvent, Store, StreamWrite
from eventlog.views import Views
from facts.registry import Fact, Personal, Registry
from facts.registry import fact as registered

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
    name text,
    version bigint,
    spent bigint,
    last_day bigint,
    bought jsonb,
    recorded_at timestamptz,
    gone boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant, customer)
);
CREATE INDEX IF NOT EXISTS customers_by_name ON customers (tenant, name, customer);
CREATE INDEX IF NOT EXISTS customers_by_spent ON customers (tenant, spent DESC, customer);
CREATE TABLE IF NOT EXISTS purchases (
    tenant text NOT NULL,
    customer text NOT NULL,
    event_id uuid NOT NULL,
    what text NOT NULL,
    subjects text[],
    PRIMARY KEY (tenant, customer, event_id)
);
"""


def customers(sources: Sequence[str]) -> Projection:
    """Customers and what they bought, as several departments tell it."""
    made = Projection(
        "customers",
        tables={"customers": ("tenant", "customer"), "purchases": ("tenant", "customer", "event_id")},
        sources=sources,
    )

    @made.on(CustomerCame)
    def came(fact: CustomerCame, at: At) -> Iterable[Change]:
        row = {"tenant": at.tenant, "customer": fact.customer, "name": fact.called, "recorded_at": at.recorded_at}
        yield Insert("customers", row)

    @made.on(CustomerBought)
    def bought(fact: CustomerBought, at: At) -> Iterable[Change]:
        yield Insert(
            "customers",
            {
                "tenant": at.tenant,
                "customer": fact.customer,
                "spent": Add(fact.price),
                "last_day": Max(fact.day),
            },
        )
        yield Insert(
            "purchases",
            {
                "tenant": at.tenant,
                "customer": fact.customer,
                "event_id": at.event_id,
                "what": fact.what,
                "subjects": list(at.subjects),
            },
        )

    @made.on(CustomerLeft)
    def left(fact: CustomerLeft, at: At) -> Iterable[Change]:
        key = {"tenant": at.tenant, "customer": fact.customer}
        yield Update("customers", key, {"gone": True, "bought": AppendItem({"left": at.version})})
        yield Delete("purchases", key)

    return made


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
