"""Nothing that was acknowledged is lost when the process, or PostgreSQL, is killed under load."""

from pathlib import Path

import pytest

from tests.crash.cycles import run
from tests.crash.oracle import LOADED

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("seed", [1, 2])
async def test_kill_9_of_baton_under_load_loses_nothing_and_doubles_nothing(seed: int, tmp_path: Path) -> None:
    found = await run(seed, cycles=8, victim="baton", home=tmp_path / "home")
    assert min(found.events[name] for name in LOADED) > 0, f"seed {seed} put no load on {found.events}"
    assert found.cut, f"no import of seed {seed} was under way when it was killed"


async def test_kill_9_of_postgresql_under_load_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    found = await run(3, cycles=4, victim="postgres", home=tmp_path / "home")
    assert min(found.events[name] for name in LOADED) > 0, f"seed 3 put no load on {found.events}"
