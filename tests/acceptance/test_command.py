"""`baton`, as a user types it: up, status, token, parked, rebuild; started, stopped, killed, started twice."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.running import Baton, free_port, running

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("baton")]

LEAD = {"source": "fair", "branch": "riga", "person": {"name": "Anna Petrova", "email": "anna.petrova@example.com"}}


@pytest.fixture(scope="module")
async def baton(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Baton]:
    async with running(tmp_path_factory.mktemp("baton") / "home") as baton:
        yield baton


async def create_lead(baton: Baton, **headers: str) -> httpx.Response:
    async with await baton.client("acme", "mia", "manager") as client:
        response = await client.post("/v1/leads", json=LEAD, headers=headers)
    assert response.status_code == 201, response.text
    return response


async def test_a_write_is_seen_by_every_department_that_hears_it(baton: Baton) -> None:
    written = await create_lead(baton)
    position = written.headers["baton-position"]
    async with await baton.client("acme", "mia", "manager") as client:
        leads = (await client.get("/v1/leads", headers={"baton-min-position": position})).json()
        people = (await client.get("/v1/people", headers={"baton-min-position": position})).json()
        funnel = (await client.get("/v1/funnel", headers={"baton-min-position": position})).json()
    assert leads["leads"][0]["person"]["name"] == "Anna Petrova"
    assert people["totalSize"] >= 0
    assert sum(row["leads"] for row in funnel["rows"]) == 1


async def test_status_says_how_far_every_department_has_heard(baton: Baton) -> None:
    answer = await baton.cli("status", "--json")
    assert answer.code == 0, answer.stderr
    departments = {each["department"]: each for each in answer.json()["departments"]}
    assert set(departments) == {"contacts", "marketing", "sales", "analytics"}
    for status in departments.values():
        assert status["parked"] == 0
        assert {source["source"] for source in status["sources"]} >= {status["department"]}
    assert (await baton.cli("status")).stdout.startswith("department")


async def test_a_token_stands_alone_on_stdout_and_speaks_for_whom_it_says(baton: Baton) -> None:
    answer = await baton.cli("token", "--tenant", "acme", "--employee", "olga", "--branch", "riga")
    assert answer.code == 0
    assert len(answer.stdout.split()) == 1
    async with httpx.AsyncClient(base_url=baton.url, headers={"authorization": f"Bearer {answer.stdout.strip()}"}) as c:
        assert (await c.get("/v1/leads")).status_code == 200
        assert (await c.get("/v1/status")).status_code == 403


async def test_nothing_is_parked_and_views_equal_a_fold_of_the_logs(baton: Baton) -> None:
    assert (await baton.cli("parked", "list", "--json")).json() == {"parked": []}
    for department in ("contacts", "marketing", "sales", "analytics"):
        checked = await baton.cli("rebuild", department, "--check", "--json")
        assert (checked.code, checked.json()["differing"]) == (0, 0), checked.stdout
        assert (await baton.cli("rebuild", department)).code == 0


@pytest.mark.parametrize("action", [("show",), ("retry",), ("discard", "--reason", "mistyped")])
async def test_a_stream_that_is_not_parked_is_told_apart_from_success(baton: Baton, action: tuple[str, ...]) -> None:
    verb, *options = action
    answer = await baton.cli("parked", verb, "contacts", "marketing.lead-nobody", *options)

    assert (answer.code, answer.stdout) == (2, "")
    assert "marketing.lead-nobody is not parked in contacts" in answer.stderr


async def test_a_tenants_own_token_covers_that_tenant_and_finds_nothing_wrong(baton: Baton) -> None:
    await create_lead(baton)
    async with await baton.client("globex", "eve", "manager") as client:
        assert (await client.post("/v1/leads", json=LEAD)).status_code == 201
    theirs = Baton(baton.home, port=baton.port, env={"BATON_TOKEN": await baton.token("globex", "olga", "operator")})
    for command in (["verify"], ["audit", "handoffs", "--wait", "20"], ["status"], ["log", "tail", "marketing"]):
        answer = await theirs.cli(*command, "--json")
        assert answer.code == 0, (command, answer.stdout, answer.stderr)
        assert "acme" not in answer.stdout
    whole = (await baton.cli("verify", "marketing", "--json")).json()
    assert whole["events"] > (await theirs.cli("verify", "marketing", "--json")).json()["events"] > 0


async def test_a_token_and_another_tenant_contradict_each_other(baton: Baton) -> None:
    theirs = Baton(baton.home, port=baton.port, env={"BATON_TOKEN": await baton.token("globex", "olga", "admin")})
    for command in (["verify"], ["audit", "handoffs"], ["status"], ["parked", "list"], ["log", "tail", "sales"]):
        answer = await theirs.cli(*command, "--tenant", "acme")
        assert (answer.code, answer.stdout) == (2, ""), command
        assert "BATON_TOKEN speaks for globex" in answer.stderr


async def test_one_tenant_may_be_named_where_all_are_covered(baton: Baton) -> None:
    assert (await baton.cli("status", "--tenant", "acme", "--json")).code == 0
    assert (await baton.cli("rebuild", "marketing", "--check", "--tenant", "acme", "--json")).json()["differing"] == 0
    refused = await baton.cli("rebuild", "marketing", "--tenant", "acme")
    assert refused.code == 2
    assert "--check" in refused.stderr


async def test_wrong_usage_ends_with_2_and_says_what_is_right(baton: Baton) -> None:
    unknown = await baton.cli("rebuild", "kitchen")
    assert unknown.code == 2
    assert "analytics, contacts, marketing, sales" in unknown.stderr
    assert (await baton.cli("token", "--tenant", "acme")).code == 2
    assert (await baton.cli("fly")).code == 2


async def test_a_second_start_on_one_home_is_refused_clearly(baton: Baton) -> None:
    second = Baton(baton.home, port=free_port())
    answer = await second.cli("up", timeout_s=30)
    assert answer.code == 2
    assert "another Baton" in answer.stderr
    assert "BATON_HOME" in answer.stderr
    assert (await baton.cli("status")).code == 0


async def test_a_port_that_somebody_has_is_refused_clearly(baton: Baton, tmp_path: Path) -> None:
    other = Baton(tmp_path / "home", port=baton.port)
    answer = await other.cli("up", timeout_s=30)
    assert answer.code == 2
    assert "BATON_PORT" in answer.stderr


def test_a_wrong_setting_stops_the_start_with_its_name() -> None:
    environment = {**os.environ, "BATON_PORT": "eighty"}
    command = [sys.executable, "-m", "runtime.cli", "up"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 2
    assert "BATON_PORT='eighty': expected a port" in ended.stderr


async def test_commands_without_a_running_baton_say_so(tmp_path: Path) -> None:
    nowhere = Baton(tmp_path / "home")
    answer = await nowhere.cli("status")
    assert answer.code == 2
    assert "baton up" in answer.stderr
    assert (await nowhere.cli("token", "--employee", "olga")).code == 0


async def test_it_starts_and_stops_in_five_seconds_and_what_was_written_is_there(tmp_path: Path) -> None:
    async with running(tmp_path / "home") as baton:
        await create_lead(baton)
        stops_s, starts_s = [], []
        for number in (signal.SIGTERM, signal.SIGINT):
            stops_s.append(await stopped(baton, number))
            await baton.start()
            starts_s.append(baton.started_s)
        async with await baton.client("acme", "mia", "manager") as client:
            assert (await client.get("/v1/leads")).json()["totalSize"] == 1
    # The better one of two: other tests may have kept the machine busy.
    assert (min(stops_s) < 5, min(starts_s) < 5) == (True, True), (stops_s, starts_s)


async def test_after_kill_9_the_next_start_goes_on_with_the_server_left_behind(tmp_path: Path) -> None:
    async with running(tmp_path / "home") as baton:
        first = await create_lead(baton, **{"idempotency-key": "k"})
        postmaster = baton.postmaster()
        await baton.kill()
        await baton.start()
        assert baton.postmaster() == postmaster
        again = await create_lead(baton, **{"idempotency-key": "k"})
        assert again.headers["idempotency-replayed"] == "true"
        assert again.json()["id"] == first.json()["id"]


async def test_keys_are_their_owners_alone(baton: Baton) -> None:
    for path in (baton.home / "keys").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE((baton.home / "keys").stat().st_mode) == 0o700


async def test_logs_of_the_program_hold_nothing_personal(baton: Baton) -> None:
    await create_lead(baton)
    logs = baton.log_end(10**6) + (baton.home / "logs" / "postgres.log").read_text()
    assert "Petrova" not in logs
    assert "anna.petrova" not in logs


async def stopped(baton: Baton, number: signal.Signals) -> float:
    process: Any = baton.process
    began = time.monotonic()
    process.send_signal(number)
    await asyncio.to_thread(process.wait, 30)
    assert process.returncode == 0, baton.log_end()
    return time.monotonic() - began
