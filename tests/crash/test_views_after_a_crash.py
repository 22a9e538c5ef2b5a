"""PostgreSQL is killed under a projector that does not wait for its disk: views still come to a fold of the logs."""

import asyncio
import signal

from eventlog.feed import PostgresFeed
from eventlog.memory import MemoryStore
from tests.contract.test_projector import some_history
from tests.support.department import Expected, a_codec, heard, ledger_is_true, open_views, projecting
from tests.support.postgres import TestServer


async def test_what_a_crash_of_the_server_takes_back_is_heard_again(own_postgres: TestServer) -> None:
    codec, sales, marketing = a_codec(), MemoryStore("sales"), MemoryStore("marketing")
    feeds = [PostgresFeed(sales, page_events=11), PostgresFeed(marketing, page_events=7)]
    async with open_views(own_postgres.dsn(own_postgres.create_database())) as views:
        async with projecting(views, codec, feeds) as projector:
            for round in range(4):
                await asyncio.gather(some_history(sales, codec, round), some_history(marketing, codec, round))
                await heard(projector, sales)
                await asyncio.to_thread(own_postgres.stop, signal.SIGQUIT)
                await asyncio.to_thread(own_postgres.start)
            await some_history(marketing, codec, 9, appends=1)
            await heard(projector, sales, marketing)

        assert await Expected.found(views) == await Expected.of(codec, sales, marketing)
        await ledger_is_true(views, marketing)
