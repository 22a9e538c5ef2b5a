"""A projector that hears a department through Kafka, with who sets its alarms right."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from eventlog.codec import Codec
from eventlog.feed import Feed, PostgresFeed
from eventlog.healing import Healing
from eventlog.kafka.brokers import Bootstrap
from eventlog.kafka.feed import KafkaFeed
from eventlog.memory import MemoryStore
from eventlog.projections import Projection
from eventlog.projector import Projector
from eventlog.rebuild import Rebuild
from eventlog.store import Log
from eventlog.views import Views
from tests.support.department import SCHEMA, customers, projecting

#: As short as brokers allow.
SESSION_S = 6.0


@asynccontextmanager
async def listening(
    views: Views,
    codec: Codec,
    heard: Log,
    bootstrap: Bootstrap,
    *,
    own: Log | None = None,
    instance: str | None = None,
    session_s: float = SESSION_S,
    projections: Sequence[Projection] | None = None,
    heals: bool = True,
) -> AsyncIterator[Projector]:
    """Sales hears `heard` through Kafka, and its own log where it stands; it can compute its views anew."""
    feed = KafkaFeed(heard, "sales", bootstrap, instance=instance, session_s=session_s)
    made = [customers(["sales", heard.department])] if projections is None else projections
    feeds: Sequence[Feed] = [PostgresFeed(own or MemoryStore("sales")), feed]
    rebuild = Rebuild("sales", views, codec, feeds, made, SCHEMA)

    async def renew() -> None:
        await rebuild.run(compared=False)

    async with projecting(views, codec, feeds, projections=made, renew=renew) as projector:
        try:
            async with asyncio.TaskGroup() as group:
                healing = group.create_task(Healing("sales", projector.sources).run()) if heals else None
                yield projector
                if healing is not None:
                    healing.cancel()
        finally:
            await feed.leave()
