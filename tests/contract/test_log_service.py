"""A department's log, read from outside: raw for operators, as CloudEvents for everybody, to each what is theirs."""

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from baton.log.v1 import log_pb2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf import descriptor_pool
from google.protobuf.json_format import MessageToDict

from eventlog.codec import Codec, Origin
from eventlog.errors import Behind, NoSuchPlace
from eventlog.events import NewEvent, Place, digest_of
from eventlog.keyring import MemoryKeyring
from eventlog.memory import MemoryStore
from eventlog.postgres.store import PostgresStore
from eventlog.store import ANY, Append, Command, Store, StreamWrite
from facts.marketing import LeadCaptured, LeadPerson, LeadTouched, Touch
from facts.registry import REGISTRY
from runtime.errors import RpcError
from runtime.identity import Issuer, Verifier
from runtime.log_service import LogService
from runtime.rpc import Dispatcher, Servicer
from tests.support.restoring import raise_generation

AT = datetime(2026, 3, 6, 19, 38, 55, 250_000, UTC)
ANNA = LeadPerson(name="Anna Petrova", email="anna.petrova@example.com")


class House:
    """Marketing's log, with the service that reads it."""

    def __init__(self, heartbeat_s: float = 60.0, store: Store | None = None) -> None:
        self.keyring = MemoryKeyring()
        self.store = store or MemoryStore("marketing")
        self.codec = Codec(REGISTRY, self.keyring)
        self.issuer = Issuer(Ed25519PrivateKey.generate())
        self.behind = False
        service = LogService(self.store, REGISTRY, self.keyring, self, self._readable, heartbeat_s)
        descriptor = descriptor_pool.Default().FindServiceByName("baton.log.v1.Log")
        self.dispatcher = Dispatcher(
            [Servicer(descriptor, service, "marketing")],
            Verifier(self.issuer.public),
            self.keyring.hmac,
            ["marketing"],
            self._wait,
        )

    async def _wait(self, *_: object) -> None:
        raise AssertionError("nothing here waits")

    async def wait_for(self, department: str, place: Place, timeout_s: float) -> None:
        head = await self.store.head()
        if place.generation != head.generation:
            raise NoSuchPlace(f"the log of {department} ends at {head}; it has no {place}")
        if self.behind:
            await asyncio.sleep(timeout_s)
            raise Behind(f"{department} was not heard up to {place}")

    async def heal(self, *_: object) -> bool:
        raise AssertionError("nothing here is healed")

    async def _readable(self, tenant: str, branch: str, streams: Collection[str]) -> set[str]:
        """Every branch has one lead, which is named as the branch is."""
        return {stream for stream in streams if stream == f"marketing.lead-{branch}"}

    async def tell(self, fact: Any, tenant: str = "acme", branch: str = "riga") -> str:
        stream, command = f"marketing.lead-{fact.lead_id}", Command(uuid4(), bytes(32))
        events, _ = await self.codec.encode([fact], Origin(tenant, branch, "mia"), command.id)
        await self.store.append(Append(tenant, command, [StreamWrite(stream, ANY, events)]))
        return stream

    async def tell_bytes(self, metadata: bytes, data: bytes) -> None:
        """What no program of ours writes, and a log takes."""
        told = NewEvent("marketing.lead-captured", 1, data, metadata)
        await self.store.append(
            Append("acme", Command(uuid4(), bytes(32)), [StreamWrite("marketing.lead-9", ANY, [told])])
        )

    def metadata(self, *roles: str, tenant: str = "acme", branch: str = "riga") -> dict[str, str]:
        return {"authorization": f"Bearer {self.issuer.token(tenant, 'emma', branch, roles or ('manager',))}"}

    async def ask(self, rpc: str, request: Any, *roles: str, tenant: str = "acme") -> Any:
        metadata = self.metadata(*(roles or ("operator",)), tenant=tenant)
        return (await self.dispatcher.call(f"baton.log.v1.Log/{rpc}", request, metadata)).message

    def follow(self, *roles: str, tenant: str = "acme", branch: str = "riga", **fields: Any) -> AsyncIterator[Any]:
        request = log_pb2.SubscribeRequest(department="marketing", **fields)
        return self.dispatcher.stream(
            "baton.log.v1.Log/Subscribe", request, self.metadata(*roles, tenant=tenant, branch=branch)
        )


def captured(lead_id: str = "1", **fields: Any) -> LeadCaptured:
    told: dict[str, Any] = {"lead_id": lead_id, "branch": "riga", "person": ANNA, "captured_at": AT}
    return LeadCaptured(**told | fields)


