"""Calls: who may, under which command, when they wait, and what goes back beside the answer."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from eventlog.errors import Conflict
from eventlog.events import Place, Position, Version
from runtime.call import Call
from runtime.errors import RpcError
from runtime.identity import Issuer, Verifier
from runtime.rpc import Dispatcher, Limits, Reply, Servicer, answered, origin
from tests.support.parcels import Parcels, message_class, service

CREATE, GET, SEND, LIST, WATCH, UPDATE = (
    f"baton.parcels.v1.Parcels/{rpc}Parcel{s}"
    for rpc, s in (("Create", ""), ("Get", ""), ("Send", ""), ("List", "s"), ("Watch", "s"), ("Update", ""))
)


class Remembering(Parcels):
    """Keeps the calls that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []

    async def CreateParcel(self, request: Any, call: Call) -> Any:
        self.calls.append(call)
        return await super().CreateParcel(request, call)

    async def UpdateParcel(self, request: Any, call: Call) -> Any:
        self.calls.append(call)
        return await super().UpdateParcel(request, call)

    async def SendParcel(self, request: Any, call: Call) -> Any:
        self.calls.append(call)
        if request.note == "conflict":
            raise Conflict("parcels.parcel-7", "version 3", 4)
        if request.note == "wait":
            async with self.changed:
                self.changed.notify_all()
            await asyncio.Event().wait()
        return await super().SendParcel(request, call)


class House:
    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008
        message_class("Parcel")
        self.parcels = Remembering()
        self.issuer = Issuer(Ed25519PrivateKey.generate())
        self.waited: list[tuple[str, str, Place]] = []
        self.hashed: list[tuple[str, str, bytes]] = []
        self.dispatcher = Dispatcher(
            [Servicer(service(), self.parcels)],
            Verifier(self.issuer.public),
            self._hmac,
            ["parcels", "marketing"],
            self._wait,
            limits,
        )

    def _hmac(self, tenant: str, purpose: str, value: bytes) -> bytes:
        self.hashed.append((tenant, purpose, value))
        return value[-32:].rjust(32)

    async def _wait(self, department: str, source: str, place: Place) -> None:
        self.waited.append((department, source, place))

    async def call(self, method: str, request: Any, **metadata: str) -> Reply:
        return await self.dispatcher.call(method, request, self.metadata(**metadata))

    def metadata(
        self, tenant: str = "acme", employee: str = "emma", roles: str = "clerk", **more: str
    ) -> dict[str, str]:
        token = self.issuer.token(tenant, employee, "riga", roles.split())
        return {"authorization": f"Bearer {token}", **{name.replace("_", "-"): value for name, value in more.items()}}

    async def command(self, request: Any = None, **metadata: str) -> UUID:
        await self.call(CREATE, request or lamp(), **metadata)
        return self.parcels.calls[-1].command.id


def lamp(label: str = "A lamp") -> Any:
    return message_class("CreateParcelRequest")(parcel={"label": label})


async def failed(work: Any) -> RpcError:
    with pytest.raises(RpcError) as error:
        await work
    return error.value


async def refused(work: Any) -> tuple[int, str]:
    error = await failed(work)
    return error.kind.http, str(error)


async def test_an_answer_goes_back_with_version_and_position() -> None:
    reply = await House().call(CREATE, lamp())
    assert reply.message.label == "A lamp"
    assert reply.metadata == {"etag": '"1"', "baton-position": "parcels:1.1"}


async def test_a_command_is_named_by_tenant_employee_route_and_key_and_nothing_else() -> None:
    house = House()
    first = await house.command(idempotency_key="k")
    assert await house.command(lamp("Another lamp"), idempotency_key="k", roles="admin") == first
    others = [
        await house.command(idempotency_key="l"),
        await house.command(idempotency_key="k", tenant="globex"),
        await house.command(idempotency_key="k", employee="anna"),
    ]
    assert len({first, *others}) == 4


async def test_the_route_that_names_a_command_is_expanded() -> None:
    house = House()
    for id in ("7", "8"):
        await failed(house.call(SEND, message_class("SendParcelRequest")(id=id), idempotency_key="k"))
    first, second = (call.command.id for call in house.parcels.calls)
    assert first != second


async def test_without_a_key_every_write_is_a_command_of_its_own() -> None:
    house = House()
    assert await house.command() != await house.command()


