"""Fixtures for every test: one PostgreSQL server a session, one empty database a test that asks for it."""

from collections.abc import Iterator

import pytest

from tests.support.postgres import TestServer, running_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[TestServer]:
    """The server that tests share. A test that stops or kills servers takes `own_postgres`."""
    with running_server() as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[TestServer]:
    """A server for this test alone."""
    with running_server() as server:
        yield server


@pytest.fixture
def database(postgres: TestServer) -> Iterator[str]:
    """The DSN of an empty database, dropped after the test."""
    name = postgres.create_database()
    yield postgres.dsn(name)
    postgres.drop_database(name)
