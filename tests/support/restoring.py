"""What a restore does to a log, and what an operator does after it."""

import asyncio
import subprocess
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from runtime.databases import Passwords
from runtime.postgres_server import PostgresServer, binaries
from tests.support.sessions import session


async def restored(database: str, position: int) -> None:
    """What a backup brings back: the log as it was at an earlier moment."""
    async with session(database) as operator:
        await operator.execute("DELETE FROM log.events WHERE position > $1", position)
        await operator.execute("DELETE FROM log.commands WHERE last_position > $1", position)


async def raise_generation(database: str, shared: int, above: int = 0) -> None:
    """What `baton log restored` does once it knows what is shared."""
    async with session(database) as operator:
        await operator.execute("SELECT log.raise_generation($1, $2, 'a test')", shared, above)


class Backup:
    """A copy of one department's database of a Baton with an embedded server, by PostgreSQL's own programs."""

    def __init__(self, home: Path, department: str) -> None:
        self._server = PostgresServer.of(home, Passwords.at(home / "keys" / "postgres.key"))
        self._department = department
        self._file = home / f"{department}.dump"

    async def take(self) -> None:
        """While everything runs: one moment of the whole database."""
        await self._run("pg_dump", "--format=custom", f"--file={self._file}", "--dbname", self._url(self._department))

    async def bring_back(self) -> None:
        """While Baton is stopped: put it in the place of what is there."""
        await self._server.start()
        try:
            name = self._department
            await self._sql(f"DROP DATABASE {name} WITH (FORCE)", f"CREATE DATABASE {name} OWNER {name}")
            await self._run("pg_restore", "--exit-on-error", "--dbname", self._url(name), str(self._file))
        finally:
            await self._server.stop()

    def _url(self, database: str) -> str:
        return urlunsplit(urlsplit(self._server.databases.administrator)._replace(path=f"/{database}"))

    async def _sql(self, *statements: str) -> None:
        await self._run("psql", "-Xq", *(f"--command={each}" for each in statements), self._url("postgres"))

    async def _run(self, program: str, *arguments: str) -> None:
        process = await asyncio.create_subprocess_exec(binaries() / program, *arguments, stderr=subprocess.PIPE)
        _, said = await process.communicate()
        assert process.returncode == 0, said.decode()
