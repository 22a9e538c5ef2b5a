"""What a process says of itself: alive, ready or why not, and its measurements."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from runtime import health
from runtime.health import Check, Health
from runtime.http_server import HttpServer


@pytest.fixture
def checks() -> dict[str, Check]:
    return {}


@pytest.fixture
async def client(checks: dict[str, Check]) -> AsyncIterator[httpx.AsyncClient]:
    server = HttpServer(Health(checks), "127.0.0.1", 0)
    port = await server.start()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        yield client
    await server.stop()


async def fine() -> str:
    return ""


async def silent() -> str:
    await asyncio.sleep(60)
    return ""


async def broken() -> str:
    raise ConnectionRefusedError("postgresql://sales:secret@db")


async def behind() -> str:
    return "the projector has stopped"


async def test_all_is_well(client: httpx.AsyncClient, checks: dict[str, Check]) -> None:
    checks["log"] = fine
    assert (await client.get("/healthz/live")).json() == {"live": True}
    ready = await client.get("/healthz/ready")
    assert (ready.status_code, ready.json()) == (200, {"ready": True})
    assert "python_info" in (await client.get("/metrics")).text
    assert (await client.get("/v1/people")).status_code == 404


async def test_every_reason_is_told_and_none_quotes_an_address(
    client: httpx.AsyncClient, checks: dict[str, Check], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "CHECK_S", 0.2)
    checks.update(log=broken, views=behind, kafka=silent, grpc=fine)
    ready = await client.get("/healthz/ready")
    reasons = ["log: ConnectionRefusedError", "views: the projector has stopped", "kafka: TimeoutError"]
    assert (ready.status_code, ready.json()) == (503, {"ready": False, "reasons": reasons})
    assert (await client.get("/healthz/live")).status_code == 200


async def test_a_role_that_starts_while_it_is_asked_changes_its_checks(
    client: httpx.AsyncClient, checks: dict[str, Check]
) -> None:
    async def starting() -> str:
        checks.update(log=fine, views=fine)
        del checks["start"]
        return "not ready yet"

    checks["start"] = starting
    asked = await client.get("/healthz/ready")
    assert (asked.status_code, asked.json()["reasons"]) == (503, ["start: not ready yet"])
    assert (await client.get("/healthz/ready")).status_code == 200
