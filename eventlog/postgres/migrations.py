"""Numbered schema changes, applied at start.

A folder holds `0001_name.sql`, `0002_name.sql`, … and the database remembers which it has had, with their digests.
Several processes may start at once: one applies, the others wait for it and find nothing left to do.
"""

import hashlib
import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from eventlog.errors import NotSafe
from eventlog.postgres.patience import limit_locks, patiently
from eventlog.postgres.session import Connection

log = logging.getLogger("baton.migrations")

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('baton.migrations', 0))"

_REMEMBERED = """
CREATE SCHEMA IF NOT EXISTS migrations;
CREATE TABLE IF NOT EXISTS migrations.applied (
    name text NOT NULL,
    number integer NOT NULL,
    file text NOT NULL,
    digest text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (name, number)
)
"""


@dataclass(frozen=True, slots=True)
class _Migration:
    number: int
    file: str
    sql: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


async def apply_migrations(connection: Connection, name: str, folder: Path) -> int:
    """Make the schema `name` if need be, and apply to it what `folder` holds and the database has not had yet, all
    in one transaction. Returns how many were applied. Raises `NotSafe` when the database had another text under a
    number, or is newer than this program; one of `HELD` where others hold a table."""
    return await patiently(partial(_apply, connection, name, _read(folder)), f"a change of schema {name}", log)


async def _apply(connection: Connection, name: str, wanted: list[_Migration]) -> int:
    async with connection.transaction():
        # In a statement of its own and before the first look: who waits here sees what the holder committed.
        await connection.execute(_LOCK)
        # Behind that lock: another one who migrates may take long, and nobody waits behind us for it.
        await limit_locks(connection)
        await connection.execute(_REMEMBERED)
        await connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{name}"')
        had = await _had(connection, name)
        _refuse_differences(name, wanted, had)
        missing = [migration for migration in wanted if migration.number not in had]
        for migration in missing:
            await connection.execute(migration.sql)
            await connection.execute(
                "INSERT INTO migrations.applied (name, number, file, digest) VALUES ($1, $2, $3, $4)",
                name,
                migration.number,
                migration.file,
                migration.digest,
            )
    return len(missing)


async def require_migrations(connection: Connection, name: str, folder: Path) -> None:
    """For a program that may change nothing. Raises `NotSafe` like `apply_migrations`, and when something that `folder`
    holds was not applied yet."""
    wanted = _read(folder)
    had: dict[int, str] = {}
    if await connection.fetchval("SELECT to_regclass('migrations.applied')") is not None:
        had = await _had(connection, name)
    _refuse_differences(name, wanted, had)
    if len(had) < len(wanted):
        raise NotSafe(
            f"schema {name} is at migration {len(had)}, this program needs {len(wanted)}: run `baton migrate`"
        )


async def brought_up(connection: Connection, name: str, folder: Path, *, migrate: bool) -> None:
    """Apply what is missing, or refuse to go on without it."""
    if migrate:
        await apply_migrations(connection, name, folder)
    else:
        await require_migrations(connection, name, folder)


async def _had(connection: Connection, name: str) -> dict[int, str]:
    rows = await connection.fetch("SELECT number, digest FROM migrations.applied WHERE name = $1", name)
    return {row["number"]: row["digest"] for row in rows}


def _read(folder: Path) -> list[_Migration]:
    files = sorted(folder.glob("[0-9]*_*.sql"))
    migrations = [_Migration(int(file.name.split("_")[0]), file.name, file.read_text("utf-8")) for file in files]
    if [migration.number for migration in migrations] != list(range(1, len(migrations) + 1)):
        raise ValueError(f"migrations in {folder} are not numbered 1 to {len(migrations)}")
    return migrations


def _refuse_differences(name: str, wanted: list[_Migration], had: dict[int, str]) -> None:
    if had and max(had) > len(wanted):
        raise NotSafe(f"schema {name} is at migration {max(had)}, this program knows {len(wanted)}: it is too old")
    for migration in wanted:
        if had.get(migration.number, migration.digest) != migration.digest:
            raise NotSafe(f"{migration.file} is not what was applied to schema {name}: a migration is never edited")
