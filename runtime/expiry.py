"""Streams that end when the token expires under which they were asked for."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

_END = object()


async def until(expires_at: float, items: AsyncGenerator[Any, None]) -> AsyncIterator[Any]:
    """Items of a stream until the token expires (seconds since 1970); then it ends as if it were over."""
    deadline = asyncio.get_running_loop().time() + expires_at - time.time()
    try:
        while True:
            async with asyncio.timeout_at(deadline) as timeout:
                item = await anext(items, _END)
            if item is _END:
                return
            yield item
    except TimeoutError:
        if not timeout.expired():
            raise
    finally:
        await items.aclose()
