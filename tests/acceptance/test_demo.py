"""`baton up --demo`: a small made-up company to look around in, the same after every start."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.support.running import Baton, running
from tools.demo.by_hand import CALLBACK, CALLBACKS, CARDS

WAIT_S = 60.0
#: OFFERED passes in moments while the receiving department runs; nothing in the demo is DISCREPANT.
STATES = ("ASKED", "DELIVERED", "QUESTIONED", "ACCEPTED", "RETURNED", "WITHDRAWN")
#: A callback is due within a minute.
OVERDUE_S = 90.0


@pytest.fixture(scope="module")
async def baton(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Baton]:
    async with running(tmp_path_factory.mktemp("demo") / "home", "--demo") as baton:
        await loaded(baton)
        yield baton


async def loaded(baton: Baton, times: int = 1) -> None:
    """Until this start, the n-th, said that it is ready, which it does when the demo is loaded."""
    deadline = time.monotonic() + WAIT_S
    while baton.log_path.read_text().count("Baton is ready") < times:
        assert time.monotonic() < deadline, baton.log_end()
        await asyncio.sleep(0.05)
    assert "not loaded" not in baton.log_path.read_text(), baton.log_end()


async def total(client: httpx.AsyncClient, path: str, **filters: Any) -> int:
    answer = await client.get(path, params={**filters, "pageSize": 1})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["totalSize"])


async def test_there_is_something_of_everything(baton: Baton) -> None:
    async with await baton.client("demo", "mona", "manager") as client:
        assert await total(client, "/v1/branches") == 6
        assert await total(client, "/v1/people") > 200
        for resource in ("companies", "leads", "interactions", "promises", "opportunities"):
            assert await total(client, f"/v1/{resource}") > 20, resource


async def test_there_are_handoffs_in_every_state_that_lasts(baton: Baton) -> None:
    async with await baton.client("demo", "mona", "manager") as client:
        found = {state: await total(client, "/v1/handoffs", state=state) for state in STATES}
        assert min(found.values()) >= 3, found
        assert await total(client, "/v1/handoffs", state="DISCREPANT") == 0


async def test_some_promises_were_kept_and_some_are_not_wanted_any_more(baton: Baton) -> None:
    async with await baton.client("demo", "mona", "manager") as client:
        found = {state: await total(client, "/v1/promises", state=state) for state in ("OPEN", "KEPT", "RELEASED")}
        assert min(found.values()) >= 3, found


async def test_what_is_delivered_was_offered_before(baton: Baton) -> None:
    async with await baton.client("demo", "mona", "manager") as client:
        listed = (await client.get("/v1/handoffs", params={"state": "DELIVERED", "pageSize": 500})).json()["handoffs"]
        found = [(await client.get(f"/v1/handoffs/{each['id']}")).json() for each in listed]
    assert found
    for each in found:
        told = [step["what"] for step in each["history"]]
        assert told.index("offered") < told.index("delivered"), told


async def test_what_is_asked_for_waits_for_a_lead_that_nobody_brought_yet(baton: Baton) -> None:
    async with await baton.client("demo", "mona", "manager") as client:
        asked = (await client.get("/v1/handoffs", params={"state": "ASKED"})).json()["handoffs"]
        leads = [await client.get(f"/v1/leads/{each['subject']['id']}") for each in asked]
    assert [each.status_code for each in leads] == [404] * CARDS
    assert await pending(baton) == CARDS


async def test_callbacks_that_nobody_gives_are_overdue_within_a_minute(baton: Baton) -> None:
    deadline = time.monotonic() + OVERDUE_S
    async with await baton.client("demo", "mona", "manager") as client:
        while (found := await total(client, "/v1/handoffs", overdue="true", kind=CALLBACK)) < CALLBACKS:
            assert time.monotonic() < deadline, f"{found} are overdue"
            await asyncio.sleep(0.2)


async def test_names_are_english_and_russian(baton: Baton) -> None:
    async with await baton.client("demo", "mona", "manager") as client:
        branches = (await client.get("/v1/branches")).json()["branches"]
        assert {branch["country"] for branch in branches} == {"GB", "RU"}
        people = (await client.get("/v1/people", params={"branch": "kazan"})).json()["people"]
    names = [person["familyName"] or person["displayName"] for person in people]
    assert all("\u0400" <= name[0] <= "\u04ff" for name in names), names


async def test_a_second_start_adds_nothing(baton: Baton) -> None:
    before = await state_of(baton)
    await baton.stop()
    await baton.start()
    await loaded(baton, times=2)
    assert await state_of(baton) == before


async def state_of(baton: Baton) -> Any:
    """Every handoff, and where every log ends, once nothing is under way but what waits for its lead."""
    deadline = time.monotonic() + WAIT_S
    while (found := await pending(baton)) > CARDS:
        assert time.monotonic() < deadline, f"{found} are pending"
    audit = (await baton.cli("audit", "handoffs", "--json")).json()
    assert (audit["pending"], audit["discrepancies"], audit["lost"]) == (CARDS, 0, 0)
    verified = (await baton.cli("verify", "--json")).json()
    assert verified["broken"] == []
    return audit["pairs"], verified["events"], verified["streams"]


async def pending(baton: Baton) -> int:
    return int((await baton.cli("audit", "handoffs", "--json")).json()["pending"])
