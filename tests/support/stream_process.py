"""A streaming worker of analytics as a process: `python -m tests.support.stream_process '{"bootstrap": …}'`."""

import asyncio
import json
import logging
import signal
import sys
from contextlib import AsyncExitStack
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import facts
from eventlog.codec import Codec
from eventlog.feed import PostgresFeed
from eventlog.keyring import Keyless
from eventlog.postgres.store import PostgresStore
from eventlog.streaming.application import StreamTopics
from eventlog.streaming.worker import StreamWorker, Work
from eventlog.views import Views
from facts.registry import REGISTRY
from services.analytics.projections import METRICS

#: A worker that is killed is missed after this time.
SESSION_S = 6.0


async def main(given: dict[str, Any]) -> None:
    for module in iter_modules(facts.__path__):
        import_module(f"facts.{module.name}")
    async with AsyncExitStack() as stack:
        views = await Views.open(given["dsns"]["analytics"])
        stack.push_async_callback(views.close)
        owners: dict[str, Any] = {}
        for name in METRICS.sources:
            store = await stack.enter_async_context(await PostgresStore.open(given["dsns"][name], name))
            owners[name] = PostgresFeed(store)
        topics = StreamTopics("analytics", given["epoch"], given["partitions"])
        work = Work(
            given["bootstrap"], topics, views, Codec(REGISTRY, Keyless()), METRICS, owners,
            session_timeout_s=given["session_s"], late_s=10.0,
        )  # fmt: skip
        running = asyncio.create_task(StreamWorker(work).run())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
        await asyncio.wait({running})
        if not running.cancelled():
            running.result()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(process)d %(name)s %(message).300s")
    asyncio.run(main(json.loads(sys.argv[1])))
