"""Everybody who follows a log hears its end, wherever the others stand."""

import asyncio

from eventlog.events import Position
from eventlog.memory import MemoryStore
from eventlog.tail import Tail
from tests.support.log import an_append

#: Longer than anything here takes; reached only by one who sleeps over what is there.
DEADLINE_S = 20.0


async def test_one_who_is_behind_the_place_where_another_began_to_follow_does_not_wait() -> None:
    store = MemoryStore("sales")
    for n in range(3):
        await store.append(an_append(f"visit-{n}"))
    with Tail(store) as tail:
        ahead = asyncio.create_task(tail.grown(Position(3)))
        await asyncio.sleep(0)

        await asyncio.wait_for(tail.grown(Position(1)), DEADLINE_S)

        assert tail.after(Position(1)) is None
        assert not ahead.done()
        ahead.cancel()


async def test_those_who_stand_at_the_end_wait_for_what_comes() -> None:
    store = MemoryStore("sales")
    await store.append(an_append("visit-0"))
    with Tail(store) as tail:
        both = [asyncio.create_task(tail.grown(Position(1))) for _ in range(2)]
        await asyncio.sleep(0)
        await store.append(an_append("visit-1"))

        await asyncio.wait_for(asyncio.gather(*both), DEADLINE_S)

        page = tail.after(Position(1))
        assert page is not None
        assert [event.stream for event in page.events] == ["visit-1"]
