"""Rebuilds on request: one that another process has under way is waited for like one of our own."""

from typing import Any

import pytest

from eventlog.rebuild import RebuildBusy, RebuildFailed, Rebuilt
from runtime.rebuilding import Asked, Rebuilding

ASKED = Asked("sales", check=True)


class Turns:
    """A rebuild that comes to something else each time."""

    def __init__(self, *turns: Rebuilt | Exception) -> None:
        self.turns = list(turns)

    def make(self) -> Any:
        return self

    async def run(self, **_: object) -> Rebuilt:
        turn = self.turns.pop(0)
        if isinstance(turn, Exception):
            raise turn
        return turn


async def test_one_of_another_process_is_waited_for() -> None:
    rebuilt = Rebuilt(7, {}, ())
    turns, rebuilding = Turns(RebuildBusy("busy"), rebuilt), Rebuilding(wait_s=0.05)
    assert await rebuilding.outcome(ASKED, turns.make) is None
    outcome = await rebuilding.outcome(ASKED, turns.make)
    assert outcome is not None
    assert outcome.rebuilt is rebuilt


async def test_one_that_fails_says_so_once() -> None:
    rebuilding = Rebuilding(wait_s=0.05)
    with pytest.raises(RebuildFailed, match="ends before"):
        await rebuilding.outcome(ASKED, Turns(RebuildFailed("the log ends before 1.7")).make)
    assert await rebuilding.outcome(ASKED, Turns(Rebuilt(7, {}, ())).make) is not None
