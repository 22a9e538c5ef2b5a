"""Too much at once: the caller is told so through REST, and when to come back; the same request again then succeeds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import asyncpg
import httpx
import pytest

from eventlog.queue import AppendQueue
from runtime import serving
from tests.support.door import client_of
from tests.support.house import open_town
from tests.support.postgres import TestServer


@asynccontextmanager
async def marketing(server: TestServer, home: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        open_town(server.dsn("postgres"), home, ["marketing"]) as town,
        client_of(town, town.caller) as client,
    ):
        yield client


@asynccontextmanager
async def holding(server: TestServer, statement: str) -> AsyncIterator[None]:
    """A transaction of marketing's database that holds something until the end."""
    connection = await asyncpg.connect(server.dsn("marketing"))
    try:
        async with connection.transaction():
            await connection.execute(statement)
            yield
    finally:
        await connection.close()


def told(response: httpx.Response) -> tuple[int, str, str]:
    return response.status_code, response.json()["title"], response.headers["retry-after"]


async def test_who_finds_the_append_queue_full_until_the_deadline_is_told_when_to_come_back(
    own_postgres: TestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventlog.postgres.store.AppendQueue", partial(AppendQueue, count_max=1))
    async with marketing(own_postgres, tmp_path) as client:

        async def capture(name: str) -> httpx.Response:
            return await client.post("/v1/leads", json={"source": name}, headers={"idempotency-key": name})

        async with holding(own_postgres, "SELECT log.lock()"):
            answers = await asyncio.gather(capture("first"), capture("second"), capture("third"))
        assert sorted(map(told, answers)) == [
            (503, "Out of reach at the moment", "1"),
            (503, "Too busy at the moment", "1"),
            (503, "Too busy at the moment", "1"),
        ]

        again = [(await capture(name)).status_code for name in ("first", "second", "third")]
        assert (again, (await listed(client))) == ([201] * 3, 3)


async def test_who_waits_for_a_view_that_is_behind_is_told_when_to_come_back(
    own_postgres: TestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "WAIT_FOR_POSITION_S", 0.2)
    async with marketing(own_postgres, tmp_path) as client:
        async with holding(own_postgres, "LOCK TABLE views.leads IN SHARE MODE"):
            created = await client.post("/v1/leads", json={"source": "fair"})
            place = {"baton-min-position": created.headers["baton-position"]}

            behind = await client.get("/v1/leads", headers=place)
            assert told(behind) == (503, "The view is not there yet", "1")
            assert behind.headers["content-type"] == "application/problem+json"

        monkeypatch.undo()
        assert (await client.get("/v1/leads", headers=place)).json()["totalSize"] == 1


async def listed(client: httpx.AsyncClient) -> int:
    """How many leads there are, once everything written is shown."""
    written = await client.post("/v1/leads", json={"source": "last"})
    found = await client.get("/v1/leads", headers={"baton-min-position": written.headers["baton-position"]})
    return int(found.json()["totalSize"]) - 1
