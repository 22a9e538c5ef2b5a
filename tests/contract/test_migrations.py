"""Numbered schema changes, applied once, whoever starts first."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from eventlog.errors import NotSafe
from eventlog.postgres import apply_migrations, patience
from eventlog.postgres.migrations import brought_up
from eventlog.postgres.session import Connection
from tests.support.log import eventually
from tests.support.sessions import session


def a_folder(path: Path, *texts: str) -> Path:
    for n, text in enumerate(texts, start=1):
        (path / f"{n:04}_change.sql").write_text(text)
    return path


async def apply(database: str, folder: Path) -> int:
    async with session(database) as connection:
        return await apply_migrations(connection, "views", folder)


async def test_each_migration_is_applied_once_in_order(database: str, tmp_path: Path) -> None:
    one, two = "CREATE TABLE views.people (id int)", "ALTER TABLE views.people ADD name text"
    assert await apply(database, a_folder(tmp_path, one)) == 1
    assert await apply(database, a_folder(tmp_path, one, two)) == 1
    assert await apply(database, a_folder(tmp_path, one, two)) == 0

    async with session(database) as connection:
        assert await connection.fetch("SELECT id, name FROM views.people") == []


async def test_of_processes_that_start_at_once_one_applies(database: str, tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "CREATE TABLE views.people (id int)")

    assert sorted(await asyncio.gather(*(apply(database, folder) for _ in range(8)))) == [0] * 7 + [1]


async def test_a_migration_that_fails_leaves_nothing_behind(database: str, tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "CREATE TABLE views.people (id int)", "SELECT 1 / 0")
    with pytest.raises(Exception, match="division by zero"):
        await apply(database, folder)

    assert await apply(database, a_folder(tmp_path, "CREATE TABLE views.people (id int)", "SELECT 1")) == 2


async def test_an_edited_migration_is_refused(database: str, tmp_path: Path) -> None:
    await apply(database, a_folder(tmp_path, "CREATE TABLE views.people (id int)"))

    with pytest.raises(NotSafe, match=r"0001_change\.sql is not what was applied"):
        await apply(database, a_folder(tmp_path, "CREATE TABLE views.people (id bigint)"))


async def test_a_database_newer_than_the_program_is_refused(database: str, tmp_path: Path) -> None:
    await apply(database, a_folder(tmp_path, "SELECT 1", "SELECT 2"))
    (tmp_path / "0002_change.sql").unlink()

    with pytest.raises(NotSafe, match="too old"):
        await apply(database, tmp_path)


async def test_a_program_that_may_change_nothing_needs_everything_to_be_there(database: str, tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "CREATE TABLE views.people (id int)")
    async with session(database) as connection:
        for _ in range(2):
            with pytest.raises(NotSafe, match=r"at migration 0, this program needs 1: run `baton migrate`"):
                await brought_up(connection, "views", folder, migrate=False)
        assert await connection.fetchval("SELECT to_regnamespace('views')") is None
        await brought_up(connection, "views", folder, migrate=True)
        await brought_up(connection, "views", folder, migrate=False)


async def test_a_change_that_waits_for_a_table_lets_others_read_it_and_comes_back(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "LOCK_TIMEOUT_MS", 50)
    one, two = "CREATE TABLE views.people (id int)", "ALTER TABLE views.people ADD name text"
    await apply(database, a_folder(tmp_path, one))
    async with session(database) as holder, session(database) as reader:
        held = holder.transaction()
        await held.start()
        await holder.execute("LOCK TABLE views.people IN ACCESS SHARE MODE")
        changing = asyncio.create_task(apply(database, a_folder(tmp_path, one, two)))
        await eventually(lambda: waits_for_people(reader), "nobody waits for the table")

        await asyncio.wait_for(reader.fetch("SELECT id FROM views.people"), 10)  # queues behind who waits, for a moment

        assert not changing.done()
        await held.commit()
        assert await changing == 1


async def waits_for_people(connection: Connection) -> bool:
    waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'views.people'::regclass AND NOT granted)"
    return bool(await connection.fetchval(waiting))


async def test_a_table_that_is_never_let_go_ends_the_attempts(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "LOCK_TIMEOUT_MS", 10)
    monkeypatch.setattr(patience, "ATTEMPTS_MAX", 3)
    one, two = "CREATE TABLE views.people (id int)", "ALTER TABLE views.people ADD name text"
    await apply(database, a_folder(tmp_path, one))
    async with session(database) as holder, holder.transaction():
        await holder.execute("LOCK TABLE views.people IN ACCESS SHARE MODE")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await apply(database, a_folder(tmp_path, one, two))
