"""Small tools for work that goes on side by side."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, Generic, TypeVar

T = TypeVar("T")


async def ahead(items: AsyncGenerator[list[T], None], most: int, depth: int = 2) -> AsyncGenerator[list[T], None]:
    """Lists of an iterable, made ahead until they hold `depth` times `most` items. What is there is joined while it
    holds fewer than `most` items, so that few arrive when much comes. What the iterable raises is raised after what it
    yielded."""
    made = _Made[T](most * depth)
    reader = asyncio.create_task(made.fill(items))
    try:
        while (got := await made.take(most)) is not None:
            yield got
    finally:
        reader.cancel()
        await asyncio.wait({reader})


class _Made(Generic[T]):
    """Lists that were made and are not used yet."""

    def __init__(self, items_max: int) -> None:
        self._items_max = items_max
        self._lists: deque[list[T]] = deque()
        self._items = 0
        self._error: Exception | None = None
        self._ended = False
        self._filled, self._used = asyncio.Event(), asyncio.Event()

    async def fill(self, items: AsyncGenerator[list[T], None]) -> None:
        try:
            async with aclosing(items):
                async for each in items:
                    self._lists.append(each)
                    self._items += len(each)
                    self._filled.set()
                    while self._items >= self._items_max:
                        self._used.clear()
                        await self._used.wait()
        except Exception as error:  # noqa: BLE001 (raised where the items are used)
            self._error = error
        self._ended = True
        self._filled.set()

    async def take(self, most: int) -> list[T] | None:
        """What is there, or what comes next; None when nothing comes any more."""
        while not self._lists:
            if self._error is not None:
                raise self._error
            if self._ended:
                return None
            self._filled.clear()
            await self._filled.wait()
        got = self._lists.popleft()
        while self._lists and len(got) < most:
            got = got + self._lists.popleft()
        self._items -= len(got)
        self._used.set()
        return got


async def either(*works: Coroutine[Any, Any, None]) -> None:
    """Run several until one ends or raises; the others are cancelled."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
