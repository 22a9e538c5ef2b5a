"""`baton project DEPARTMENT`: hears the own log and the others', keeps the views up to date, does what follows."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from eventlog.postgres.channel import Channel
from eventlog.watching import CHANNEL
from runtime.operations_service import measure
from runtime.projecting import Projecting
from runtime.roles.connecting import opened_department
from runtime.roles.process import Started
from runtime.roles.serve import log_answers
from runtime.settings import Settings


@contextlib.asynccontextmanager
async def project(name: str, settings: Settings) -> AsyncIterator[Started]:
    """Projects as long as it is entered. Raises `WrongSetting`, `NotSafe`."""
    async with contextlib.AsyncExitStack() as stack:
        opened = await stack.enter_async_context(opened_department(name, settings))
        # Whoever answers for the department waits for what is heard here, and may leave things to do.
        channel = Channel(opened.dsn, CHANNEL, lambda word: projecting.reactor.wake())
        projecting = Projecting(opened, channel.send)
        channel.start()
        stack.push_async_callback(channel.close)
        await projecting.start()
        stack.push_async_callback(projecting.stop)
        measuring = asyncio.create_task(measure([opened]), name="measurements")
        stack.callback(measuring.cancel)

        async def follows() -> str:
            return projecting.failed

        yield Started({"log": lambda: log_answers(opened), "views": follows}, projecting.ended)
