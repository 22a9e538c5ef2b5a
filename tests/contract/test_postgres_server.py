"""The embedded PostgreSQL: made, started, found again after a crash, replaced, stopped."""

import asyncio
import os
import signal
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from runtime.databases import DatabaseRefused, Databases, Passwords
from runtime.postgres_server import SETTINGS, PostgresServer, ServerFailed

pytestmark = pytest.mark.timeout(180)


def server_of(home: Path) -> PostgresServer:
    return PostgresServer.of(home, Passwords.at(home / "keys" / "postgres.key"))


@pytest.fixture
def closed_home(tmp_path: Path) -> Path:
    """A folder that others may not enter, as that of a careful user."""
    tmp_path.chmod(0o700)
    return tmp_path


@pytest.fixture
async def home(closed_home: Path) -> AsyncIterator[Path]:
    yield closed_home
    await server_of(closed_home).stop()


async def ask(server: PostgresServer, sql: str, database: str = "sales") -> object:
    connection = await asyncpg.connect(server.databases.dsn(database))
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def test_each_department_has_a_database_and_a_role_that_open_no_other(home: Path) -> None:
    server = server_of(home)
    await server.start()
    for _ in range(2):
        await server.databases.prepare(("sales", "contacts"))
    assert await ask(server, "SELECT current_user || current_database()") == "salessales"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(server.databases.dsn("sales").replace("/sales?", "/contacts?"))
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.databases.dsn("sales").replace(server.passwords.of("sales"), "guessed"))


async def test_what_was_answered_would_survive_and_folders_are_closed(home: Path) -> None:
    server = server_of(home)
    await server.start()
    await server.databases.prepare(("sales",))
    for setting in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
        assert await ask(server, f"SHOW {setting}") == "on"
    for folder in (server.data, server.socket):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "keys" / "postgres.key").stat().st_mode) == 0o600


async def test_statements_with_what_they_were_about_stay_out_of_the_log(home: Path) -> None:
    server = server_of(home)
    await server.start()
    await server.databases.prepare(("sales",))
    with pytest.raises(asyncpg.InvalidTextRepresentationError):
        await ask(server, "SELECT 'anna.petrova@example.com'::int")
    connection = await asyncpg.connect(server.databases.dsn("sales"))
    await connection.execute("CREATE TABLE people (email text UNIQUE)")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("INSERT INTO people VALUES ('anna@example.com'), ('anna@example.com')")
    await connection.close()
    assert "anna@" not in server.log_file.read_text()
    assert "SELECT" not in server.log_file.read_text()


async def test_a_server_left_behind_is_found_again(home: Path) -> None:
    left_behind = server_of(home)
    await left_behind.start()
    again = server_of(home)
    await again.start()
    assert again.process is None
    assert again.pid() == left_behind.pid()
    await again.stop()
    assert left_behind.pid() is None


async def test_a_server_left_behind_with_other_settings_is_replaced(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_behind = server_of(home)
    await left_behind.start()
    monkeypatch.setitem(SETTINGS, "max_connections", "33")
    again = server_of(home)
    await again.start()
    await again.databases.prepare(("sales",))
    assert await ask(again, "SHOW max_connections") == "33"


async def test_after_kill_9_of_the_server_everything_committed_is_there(home: Path) -> None:
    server = server_of(home)
    await server.start()
    await server.databases.prepare(("sales",))
    connection = await asyncpg.connect(server.databases.dsn("sales"))
    await connection.execute("CREATE TABLE deals AS SELECT 7 AS id")
    assert server.process is not None
    server.process.kill()
    server.process.wait()
    again = server_of(home)
    await again.start()
    assert await ask(again, "SELECT id FROM deals") == 7


async def test_a_server_that_dies_is_started_again(home: Path) -> None:
    server = server_of(home)
    await server.start()
    await server.databases.prepare(("sales",))
    watching = asyncio.create_task(server.watch())
    died = server.pid()
    assert died is not None
    os.kill(died, signal.SIGKILL)
    assert await answer_when_back(server, "SELECT 1") == 1
    assert server.pid() != died
    watching.cancel()


async def answer_when_back(server: PostgresServer, sql: str) -> object:
    async with asyncio.timeout(60):
        while True:
            try:
                return await ask(server, sql)
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
                await asyncio.sleep(0.02)


async def test_a_crash_while_the_data_is_made_leaves_no_half_of_it(home: Path) -> None:
    (home / "postgres.new").mkdir()
    (home / "postgres.new" / "PG_VERSION").write_text("18\n")
    server = server_of(home)
    await server.start()
    assert server.pid() is not None


async def test_a_file_that_names_somebody_elses_process_is_not_believed(home: Path) -> None:
    server = server_of(home)
    await server.start()
    await server.stop()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n")
    assert server.pid() is None


async def test_a_server_that_cannot_start_says_why(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = server_of(home)
    await server.start()
    await server.stop()
    monkeypatch.setitem(SETTINGS, "shared_buffers", "a lot")
    with pytest.raises(ServerFailed, match="shared_buffers"):
        await server_of(home).start()


async def test_a_path_too_long_for_a_socket_is_no_trouble(tmp_path: Path) -> None:
    home = tmp_path / ("deep-" * 20)
    home.mkdir(parents=True)
    server = server_of(home)
    await server.start()
    await server.databases.prepare(("sales",))
    assert await ask(server, "SELECT 1") == 1
    await server.stop()


async def test_a_server_of_ones_own_must_let_us_create_roles(home: Path) -> None:
    server = server_of(home)
    await server.start()
    await server.databases.prepare(("sales",))
    own = Databases(server.databases.dsn("sales"), Passwords(b"another installation"))
    with pytest.raises(DatabaseRefused, match="CREATEROLE"):
        await own.prepare(("contacts",))
    with pytest.raises(DatabaseRefused, match="password"):
        await Databases(own.dsn("sales"), own.passwords).prepare(("contacts",))


async def test_a_server_of_another_installation_is_told_from_a_server_that_is_away(home: Path) -> None:
    server = server_of(home)
    await server.start()
    await server.databases.prepare(("sales",))
    another = Databases(server.databases.administrator, Passwords(b"another installation"))
    with pytest.raises(DatabaseRefused, match="belongs to another BATON_HOME"):
        await another.prepare(("sales",))
    away = Databases("postgresql://baton:secret@127.0.0.1:1/postgres", another.passwords)
    with pytest.raises(DatabaseRefused, match=r"nobody answers at 127\.0\.0\.1:1"):
        await away.prepare(("sales",))


async def test_stopping_is_quick_and_clean(home: Path) -> None:
    server = server_of(home)
    await server.start()
    async with asyncio.timeout(15):
        await server.stop()
    assert "database system is shut down" in server.log_file.read_text()