async def test_the_hmac_covers_method_and_request() -> None:
    house = House()
    await house.command(lamp("A lamp"))
    tenant, purpose, value = house.hashed[-1]
    assert (tenant, purpose) == ("acme", "command")
    assert value == CREATE.encode() + b"\0" + lamp("A lamp").SerializeToString(deterministic=True)


async def test_a_repeated_command_says_that_it_was_answered_before() -> None:
    house = House()
    first = await house.call(CREATE, lamp(), idempotency_key="k")
    again = await house.call(CREATE, lamp(), idempotency_key="k")
    assert again.message == first.message
    assert again.metadata == {**first.metadata, "idempotency-replayed": "true"}


@pytest.mark.parametrize("key", ["", " k", "k\n", "ключ", "k" * 256])
async def test_a_malformed_key_is_refused(key: str) -> None:
    assert (await failed(House().call(CREATE, lamp(), idempotency_key=key))).kind.http == 400


async def test_without_a_valid_token_nobody_learns_anything() -> None:
    house = House()
    for authorization in ("", "Basic YTpi", "Bearer", "Bearer x.y.z"):
        error = await failed(house.dispatcher.call(CREATE, lamp(""), {"authorization": authorization}))
        assert error.kind.http == 401
    assert house.parcels.calls == []


async def test_a_role_that_the_rpc_does_not_name_may_not_call_it() -> None:
    status, told = await refused(House().call(CREATE, lamp(), roles="sales analyst"))
    assert (status, told) == (403, "CreateParcel needs one of the roles admin, clerk")


async def test_a_token_for_every_tenant_operates_and_does_not_use() -> None:
    assert (await failed(House().call(CREATE, lamp(), tenant="*", roles="admin"))).kind.http == 403


async def test_an_anonymous_rpc_needs_no_token() -> None:
    house = House()
    reply = await house.dispatcher.call(
        "baton.parcels.v1.Parcels/CountParcels", message_class("CountParcelsRequest")(), {}
    )
    assert reply.message.parcels == 0


async def test_what_is_not_served_is_said_to_be_so() -> None:
    error = await failed(House().call("baton.parcels.v1.Parcels/Steal", lamp()))
    assert error.kind.http == 404


async def test_a_wrong_request_never_reaches_the_department() -> None:
    house = House()
    error = await failed(house.call(CREATE, lamp("")))
    assert [(each.field, each.detail) for each in error.violations] == [("parcel.label", "is required")]
    assert house.parcels.calls == []


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ('"3"', {3}),
        ("*", None),
        (None, None),
        ('  "12" ', {12}),
        ('"3", "4"', {3, 4}),
        ('"x,y" ,W/"7","5"', {5}),
        ('"3-9f2c41aa"', {3}),
    ],
)
async def test_if_match_names_the_versions_that_the_caller_would_write_on(
    text: str | None, versions: set[int] | None
) -> None:
    house = House()
    given: Mapping[str, str] = {} if text is None else {"if_match": text}
    parcel = (await house.call(CREATE, lamp())).message
    await house.call(SEND, message_class("SendParcelRequest")(id=parcel.id), **given)
    assert house.parcels.calls[-1].if_match == versions


@pytest.mark.parametrize("text", ["", "3", '"3', "abc", '"abc"', 'W/"3"', '"3" "4"', '"3", 4', 'W/"3", "abc"'])
async def test_an_if_match_that_names_no_version_is_stale(text: str) -> None:
    assert (await failed(House().call(CREATE, lamp(), if_match=text))).kind.reason == "STALE"


async def test_what_is_only_made_now_has_no_version_yet() -> None:
    house = House()
    assert (await failed(house.call(CREATE, lamp(), if_match='"1"'))).kind.reason == "STALE"
    assert house.parcels.calls == []


async def test_a_read_with_another_version_is_stale() -> None:
    house = House()
    parcel = (await house.call(CREATE, lamp())).message
    request = message_class("GetParcelRequest")(id=parcel.id)
    assert (await house.call(GET, request, if_match='"1"')).message == parcel
    assert await refused(house.call(GET, request, if_match='"2"')) == (412, "expected version 2, found 1")


