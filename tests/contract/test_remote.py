"""A caller and a department in another process: restarts, cut connections, what is sent again and what is not, TLS."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from runtime.channels import Channels
from runtime.errors import OVERLOADED, RpcError, failure
from runtime.grpc_server import GrpcServer
from runtime.remote import PATIENCE_S, RemoteCaller
from runtime.tls import Tls
from tests.support.certificates import Authority
from tests.support.parcels import SERVICE, House, message_class
from tests.support.running import free_port

CREATE, GET, COUNT, WATCH = (
    f"{SERVICE}/{rpc}" for rpc in ("CreateParcel", "GetParcel", "CountParcels", "WatchParcels")
)


class Department:
    """The parcels behind gRPC on one port; started, cut off, and started again. A call can be held up."""

    def __init__(self, house: House, tls: Tls | None = None) -> None:
        self.house = house
        self.port = free_port()
        self.asked: list[str] = []
        self.was_asked = asyncio.Event()
        self.held = asyncio.Event()
        self.held.set()
        self.error: RpcError | None = None
        self._tls = tls
        self._server: GrpcServer | None = None

    async def start(self) -> None:
        self._server = GrpcServer(self, [SERVICE], "127.0.0.1", self.port, self._tls)
        await self._server.start()

    async def cut(self) -> None:
        """Gone in the middle of whatever it does."""
        assert self._server is not None
        await self._server._server.stop(0)

    async def call(self, method: str, request: Any, metadata: Any) -> Any:
        self.asked.append(method)
        self.was_asked.set()
        if self.error is not None:
            raise self.error
        reply = await self.house.dispatcher.call(method, request, metadata)
        await self.held.wait()
        return reply

    def stream(self, method: str, request: Any, metadata: Any) -> Any:
        return self.house.dispatcher.stream(method, request, metadata)


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
async def department(house: House) -> AsyncIterator[Department]:
    department = Department(house)
    await department.start()
    yield department
    await department.cut()


@pytest.fixture
async def caller(department: Department) -> AsyncIterator[RemoteCaller]:
    caller = RemoteCaller(Channels({"parcels": f"127.0.0.1:{department.port}"}))
    yield caller
    await caller.close()


def lamp() -> Any:
    return message_class("CreateParcelRequest")(parcel={"label": "A lamp for Riga"})


def count() -> Any:
    return message_class("CountParcelsRequest")()


async def asked(department: Department) -> None:
    async with asyncio.timeout(10):
        await department.was_asked.wait()


async def test_a_department_that_was_restarted_is_found_again(
    house: House, department: Department, caller: RemoteCaller
) -> None:
    for _ in range(3):
        assert (await caller.call(COUNT, count(), house.headers)).message.parcels == 0
        await department.cut()
        await department.start()


async def test_one_that_is_away_is_out_of_reach_soon_and_says_when_to_ask_again(
    house: House, department: Department, caller: RemoteCaller
) -> None:
    await department.cut()
    began = time.monotonic()
    with pytest.raises(RpcError) as error:
        await caller.call(COUNT, count(), house.headers)
    assert (error.value.kind.http, error.value.retry_s) == (503, 1.0)
    assert time.monotonic() - began < PATIENCE_S + 2
    await department.start()


async def test_a_read_that_was_cut_off_is_asked_again(
    house: House, department: Department, caller: RemoteCaller
) -> None:
    department.held.clear()
    reading = asyncio.create_task(caller.call(COUNT, count(), house.headers))
    await asked(department)
    await department.cut()
    department.held.set()
    await department.start()
    assert (await reading).message.parcels == 0
    assert department.asked == [COUNT, COUNT]


async def test_a_write_that_was_cut_off_is_sent_again_under_its_key_and_happens_once(
    house: House, department: Department, caller: RemoteCaller
) -> None:
    department.held.clear()
    writing = asyncio.create_task(caller.call(CREATE, lamp(), {**house.headers, "idempotency-key": "k"}))
    await asked(department)
    await department.cut()
    department.held.set()
    await department.start()
    assert (await writing).metadata["idempotency-replayed"] == "true"
    assert (department.asked, len(house.parcels.parcels)) == ([CREATE, CREATE], 1)


async def test_a_write_without_a_key_is_sent_once(house: House, department: Department, caller: RemoteCaller) -> None:
    department.held.clear()
    writing = asyncio.create_task(caller.call(CREATE, lamp(), house.headers))
    await asked(department)
    await department.cut()
    department.held.set()
    await department.start()
    with pytest.raises(RpcError) as error:
        await writing
    assert error.value.kind.http == 503
    assert department.asked == [CREATE]


async def test_what_the_department_itself_refuses_is_not_asked_again(
    house: House, department: Department, caller: RemoteCaller
) -> None:
    department.error = failure(OVERLOADED, "too busy")
    with pytest.raises(RpcError) as error:
        await caller.call(COUNT, count(), house.headers)
    assert error.value.kind is OVERLOADED
    assert department.asked == [COUNT]


async def test_a_stream_that_is_cut_off_ends_with_an_error(
    house: House, department: Department, caller: RemoteCaller
) -> None:
    items = caller.stream(WATCH, message_class("WatchParcelsRequest")(shelf="a"), house.headers)
    await house.parcels.tell({"n": 1})
    assert (await anext(items)).data["n"] == 1
    await department.cut()
    with pytest.raises(RpcError) as error:
        await anext(items)
    assert error.value.kind.http == 503
    await department.start()


async def test_with_tls_each_side_knows_the_other(house: House, tmp_path: Path) -> None:
    authority = Authority()
    department = Department(house, authority.issue(tmp_path / "department"))
    await department.start()
    address = {"parcels": f"localhost:{department.port}"}
    known = RemoteCaller(Channels(address, authority.issue(tmp_path / "caller")))
    assert (await known.call(COUNT, count(), house.headers)).message.parcels == 0
    strangers = [
        RemoteCaller(Channels(address)),
        RemoteCaller(Channels(address, Authority().issue(tmp_path / "another authority"))),
    ]
    for stranger in strangers:
        with pytest.raises(RpcError) as error:
            await stranger.call(COUNT, count(), house.headers)
        assert error.value.kind.http == 503
    assert department.asked == [COUNT]
    for each in (known, *strangers):
        await each.close()
    await department.cut()


async def test_certificates_that_were_replaced_are_used_at_once(house: House, tmp_path: Path) -> None:
    first, second = Authority(), Authority()
    department = Department(house, first.issue(tmp_path / "department"))
    await department.start()
    caller = RemoteCaller(Channels({"parcels": f"localhost:{department.port}"}, first.issue(tmp_path / "caller")))
    await caller.call(COUNT, count(), house.headers)
    second.issue(tmp_path / "department")
    second.issue(tmp_path / "caller")
    await caller.call(COUNT, count(), house.headers)
    stale = RemoteCaller(Channels({"parcels": f"localhost:{department.port}"}, first.issue(tmp_path / "stale")))
    with pytest.raises(RpcError):
        await stale.call(COUNT, count(), house.headers)
    for each in (caller, stale):
        await each.close()
    await department.cut()
