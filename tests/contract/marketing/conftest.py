from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.house import Town, open_town
from tests.support.postgres import running_server


@pytest.fixture(scope="package")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """Marketing alone; what contacts tells, the tests tell."""
    home: Path = tmp_path_factory.mktemp("baton")
    with running_server() as server:
        async with open_town(server.dsn("postgres"), home, ["marketing"]) as town:
            yield town


@pytest.fixture
def town(opened: Town) -> Town:
    """The same department for a tenant of this test's own."""
    return Town(opened.houses, opened.issuer, opened.caller)
