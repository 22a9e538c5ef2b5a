"""Readers wait until a source was heard up to their place, and leave nothing behind when they give up."""

import asyncio

import pytest

from eventlog.checkpoints import Waiters, wait_until_heard
from eventlog.errors import Behind, NoSuchPlace
from eventlog.events import Place, Position


def at(position: int, generation: int = 1) -> Place:
    return Place(generation, Position(position))


async def head() -> Place:
    return at(100)


async def test_who_gives_up_waiting_leaves_nothing_behind() -> None:
    waiters = Waiters()
    waiters.reached(at(3))

    for position in (9, 4, 4, 7):
        with pytest.raises(Behind):
            await wait_until_heard("marketing", waiters, head, at(position), timeout_s=0.001)

    assert waiters._waiting == []


async def test_each_is_told_when_their_place_comes_whoever_gave_up_meanwhile() -> None:
    waiters, told = Waiters(), []

    async def waiting(position: int) -> None:
        await waiters.wait(at(position))
        told.append(position)

    tasks = {position: asyncio.create_task(waiting(position)) for position in (8, 5, 6, 9, 7)}
    await asyncio.sleep(0)
    tasks[6].cancel()
    tasks[9].cancel()
    waiters.reached(at(7))
    waiters.reached(at(7))
    await asyncio.wait({tasks[5], tasks[6], tasks[7], tasks[9]}, timeout=10)
    early = list(told)
    waiters.reached(at(9))
    await asyncio.wait(tasks.values(), timeout=10)

    assert (early, told) == ([5, 7], [5, 7, 8])
    assert (tasks[6].cancelled(), tasks[9].cancelled(), waiters._waiting) == (True, True, [])


async def test_who_waits_for_what_a_restore_took_back_is_told_so() -> None:
    waiters = Waiters()
    waiting = asyncio.create_task(waiters.wait(at(8)))
    await asyncio.sleep(0)

    waiters.reached(at(5, generation=2))

    with pytest.raises(NoSuchPlace, match=r"1\.8 was not heard before the log was restored"):
        await waiting
    assert waiters._waiting == []
