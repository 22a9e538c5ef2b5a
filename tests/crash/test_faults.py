"""A cluster under load, on three brokers that keep three copies, to which happens what machines, networks and others
do: what was acknowledged is there, and all that follows from it is right."""

from pathlib import Path

import pytest

from tests.crash.oracle import LOADED
from tests.crash.walk import walk

pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("cluster")]

#: What no smaller test does, and no slower one; `make soak` does all of `FAULTS`, again and again.
SHORT = (
    "kill-two-brokers",
    "fill-disk",
    "take-all-connections",
    "spoil-network-to-postgres",
    "stop-department",
    "roll-roles",
)


@pytest.mark.parametrize("seed", [1])
async def test_whatever_happens_to_a_cluster_nothing_is_lost(tmp_path: Path, seed: int) -> None:
    events = await walk(tmp_path, seed, 1, SHORT, brokers=3)
    assert min(events[name] for name in LOADED) > 0, f"seed {seed} put no load on {events}"
