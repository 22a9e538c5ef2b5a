"""Lists that are made ahead of their use."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from eventlog.ahead import ahead


async def lists(*sizes: int, made: list[int] | None = None) -> AsyncGenerator[list[int], None]:
    for n, size in enumerate(sizes):
        if made is not None:
            made.append(n)
        yield [n] * size
        await asyncio.sleep(0)


async def turns(count: int = 20) -> None:
    """Let everybody else do what can be done now."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_what_is_there_already_comes_together() -> None:
    coming = ahead(lists(1, 1, 1, 1, 1), most=3)
    first = await anext(coming)
    await turns()
    assert [first, *[each async for each in coming]] == [[0], [1, 2, 3], [4]]


async def test_lists_are_made_ahead_only_as_far_as_they_are_bounded() -> None:
    made: list[int] = []
    coming = ahead(lists(*[5] * 100, made=made), most=10, depth=2)
    await anext(coming)
    await turns()
    assert len(made) == 5, "one is used, and four hold twenty items"
    await coming.aclose()


async def test_an_empty_list_ends_nothing() -> None:
    assert [each async for each in ahead(lists(0, 0, 1), most=1)] == [[], [], [2]]


async def test_what_the_iterable_raises_comes_after_what_it_yielded() -> None:
    async def broken() -> AsyncGenerator[list[int], None]:
        yield [1]
        raise ValueError("spoiled")

    coming = ahead(broken(), most=10)
    assert await anext(coming) == [1]
    with pytest.raises(ValueError, match="spoiled"):
        await anext(coming)


async def test_who_stops_using_them_stops_making_them() -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncGenerator[list[int], None]:
        try:
            while True:
                yield [1]
        finally:
            closed.set()

    coming = ahead(endless(), most=10)
    await anext(coming)
    await coming.aclose()
    assert closed.is_set()
