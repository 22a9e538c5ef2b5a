"""The metrics are what a plain fold of the logs comes to, whatever happened; the seed replays it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from eventlog.codec import Codec, Recorded
from facts.registry import REGISTRY
from services.analytics.queries import HEARD
from tests.contract.analytics import answers
from tests.contract.analytics.hearing import heard_everything
from tests.support.house import Town
from tests.support.log import whole_log
from tests.support.metrics_fold import Fold
from tests.support.metrics_history import START, history

FROM, TO = START + timedelta(days=3, minutes=17), START + timedelta(days=20)


async def folded(town: Town) -> Fold:
    """A fold of what the logs hold of this tenant."""
    (running,) = town.houses.running.values()
    codec, fold = Codec(REGISTRY, town.houses.keyring), Fold()
    for department in HEARD:
        store = running.house.feeds[department].log  # type: ignore[attr-defined]
        events = [event for event in await whole_log(store) if event.tenant == town.tenant]
        for recorded in await codec.decode_many(department, events):
            assert isinstance(recorded, Recorded)
            fold.add(recorded.fact, recorded.at.recorded_at)
    return fold


@pytest.mark.parametrize("seed", range(3))
async def test_the_metrics_are_a_fold_of_the_logs(town: Town, seed: int) -> None:
    for stream, fact in history(seed, tag=f"-{town.tenant}"):
        await town.tell(stream, fact)
    await heard_everything(town)
    fold = await folded(town)
    ana = town.desk("ana", "analyst", package="analytics")
    carl = town.desk("carl", "clerk", branch="leeds", package="analytics")

    for group_by in ("source", "channel", "campaign", "landingPage", "branch"):
        assert await answers.touches(ana, group_by=group_by) == fold.touches(group_by), f"{group_by}, seed {seed}"
    for window in ("hour", "day", "month"):
        asked: Any = {"window": window, "from": FROM, "to": TO}
        assert await answers.touches(carl, **asked) == fold.touches("source", window, FROM, TO, "leeds"), seed
    for group_by in ("branch", "employee", "state"):
        asked = {"group_by": group_by, "from": FROM}
        assert await answers.dwell(ana, **asked) == fold.dwell(group_by, FROM), f"{group_by}, seed {seed}"
        assert await answers.dwell(carl, group_by=group_by) == fold.dwell(group_by, branch="leeds"), seed
    now = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    for group_by in ("pair", "kind", "fromBranch", "toBranch"):
        found = await answers.latencies(ana, end=now, group_by=group_by)
        assert found == fold.latencies([now], group_by), f"{group_by}, seed {seed}"
        found = await answers.latencies(carl, end=now, group_by=group_by)
        assert found == fold.latencies([now], group_by, "leeds"), f"{group_by}, seed {seed}"
