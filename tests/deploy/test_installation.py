"""What `make secrets` and deploy/compose/databases.sql make is what `baton migrate` and the roles expect."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.support.data import ROOT
from tests.support.postgres import TestServer

SQL = ROOT / "deploy" / "compose" / "databases.sql"
BATON = (sys.executable, "-m", "runtime.cli")
READY_S = 30.0


@pytest.fixture
def passwords(tmp_path: Path) -> Mapping[str, str]:
    """What stands in `.env`, of an installation in this folder."""
    subprocess.run(["sh", ROOT / "deploy" / "secrets.sh", tmp_path], check=True, capture_output=True)
    return dict(line.split("=") for line in (tmp_path / ".env").read_text().splitlines())


@pytest.fixture
async def server(own_postgres: TestServer, passwords: Mapping[str, str]) -> TestServer:
    connection = await asyncpg.connect(own_postgres.dsn("postgres"))
    for statement in statements(passwords):
        await connection.execute(statement)
    await connection.close()
    return own_postgres


def statements(environment: Mapping[str, str]) -> Iterator[str]:
    """The statements of the file as psql reads it: with the variables of the environment that it names."""
    password = ""
    for line in SQL.read_text().splitlines():
        if named := re.fullmatch(r"\\getenv password (\w+)", line):
            password = environment[named[1]]
        elif line and not line.startswith("--"):
            yield line.replace(":'password'", f"'{password}'")


def environment(server: TestServer, passwords: Mapping[str, str], home: Path, department: str) -> dict[str, str]:
    def url(role: str) -> str:
        return server.dsn(role).replace("postgres@", f"{role}:{passwords[f'{role.upper()}_PASSWORD']}@")

    keys = home / "keys"
    keys.mkdir()
    for name in ("master.key", "issuer.pem"):
        (keys / name).symlink_to(home / ".secrets" / name)
    keys.chmod(0o500)
    return {
        **os.environ,
        "BATON_HOME": str(home),
        "BATON_DATABASE_URL": url(department),
        "BATON_KEYRING_URL": url("keyring"),
        "BATON_DEPARTMENTS": "contacts=127.0.0.1:1,marketing=127.0.0.1:1,sales=127.0.0.1:1,analytics=127.0.0.1:1",
    }


def migrate(department: str, given: Mapping[str, str]) -> None:
    command = [*BATON, "migrate", department]
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


async def test_a_department_is_migrated_and_then_answers(
    server: TestServer, passwords: Mapping[str, str], tmp_path: Path
) -> None:
    given = environment(server, passwords, tmp_path, "sales")
    migrate("sales", given)
    migrate("sales", given)  # there is nothing left to do
    # Kafka is away: what a department answers for itself does not need it.
    given["BATON_KAFKA_BOOTSTRAP"] = "127.0.0.1:1"
    serve = await asyncio.create_subprocess_exec(*BATON, "serve", "sales", env=given, stderr=asyncio.subprocess.PIPE)
    try:
        port = await ready(serve)
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"http://127.0.0.1:{port}/healthz/ready")
        assert answer.json() == {"ready": True}
    finally:
        serve.terminate()
        await serve.wait()


async def ready(process: asyncio.subprocess.Process) -> int:
    """Wait until the process says that it is ready; the port of its health."""
    assert process.stderr
    async with asyncio.timeout(READY_S):
        async for line in process.stderr:
            if found := re.search(rb"its health is at port (\d+)", line):
                return int(found[1])
    raise AssertionError(f"it ended with {await process.wait()}")
