"""Commands that judge end with 1 when something is wrong, which is made wrong here through SQL, and with 0 when it is
mended."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from runtime.databases import Passwords
from runtime.postgres_server import PostgresServer
from tests.support.house import eventually
from tests.support.running import Baton, running

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("baton")]

TENANT = "acme"
FLIP = "UPDATE log.events SET data = set_byte(data, 5, get_byte(data, 5) # 1) WHERE position = 2"
HIDE = "CREATE TABLE log.hidden AS SELECT * FROM log.events WHERE stream = '{stream}'"
LOSE = "DELETE FROM log.events WHERE stream = '{stream}'"
HIDE_LAST = "CREATE TABLE log.hidden AS SELECT * FROM log.events ORDER BY position DESC LIMIT 2"
LOSE_LAST = "DELETE FROM log.events WHERE position IN (SELECT position FROM log.hidden)"
SHOW = "INSERT INTO log.events SELECT * FROM log.hidden"


@pytest.fixture(scope="module")
async def baton(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Baton]:
    async with running(tmp_path_factory.mktemp("wrong") / "home") as baton:
        yield baton


@pytest.fixture(scope="module")
async def handoffs(baton: Baton) -> list[str]:
    """Two leads handed on, one after the other."""
    async with await baton.client(TENANT, "mia", "manager") as client:
        found = []
        for name in ("Anna", "Boris"):
            lead = (await client.post("/v1/leads", json={"source": "fair", "person": {"name": name}})).json()["id"]
            qualified = await client.post(f"/v1/leads/{lead}:qualify", json={"toBranch": "york"})
            found.append(qualified.json()["handoffId"])
            await eventually(lambda: _state(client, found[-1]), lambda state: state == "DELIVERED")
    return found


async def _state(client: Any, handoff: str) -> str:
    return str((await client.get(f"/v1/handoffs/{handoff}")).json().get("state"))


@asynccontextmanager
async def changed(baton: Baton, department: str, *statements: str, undo: str) -> AsyncIterator[None]:
    """The department's database, changed behind Baton's back, and put right afterwards."""
    server = PostgresServer.of(baton.home, Passwords.at(baton.home / "keys" / "postgres.key"))
    connection = await asyncpg.connect(server.databases.dsn(department))
    try:
        for statement in statements:
            assert await connection.execute(statement) not in ("UPDATE 0", "DELETE 0", "SELECT 0"), statement
        yield
        assert await connection.execute(undo) not in ("UPDATE 0", "INSERT 0 0"), undo
    finally:
        await connection.close()


async def test_verify_ends_with_1_for_a_byte_that_was_changed_in_a_log(baton: Baton, handoffs: list[str]) -> None:
    assert (await baton.cli("verify", "marketing")).code == 0

    async with changed(baton, "marketing", FLIP, undo=FLIP):
        broken = await baton.cli("verify", "marketing", "--json")
        told = await baton.cli("verify")

    assert broken.code == told.code == 1
    (where,) = broken.json()["broken"]
    assert (where["version"], where["reason"]) == (2, "the digest is not that of the event and its past")
    assert where["stream"].startswith("marketing.lead-")
    assert where["stream"] in told.stdout
    assert (await baton.cli("verify", "marketing")).code == 0


async def test_verify_ends_with_1_for_the_last_events_of_a_log_when_they_are_gone(
    baton: Baton, handoffs: list[str]
) -> None:
    async with changed(baton, "marketing", HIDE_LAST, LOSE_LAST, undo=SHOW):
        broken = await baton.cli("verify", "--json")

    assert broken.code == 1
    assert [each["stream"] for each in broken.json()["broken"]] == ["marketing"]
    assert "should end at" in broken.json()["broken"][0]["reason"]
    assert (await baton.cli("verify")).code == 0


async def test_rebuild_check_ends_with_1_for_a_row_that_was_changed_in_a_view(
    baton: Baton, handoffs: list[str]
) -> None:
    check = ("rebuild", "marketing", "--check")
    assert (await baton.cli(*check)).code == 0

    wrong = "UPDATE views.leads SET source = 'nobody knows'"
    async with changed(baton, "marketing", wrong, undo="UPDATE views.leads SET source = 'fair'"):
        differing = await baton.cli(*check, "--json")
        assert (await baton.cli(*check)).code == 1

    assert (differing.code, differing.json()["differing"]) == (1, 2)
    assert {each["table"]: each["differing"] for each in differing.json()["tables"]}["leads"] == 2
    assert (await baton.cli(*check)).code == 0


async def test_audit_handoffs_ends_with_1_for_a_handoff_that_is_lost(baton: Baton, handoffs: list[str]) -> None:
    audit = ("audit", "handoffs", "--wait", "60", "--json")
    assert (await baton.cli(*audit)).code == 0

    stream = f"contacts.handoff-{handoffs[0]}"
    steps = (HIDE.format(stream=stream), LOSE.format(stream=stream))
    async with changed(baton, "contacts", *steps, undo=SHOW):
        lost = await baton.cli(*audit)

    assert lost.code == 1
    (pair,) = lost.json()["pairs"]
    assert (pair["asked"], pair["offered"], pair["delivered"], pair["lost"]) == (2, 1, 1, 1)
    assert (await baton.cli(*audit)).code == 0