async def first(items: AsyncIterator[Any], count: int) -> list[Any]:
    async with asyncio.timeout(10):
        return [await anext(items) for _ in range(count)]


async def test_a_stream_is_read_with_the_bytes_that_its_digests_cover() -> None:
    house = House()
    stream = await house.tell(captured())
    await house.tell(LeadTouched(lead_id="1", touch=Touch(at=AT, source="fair")))
    events = (await house.ask("ReadStream", log_pb2.ReadStreamRequest(department="marketing", stream=stream))).events
    stored = await house.store.read_stream("acme", stream)
    assert [(each.version, each.data, each.metadata, each.digest) for each in events] == [
        (each.version, each.data, each.metadata, each.digest) for each in stored
    ]
    assert events[0].recorded_at.ToDatetime(UTC) == stored[0].recorded_at
    assert digest_of(bytes(32), stored[0]) == events[0].digest
    assert b"Petrova" not in events[0].data


async def test_a_log_is_read_page_by_page_to_its_head() -> None:
    house = House()
    for n in range(5):
        await house.tell(captured(str(n)))
    page = await house.ask("ReadAll", log_pb2.ReadAllRequest(department="marketing", after=1, limit=3))
    assert ([each.position for each in page.events], page.scanned, page.head) == ([2, 3, 4], 4, 5)
    assert (await house.ask("GetHead", log_pb2.GetHeadRequest(department="marketing"))).position == 5


async def test_operators_see_their_tenant_and_those_of_every_tenant_see_all() -> None:
    house = House()
    await house.tell(captured("1"))
    stream = await house.tell(captured("2"), tenant="globex")
    everything = log_pb2.ReadAllRequest(department="marketing")
    assert [each.tenant for each in (await house.ask("ReadAll", everything)).events] == ["acme"]
    assert [each.tenant for each in (await house.ask("ReadAll", everything, tenant="*")).events] == ["acme", "globex"]
    theirs = log_pb2.ReadStreamRequest(department="marketing", stream=stream)
    assert list((await house.ask("ReadStream", theirs)).events) == []
    assert [each.tenant for each in (await house.ask("ReadStream", theirs, tenant="*")).events] == ["globex"]
    with pytest.raises(RpcError) as error:
        await house.ask("ReadAll", log_pb2.ReadAllRequest(department="marketing", tenant="globex"))
    assert error.value.kind.http == 404


async def test_reading_the_end_waits_for_what_comes() -> None:
    house = House()
    request = log_pb2.ReadAllRequest(department="marketing", wait_ms=10_000)
    waiting = asyncio.create_task(house.ask("ReadAll", request))
    await house.tell(captured())
    async with asyncio.timeout(20):
        assert len((await waiting).events) == 1


async def test_a_department_that_there_is_not_is_not_found() -> None:
    with pytest.raises(RpcError) as error:
        await House().ask("GetHead", log_pb2.GetHeadRequest(department="kitchen"))
    assert error.value.kind.http == 404


async def test_a_subscriber_gets_cloud_events_first_what_stands_there_then_what_comes() -> None:
    house = House()
    stream = await house.tell(captured())
    items = house.follow()
    (item,) = await first(items, 1)
    event = dict(item.data.items())
    stored = (await house.store.read_stream("acme", stream))[0]
    assert item.id == "1.1"
    assert {
        name: event[name] for name in ("specversion", "id", "type", "source", "subject", "position", "version")
    } == {
        "specversion": "1.0",
        "id": str(stored.id),
        "type": "marketing.lead-captured",
        "source": "baton:marketing",
        "subject": stream,
        "position": "1",
        "version": 1,
    }
    assert event["time"] == "2026-03-06T19:38:55.250000Z"
    assert UUID(str(event["id"]))
    await house.tell(captured("2"))
    assert (await first(items, 1))[0].id == "1.2"


@pytest.mark.parametrize(
    ("metadata", "data", "told"),
    [
        (b"{}", b"no JSON", {}),
        (b"{}", b"[1, 2]", {}),
        (b"{}", b'{"a":' * 60 + b"1" + b"}" * 60, {}),
        (b"no JSON", b'{"source": "fair"}', {"source": "fair"}),
        (b"[1, 2]", b'{"email": {"sealed": "AAAA"}}', {}),
        (b'{"branch": [1], "occurredAt": 5, "trace": {}, "key": []}', b'{"source": "fair"}', {"source": "fair"}),
    ],
    ids=[
        "data: no JSON",
        "data: a list",
        "data: nested",
        "metadata: no JSON",
        "metadata: a list",
        "metadata: no texts",
    ],
)
async def test_a_stream_tells_what_nobody_can_read_and_goes_on(metadata: bytes, data: bytes, told: Any) -> None:
    house = House()
    await house.tell_bytes(metadata, data)
    await house.tell(captured())
    unreadable, sound = await first(house.follow(), 2)
    event = MessageToDict(unreadable.data)
    stored = (await house.store.read_stream("acme", "marketing.lead-9"))[0]

    assert (unreadable.id, sound.id) == ("1.1", "1.2")
    assert event["data"] == told
    assert (event["branch"], event["time"], event["digest"]) == ("", event["recordedat"], stored.digest.hex())
    assert log_pb2.StreamItem.FromString(unreadable.SerializeToString()) == unreadable