@pytest.mark.parametrize(
    ("header", "body", "stale"), [(None, "1", False), ('"1", "2"', "1", False), ('"2"', "1", True)]
)
async def test_the_entity_tag_in_a_changes_body_is_asked_for_like_if_match(
    header: str | None, body: str, stale: bool
) -> None:
    house = House()
    parcel = (await house.call(CREATE, lamp())).message
    parcel.etag = body
    request = message_class("UpdateParcelRequest")(parcel=parcel)
    given: Mapping[str, str] = {"if_match": header} if header else {}

    if stale:
        assert (await failed(house.call(UPDATE, request, **given))).kind.reason == "STALE"
    else:
        await house.call(UPDATE, request, **given)
        assert house.parcels.calls[-1].if_match == {1}


async def test_a_conflict_is_the_callers_only_when_the_caller_named_a_version() -> None:
    house = House()
    request = message_class("SendParcelRequest")(id="7", note="conflict")
    assert (await failed(house.call(SEND, request, if_match='"3"'))).kind.reason == "STALE"
    assert (await failed(house.call(SEND, request))).kind.reason == "OVERLOADED"


async def test_a_list_waits_for_every_position_asked_for() -> None:
    house = House()
    request = message_class("ListParcelsRequest")()
    await house.call(LIST, request, baton_min_position="marketing:1.12, parcels:1.3,marketing:1.11")
    places = {("parcels", "marketing", Place(1, Position(12))), ("parcels", "parcels", Place(1, Position(3)))}
    assert set(house.waited) == places


@pytest.mark.parametrize("text", ["marketing", "marketing:12", "marketing:1.x", ":1.2", "unknown:1.2"])
async def test_a_position_that_there_is_not_is_refused(text: str) -> None:
    request = message_class("ListParcelsRequest")()
    assert (await failed(House().call(LIST, request, baton_min_position=text))).kind.http in (400, 412)


async def test_a_call_that_takes_too_long_ends() -> None:
    house = House(Limits(call_s=0.01))
    request = message_class("SendParcelRequest")(id="7", note="wait")
    assert (await failed(house.call(SEND, request))).kind.reason == "DEADLINE"


async def test_too_many_calls_at_once_are_refused_for_the_tenant_and_in_all() -> None:
    house = House(Limits(calls_max=2, tenant_calls_max=1))
    request = message_class("SendParcelRequest")(id="7", note="wait")
    waiting = [asyncio.create_task(house.call(SEND, request, tenant=tenant)) for tenant in ("acme", "globex")]
    async with asyncio.timeout(20), house.parcels.changed:
        await house.parcels.changed.wait_for(lambda: len(house.parcels.calls) == 2)
    assert (await failed(house.call(CREATE, lamp(), tenant="initech"))).kind.reason == "OVERLOADED"
    waiting[1].cancel()
    await asyncio.wait(waiting, timeout=20, return_when=asyncio.FIRST_COMPLETED)
    assert (await failed(house.call(CREATE, lamp(), tenant="acme"))).kind.reason == "TOO_MANY"
    await house.call(CREATE, lamp(), tenant="globex")
    waiting[0].cancel()


async def test_a_stream_ends_when_the_token_expires() -> None:
    house = House()
    token = house.issuer.token("acme", "emma", days=1.2 / 86_400)
    items = house.dispatcher.stream(
        WATCH, message_class("WatchParcelsRequest")(shelf="a"), {"authorization": f"Bearer {token}"}
    )
    await house.parcels.tell({"n": 1})
    async with asyncio.timeout(10):
        assert [item.id async for item in items] == ["1"]
    assert house.parcels.watching == 0


async def test_a_stream_that_is_refused_says_why() -> None:
    house = House()
    items = house.dispatcher.stream(WATCH, message_class("WatchParcelsRequest")(shelf="none"), house.metadata())
    assert (await failed(anext(items))).kind.http == 404


async def test_who_records_is_the_caller_or_whom_the_caller_names() -> None:
    house = House()
    await house.call(CREATE, lamp(), traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    call = house.parcels.calls[-1]
    mine, theirs = origin(call), origin(call, "olga")
    assert (mine.tenant, mine.branch, mine.employee, mine.actor) == ("acme", "riga", "emma", "emma")
    assert (theirs.employee, theirs.actor) == ("olga", "emma")
    assert mine.traceparent.startswith("00-aaaa")
    assert mine.correlation_id == str(call.command.id)


async def test_what_was_handled_goes_back_with_the_answer() -> None:
    house = House()
    await house.call(CREATE, lamp())
    call = house.parcels.calls[-1]

    class Handled:
        version, place, replayed = Version(4), Place(1, Position(9)), True

    answered(call, Handled())
    assert (call.etag, call.place, call.replayed) == ("4", Place(1, Position(9)), True)
