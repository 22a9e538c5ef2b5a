from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runtime.department import DEPARTMENTS
from tests.support.house import Town, open_town
from tests.support.postgres import TestServer, running_server


@pytest.fixture(scope="package")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Town, TestServer]]:
    """All departments in one process on a server of their own."""
    home: Path = tmp_path_factory.mktemp("baton")
    with running_server() as server:
        async with open_town(server.dsn("postgres"), home, DEPARTMENTS) as town:
            yield town, server


@pytest.fixture
def town(opened: tuple[Town, TestServer]) -> Town:
    """The same departments for a tenant of this test's own."""
    return Town(opened[0].houses, opened[0].issuer, opened[0].caller)


@pytest.fixture
def server(opened: tuple[Town, TestServer]) -> TestServer:
    return opened[1]
