"""A standby relay is ready while any broker is there, whichever it is."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from runtime.cluster.ports import reserved
from runtime.roles.reachable import reach_any


@pytest.fixture
async def broker() -> AsyncIterator[str]:
    listening = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with listening:
        yield f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("order", ["{there},{gone}", "{gone},{there}", "{gone}, {gone},{there}"])
async def test_one_that_is_there_is_enough(order: str, broker: str) -> None:
    with reserved(["gone"]) as ports:
        await reach_any(order.format(there=broker, gone=f"127.0.0.1:{ports['gone']}"))


async def test_none_that_is_there_is_said_with_every_reason() -> None:
    with reserved(["first", "second"]) as ports:
        addresses = [f"127.0.0.1:{port}" for port in ports.values()]
        with pytest.raises(OSError, match=r"no broker answers: .*; "):
            await reach_any(",".join(addresses))
