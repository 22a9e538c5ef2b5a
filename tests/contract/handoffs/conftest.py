"""Marketing, sales and contacts on a real PostgreSQL, with a clock that can be moved."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.handoffs import Clock, Handover
from tests.support.house import Town, open_town
from tests.support.postgres import running_server


@dataclass
class Opened:
    town: Town
    clock: Clock


@pytest.fixture(scope="package")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Opened]:
    home: Path = tmp_path_factory.mktemp("baton")
    clock = Clock()
    with running_server() as server:
        async with open_town(server.dsn("postgres"), home, ["contacts", "marketing", "sales"], clock) as town:
            yield Opened(town, clock)


@pytest.fixture
def handover(opened: Opened) -> Handover:
    """The same departments for a tenant of this test's own."""
    return Handover(Town(opened.town.houses, opened.town.issuer, opened.town.caller))


@pytest.fixture
def clock(opened: Opened) -> Clock:
    opened.clock.ahead = timedelta()
    return opened.clock
