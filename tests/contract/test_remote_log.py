"""A department's log from afar: whose token it takes, and what it says when it cannot be read. Its contract is that of
feeds: test_feed.py."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from eventlog.errors import Unavailable
from eventlog.events import Fork, Place, Position
from eventlog.memory import MemoryStore
from eventlog.postgres.store import PostgresStore
from runtime.channels import Channels
from runtime.grpc_server import GrpcServer
from runtime.identity import EVERY_TENANT, Issuer
from runtime.remote import RemoteCaller
from runtime.remote_log import STREAM_EVENTS, RemoteLog
from tests.support.log import TENANT, an_append, check_log, whole_log
from tests.support.remote import a_dispatcher, a_remote_log
from tests.support.restoring import raise_generation


async def test_it_is_the_owners_log_event_by_event_and_byte_by_byte() -> None:
    store = MemoryStore("sales")
    issuer = Issuer(Ed25519PrivateKey.generate())
    for n in range(30):
        await store.append(an_append(f"sales.deal-{n % 4}", facts=n % 3 + 1))
    dispatcher = a_dispatcher(store, issuer)
    server = GrpcServer(dispatcher, dispatcher.services, "127.0.0.1", 0)
    await server.start()
    caller = RemoteCaller(Channels({"sales": f"127.0.0.1:{server.port}"}))
    log = RemoteLog(caller, "sales", lambda: issuer.token(EVERY_TENANT, "contacts", roles=("operator",)))
    try:
        page = await log.read_all(Position(0), 5000)

        assert list(page.events) == await whole_log(store)
        check_log(page.events)
    finally:
        await caller.close()
        await server.stop()


async def test_a_long_stream_is_read_in_pages() -> None:
    store = MemoryStore("sales")
    await store.append(an_append("sales.deal-7", facts=STREAM_EVENTS + 5))

    events = await a_remote_log(store).read_stream(TENANT, "sales.deal-7")

    assert [event.version for event in events] == list(range(1, STREAM_EVENTS + 6))


@pytest.mark.parametrize("roles", [("manager",), ("analyst",)])
async def test_a_token_that_may_not_read_the_log_is_refused_and_no_fact_is_to_blame(roles: tuple[str, ...]) -> None:
    store = MemoryStore("sales")
    await store.append(an_append())

    with pytest.raises(Unavailable, match="sales does not answer: ReadAll needs one of the roles admin, operator"):
        await a_remote_log(store, tenant=TENANT, roles=roles).read_all(Position(0))


async def test_a_token_of_one_tenant_reads_that_tenants_events_only() -> None:
    store = MemoryStore("sales")
    await store.append(an_append(tenant="olist"))
    await store.append(an_append("sales.deal-8", tenant="acme"))
    log = a_remote_log(store, tenant="acme")

    assert [event.tenant for event in (await log.read_all(Position(0))).events] == ["acme"]
    with pytest.raises(Unavailable):
        await log.read_stream("olist", "sales.deal-7")


async def test_where_its_generations_began_is_told(database: str) -> None:
    async with await PostgresStore.open(database, "sales") as store:
        await store.append(an_append(facts=3))
        await raise_generation(database, 2)
        await store.append(an_append())
        log = a_remote_log(store)

        assert (await log.head(), await log.forks()) == (Place(2, Position(4)), [Fork(2, Position(2))])
        assert [event.generation for event in (await log.read_all(Position(0))).events] == [1, 1, 2, 2]


async def test_an_owner_that_is_away_is_waited_for() -> None:
    log = RemoteLog(RemoteCaller(Channels({"sales": "127.0.0.1:1"})), "sales", lambda: "token")

    with pytest.raises(Unavailable, match="the log of sales does not answer"):
        await log.head()
