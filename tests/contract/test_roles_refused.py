"""A role whose database is not to be had: it says which one, by which setting it was found, and never a password."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runtime.databases import KEYRING, Passwords
from runtime.identity import Issuer
from runtime.postgres_server import PostgresServer
from runtime.roles.process import reached
from tests.support.cluster import until
from tests.support.running import Baton, free_port

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[PostgresServer]:
    server = PostgresServer.of(tmp_path / "home", Passwords.at(tmp_path / "home" / "keys" / "postgres.key"))
    await server.start()
    await server.databases.prepare(("sales", KEYRING))
    yield server
    await server.stop()


async def test_a_wrong_password_ends_every_role_with_a_sentence(server: PostgresServer) -> None:
    Issuer.at(server.home / "keys" / "issuer.pem")
    own = server.databases.dsn("sales")
    environment = {
        "BATON_DATABASE_URL": own.replace(server.passwords.of("sales"), "guessed"),
        "BATON_KEYRING_URL": server.databases.dsn(KEYRING),
        "BATON_KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}",
        "BATON_DEPARTMENTS": f"sales=127.0.0.1:{free_port()}",
    }
    baton = Baton(server.home, env=environment)
    for role in ("migrate", "serve", "project", "relay"):
        answer = await baton.cli(role, "sales")
        told = answer.stderr.splitlines()
        assert (answer.code, len(told)) == (2, 1), answer.stderr
        assert told[0].startswith("baton: BATON_DATABASE_URL: the PostgreSQL server at ")
        assert told[0].endswith('refuses: password authentication failed for user "sales"')
        assert "guessed" not in told[0]


async def test_a_wrong_password_of_the_keyring_is_told_by_its_own_setting(server: PostgresServer) -> None:
    Issuer.at(server.home / "keys" / "issuer.pem")
    keys = server.databases.dsn(KEYRING)
    environment = {
        "BATON_DATABASE_URL": server.databases.dsn("sales"),
        "BATON_KEYRING_URL": keys.replace(server.passwords.of(KEYRING), "guessed"),
    }
    answer = await Baton(server.home, env=environment).cli("migrate", "sales")
    assert answer.code == 2
    assert answer.stderr.startswith("baton: BATON_KEYRING_URL: the PostgreSQL server at ")


async def test_a_database_that_is_waited_for_is_named(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    with caplog.at_level(logging.WARNING, "baton.role"):
        waiting = asyncio.create_task(reached(f"postgresql://sales:secret@127.0.0.1:{port}/sales"))
        await until(lambda: bool(caplog.messages), "nothing is said")
        waiting.cancel()
    where = f"the database at 127.0.0.1:{port} (BATON_DATABASE_URL)"
    assert caplog.messages[0] == f"{where}: ConnectionRefusedError; trying again in 0.05 s"
