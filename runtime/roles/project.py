"""`baton project DEPARTMENT`: hears the own log and the others', keeps the views up to date, does what follows."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from functools import partial

from eventlog.ahead import either
from eventlog.kafka.leadership import Deposed, term
from eventlog.postgres.channel import Channel
from eventlog.trouble import is_infrastructure, tried_again, wait_s
from eventlog.watching import CHANNEL
from runtime.health import Check
from runtime.measuring import measure
from runtime.projecting import Projecting, Work
from runtime.roles.connecting import assigned, brokers, opened_department
from runtime.roles.process import Started
from runtime.roles.serve import log_answers
from runtime.settings import Settings

log = logging.getLogger("baton.project")

#: Who led for so long led well: the next interruption is a first one again.
WELL_S = 10.0


async def in_turn(dsn: str, work: Work) -> None:
    """Do a work of which a department needs one at a time: wait until nobody else does it; start over whenever it may
    be somebody else's. Raises what the work raises and waiting does not heal."""
    failures = 0
    while True:
        began = time.monotonic()
        try:
            async with term(dsn, "project") as leading:
                await either(work(), leading.watch())
        except Exception as error:
            if not (isinstance(error, Deposed) or is_infrastructure(error)):
                raise
            failures = 1 if time.monotonic() - began > WELL_S else failures + 1
            tried_again(log, error)
            log.warning("%s: %s; starting over", type(error).__name__, error)
        await asyncio.sleep(wait_s(failures))


@contextlib.asynccontextmanager
async def project(name: str, settings: Settings) -> AsyncIterator[Started]:
    """Projects as long as it is entered. Raises `WrongSetting`, `NotSafe`."""
    async with contextlib.AsyncExitStack() as stack:
        opened = await stack.enter_async_context(opened_department(name, settings))
        # Whoever answers for the department waits for what is heard here, and may leave things to do.
        channel = Channel(opened.dsn, CHANNEL, lambda word: projecting.reactor.wake())
        projecting = Projecting(opened, channel.send, partial(in_turn, opened.dsn))
        channel.start()
        stack.push_async_callback(channel.close)
        await projecting.start()
        stack.push_async_callback(projecting.stop)
        measuring = asyncio.create_task(measure([opened]), name="measurements")
        stack.callback(measuring.cancel)

        async def follows() -> str:
            return projecting.failed

        checks: dict[str, Check] = {
            "log": lambda: log_answers(opened),
            "views": follows,
            "kafka": lambda: assigned(opened, brokers(settings)),
        }
        yield Started(checks, projecting.ended)
