"""The same calls over gRPC: answers, metadata, errors, streams, reflection and health."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from runtime import channels, grpc_server
from runtime.channels import Channels
from runtime.errors import RpcError, Violation
from runtime.grpc_server import GrpcServer
from runtime.remote import RemoteCaller
from tests.support.parcels import SERVICE, House, message_class

CREATE, GET, WATCH = (f"{SERVICE}/{rpc}" for rpc in ("CreateParcel", "GetParcel", "WatchParcels"))


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
async def address(house: House) -> AsyncIterator[str]:
    server = GrpcServer(house.dispatcher, [SERVICE], "127.0.0.1", 0)
    await server.start()
    yield f"127.0.0.1:{server.port}"
    await server.stop()


@pytest.fixture
async def caller(address: str) -> AsyncIterator[RemoteCaller]:
    caller = RemoteCaller(Channels({"parcels": address}))
    yield caller
    await caller.close()


def lamp(label: str = "A lamp for Riga") -> Any:
    return message_class("CreateParcelRequest")(parcel={"label": label})


async def test_a_call_is_answered_as_in_the_same_process(house: House, caller: RemoteCaller) -> None:
    here = await house.dispatcher.call(CREATE, lamp(), {**house.headers, "idempotency-key": "k"})
    there = await caller.call(CREATE, lamp(), {**house.headers, "idempotency-key": "k"})
    assert there.message == here.message
    assert there.metadata == {**here.metadata, "idempotency-replayed": "true"}


async def test_an_error_keeps_its_details(house: House, caller: RemoteCaller) -> None:
    with pytest.raises(RpcError) as error:
        await caller.call(CREATE, lamp(""), house.headers)
    assert error.value.kind.reason == "INVALID"
    assert error.value.violations == [Violation("parcel.label", "is required")]


async def test_without_a_token_there_is_no_answer(caller: RemoteCaller) -> None:
    with pytest.raises(RpcError) as error:
        await caller.call(GET, message_class("GetParcelRequest")(id="7"), {})
    assert error.value.kind.http == 401


async def test_a_stream_comes_item_by_item_and_ends_with_its_reader(house: House, caller: RemoteCaller) -> None:
    items = caller.stream(WATCH, message_class("WatchParcelsRequest")(shelf="a"), house.headers)
    for n in range(2):
        await house.parcels.tell({"n": n})
        assert (await anext(items)).data["n"] == n
    with pytest.raises(RpcError) as error:
        await anext(caller.stream(WATCH, message_class("WatchParcelsRequest")(shelf="none"), house.headers))
    assert error.value.kind.http == 404


async def test_a_connection_that_nobody_uses_is_kept(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the other side lives is asked between calls, too; it may not take that for an attack."""
    often_ms = 400
    monkeypatch.setattr(grpc_server, "KEEPALIVE_MS", often_ms)
    monkeypatch.setitem(channels._OPTIONS, "grpc.keepalive_time_ms", often_ms)
    server = GrpcServer(house.dispatcher, [SERVICE], "127.0.0.1", 0)
    await server.start()
    ours = Channels({"parcels": f"127.0.0.1:{server.port}"})
    channel = await ours.reached("parcels", 10.0)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(10 * often_ms / 1000):
            await channel.wait_for_state_change(grpc.ChannelConnectivity.READY)

    await ours.close()
    await server.stop()


async def test_a_department_that_is_not_there_is_out_of_reach(house: House) -> None:
    caller = RemoteCaller(Channels({"parcels": "127.0.0.1:1"}))
    with pytest.raises(RpcError) as error:
        await caller.call(CREATE, lamp(), house.headers)
    assert error.value.kind.reason == "UNAVAILABLE"
    await caller.close()


async def test_bytes_that_are_no_request_are_refused(address: str, house: House) -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await channel.unary_unary(f"/{CREATE}")(b"\xff\xff", metadata=tuple(house.headers.items()))
    assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_health_says_that_every_service_serves(address: str) -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for service in ("", SERVICE):
            answer = await stub.Check(health_pb2.HealthCheckRequest(service=service))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_reflection_names_every_service(address: str) -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = [reflection_pb2.ServerReflectionRequest(list_services="")]
        answers = [answer async for answer in stub.ServerReflectionInfo(iter(asked))]
    names = {service.name for service in answers[0].list_services_response.service}
    assert {SERVICE, "grpc.health.v1.Health"} <= names