@pytest.mark.parametrize(
    ("role", "name"), [("manager", "Anna Petrova"), ("sales", "Anna Petrova"), ("analyst", "erased")]
)
async def test_only_who_works_with_customers_reads_what_is_personal(role: str, name: str) -> None:
    house = House()
    await house.tell(captured("riga"))
    (item,) = await first(house.follow(role), 1)
    assert item.data["data"]["person"]["name"] == name


async def test_everybody_sees_their_tenant_and_those_bound_to_a_branch_only_that() -> None:
    house = House()
    await house.tell(captured("oslo"), branch="riga")
    await house.tell(captured("riga"), tenant="globex")
    await house.tell(captured("york"), branch="riga")
    await house.tell(captured("riga"), branch="")
    await house.tell(LeadTouched(lead_id="oslo", touch=Touch(at=AT)), branch="york")
    assert [item.id for item in await first(house.follow("manager"), 4)] == ["1.1", "1.3", "1.4", "1.5"]
    assert [item.id for item in await first(house.follow("clerk"), 1)] == ["1.4"]
    assert [item.id for item in await first(house.follow("sales", branch="oslo"), 2)] == ["1.1", "1.5"]


async def test_who_is_bound_to_a_branch_waits_until_the_views_know_whose_an_event_is() -> None:
    house = House(heartbeat_s=0.01)
    await house.tell(captured("riga"))
    house.behind = True
    items = house.follow("clerk")
    assert [(item.id, item.HasField("data")) for item in await first(items, 2)] == [("1.0", False)] * 2
    house.behind = False
    async with asyncio.timeout(20):
        while not (item := await anext(items)).HasField("data"):
            pass
    assert item.id == "1.1"


async def test_a_subscriber_narrows_by_type_and_stream_and_resumes_after_a_position() -> None:
    house = House()
    stream = await house.tell(captured("1"))
    await house.tell(captured("2"))
    await house.tell(LeadTouched(lead_id="1", touch=Touch(at=AT)))
    assert [i.id for i in await first(house.follow(types=["marketing.lead-touched"]), 1)] == ["1.3"]
    both = ["marketing.lead-disqualified,marketing.lead-touched"]
    assert [i.id for i in await first(house.follow(types=both), 1)] == ["1.3"]
    assert [i.id for i in await first(house.follow(subject=stream), 2)] == ["1.1", "1.3"]
    for after in ("2", "1.2"):
        assert [i.id for i in await first(house.follow(after=after), 1)] == ["1.3"]


@pytest.mark.parametrize("after", ["1.7", "7", "2.1"])
async def test_a_position_that_the_log_does_not_have_is_refused(after: str) -> None:
    house = House()
    await house.tell(captured())
    with pytest.raises(RpcError) as error:
        await anext(house.follow(after=after))
    assert error.value.kind.http == 412


async def test_of_a_restored_log_every_place_is_one_to_go_on_at(database: str) -> None:
    async with await PostgresStore.open(database, "marketing") as store:
        house = House(store=store)
        for lead in "12":
            await house.tell(captured(lead))
        await raise_generation(database, 1)
        items = await first(house.follow(), 2)
        assert [(item.id, item.data["generation"]) for item in items] == [("2.1", 1), ("2.2", 2)]
        assert [item.id for item in await first(house.follow(after="2.1"), 1)] == ["2.2"]
        assert [item.id for item in await first(house.follow("clerk", branch="1"), 1)] == ["2.1"]
        with pytest.raises(RpcError):
            await anext(house.follow(after="1.1"))


async def test_a_sparse_stream_says_how_far_it_has_looked() -> None:
    house = House(heartbeat_s=0.01)
    await house.tell(captured())
    items = house.follow(types=["marketing.lead-touched"])
    item = (await first(items, 1))[0]
    async with asyncio.timeout(20):
        while item.id != "1.1":
            item = await anext(items)
    assert not item.HasField("data")
