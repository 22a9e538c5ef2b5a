"""A writer that takes the lock, writes, says so, and waits to be stopped. Started as a process by a test."""

import asyncio
import sys
from datetime import UTC, datetime

from eventlog.plan import LogHead, StreamHeads
from eventlog.postgres.plan import Plan
from eventlog.postgres.session import connect_writer
from eventlog.postgres.writer import APPEND, HEAD, LOCK
from eventlog.queue import Pending
from tests.support.log import an_append


async def write_and_wait(dsn: str) -> None:
    connection = await connect_writer(dsn)
    await connection.execute(LOCK)
    (row,) = await connection.fetch(HEAD)
    pending = Pending(an_append("sales.deal-8"), asyncio.get_running_loop().create_future(), 1)
    plan = Plan([pending], LogHead(*row), StreamHeads(), datetime.now(UTC))
    (row,) = await connection.fetch(APPEND, *plan.arguments(strict=True))
    assert row["written"]
    print("has written, has not committed", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(write_and_wait(sys.argv[1]))
