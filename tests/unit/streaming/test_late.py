"""Positions that never came are read once they are late, however many they are."""

import asyncio
from dataclasses import dataclass, field

from eventlog.events import Position
from eventlog.streaming.heard import Missing
from eventlog.streaming.late import Late

MANY = 3000


@dataclass
class Rows:
    """Rows that lack positions, each of a stream of its own."""

    lacking: list[int]
    latest: int
    closed: list[int] = field(default_factory=list)
    seen_upto: set[int] = field(default_factory=set)

    async def missing(self, source: str) -> Missing | None:
        return Missing(Position(self.lacking[0]), Position(self.latest)) if self.lacking else None

    async def close_gap(self, source: str, position: Position, upto: Position) -> None:
        self.lacking.remove(position)
        self.closed.append(position)
        self.seen_upto.add(upto)


async def test_thousands_of_positions_are_closed_in_their_order() -> None:
    rows = Rows(list(range(1, MANY + 1)), latest=MANY + 1)
    late = Late(rows, asyncio.Lock(), late_s=0)
    await late.close_gaps("sales")
    assert rows.closed == []  # seen for the first time: it may be on its way
    await late.close_gaps("sales")
    assert rows.closed == list(range(1, MANY + 1))
    assert rows.seen_upto == {MANY + 1}


async def test_what_is_behind_all_that_was_seen_is_not_late_yet() -> None:
    rows = Rows([3, 9], latest=5)
    late = Late(rows, asyncio.Lock(), late_s=0)
    await late.close_gaps("sales")
    rows.latest = 12
    await late.close_gaps("sales")
    assert rows.closed == [3]
    await late.close_gaps("sales")
    assert rows.closed == [3, 9]


async def test_what_is_not_late_yet_is_left_alone() -> None:
    rows = Rows([3], latest=5)
    late = Late(rows, asyncio.Lock(), late_s=3600)
    for _ in range(3):
        await late.close_gaps("sales")
    assert rows.closed == []
