"""One department of a Baton in one process is restored to an earlier moment than the others."""

from pathlib import Path

import pytest

from tests.support.restore_walk import walked
from tests.support.running import running

pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("baton")]


async def test_a_department_goes_back_and_everything_goes_on(tmp_path: Path) -> None:
    async with running(tmp_path / "home") as baton, await baton.client("acme", "mona", "manager") as mona:
        await walked(baton, mona)
