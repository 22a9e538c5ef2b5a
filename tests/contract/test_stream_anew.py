"""`baton stream analytics --anew` where Baton runs on one machine: its database is that of BATON_HOME."""

from pathlib import Path

import pytest

from runtime.databases import Passwords
from runtime.postgres_server import PostgresServer
from runtime.roles.migrate import migrate
from runtime.settings import Settings
from tests.support.running import Baton

pytestmark = pytest.mark.timeout(120)

ANEW = ("stream", "analytics", "--anew")


async def test_it_begins_anew_in_a_home_whether_its_server_runs_or_not(tmp_path: Path) -> None:
    home = Settings(home=tmp_path / "home")
    server = PostgresServer.of(home.home, Passwords.at(home.postgres_key))
    await server.start()
    try:
        await migrate(["analytics"], Settings(home=home.home, database_url=server.databases.administrator))
        running = await Baton(home.home).cli(*ANEW)
    finally:
        await server.stop()
    stopped = await Baton(home.home).cli(*ANEW)

    assert (running.code, running.stderr) == (0, "analytics begins anew, in epoch 1\n")
    assert (stopped.code, stopped.stderr) == (0, "analytics begins anew, in epoch 2\n")
    assert server.pid() is None


async def test_without_a_home_it_says_what_to_set(tmp_path: Path) -> None:
    answer = await Baton(tmp_path).cli(*ANEW)
    assert answer.code == 2
    assert answer.stderr.endswith(f"there is no database in {tmp_path}: set BATON_HOME or BATON_DATABASE_URL\n")
