"""Small tools for work that goes on side by side."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

T = TypeVar("T")


async def ahead(items: AsyncGenerator[list[T], None], most: int, depth: int = 2) -> AsyncGenerator[list[T], None]:
    """Lists of an iterable, up to `depth` made ahead. Lists that are there already are joined while they hold fewer
    than `most` items, so that few arrive when much comes. What the iterable raises is raised after what it yielded."""
    queue: asyncio.Queue[list[T] | Exception | None] = asyncio.Queue(maxsize=depth)
    reader = asyncio.create_task(_fill(items, queue))
    try:
        while True:
            got = await queue.get()
            while isinstance(got, list) and len(got) < most and not queue.empty():
                following = queue.get_nowait()
                if not isinstance(following, list):
                    yield got
                    got = following
                    break
                got = got + following
            if got is None:
                return
            if isinstance(got, Exception):
                raise got
            yield got
    finally:
        reader.cancel()
        await asyncio.wait({reader})


async def _fill(items: AsyncGenerator[list[T], None], queue: "asyncio.Queue[list[T] | Exception | None]") -> None:
    try:
        async with aclosing(items):
            async for each in items:
                await queue.put(each)
    except Exception as error:  # noqa: BLE001 (raised where the items are used)
        await queue.put(error)
    else:
        await queue.put(None)


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
