"""A log that is out of reach is read again until a deadline: the same wherever it is written."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from eventlog.errors import Unavailable
from eventlog.trouble import growing_s

READ_TIMEOUT_S = 10.0

#: Waits between two attempts.
AGAIN_MIN_S, AGAIN_MAX_S = 0.02, 0.5

T = TypeVar("T")


async def read_again(read: Callable[[float], Awaitable[T]], is_away: Callable[[Exception], bool]) -> T:
    """What `read` answers, which is told the deadline on the loop's clock. What it raises while the log `is_away` is
    waited for. Raises `Unavailable` where there is no time left to wait, and at once what waiting does not heal."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + READ_TIMEOUT_S
    failures = 0
    while True:
        try:
            return await read(deadline)
        except Exception as error:
            if not is_away(error):
                raise
            failures += 1
            wait_s = growing_s(failures, AGAIN_MIN_S, AGAIN_MAX_S)
            if loop.time() + wait_s > deadline:
                raise Unavailable(f"the log could not be read for {READ_TIMEOUT_S:.0f} s: {error}") from error
        await asyncio.sleep(wait_s)
