"""A Faust agent as its documentation writes one, event by event or in batches: for the records of a topic the same rows
that Baton writes, a commit an event or a batch."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import asyncpg
import faust

BATCH, WITHIN_S = 500, 0.05

#: A person with two indexes, and what was heard of whom: in one statement, which spares this one a transaction.
DDL = """
CREATE TABLE people (
    tenant text, id text, version int, create_time timestamptz, branch text, PRIMARY KEY (tenant, id)
);
CREATE INDEX people_branch ON people (tenant, branch);
CREATE TABLE ledger (
    tenant text, stream text, version int, digest bytea, position bigint, PRIMARY KEY (tenant, stream, version)
)
"""
UPSERT = """
WITH heard AS (INSERT INTO ledger VALUES ($1, $6, $3, $7, $8) ON CONFLICT DO NOTHING)
INSERT INTO people VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant, id) DO UPDATE SET version = EXCLUDED.version
"""


def upserts(bootstrap: str, topic: str, dsn: str, events: int, batched: bool, start: Callable[[], None]) -> int:
    """The first so many records, timed from the first one on; answers how many."""
    return asyncio.run(_upserts(bootstrap, topic, dsn, events, batched, start))


async def _upserts(bootstrap: str, topic: str, dsn: str, events: int, batched: bool, start: Callable[[], None]) -> int:
    done, count = asyncio.Event(), 0
    with tempfile.TemporaryDirectory() as folder:
        app = faust.App(
            f"bench-{uuid4()}", broker=f"kafka://{bootstrap}", store="memory://", datadir=folder,
            web_enabled=False, consumer_auto_offset_reset="earliest", topic_disable_leader=True, autodiscover=False,
        )  # fmt: skip

        @app.agent(app.topic(topic, value_type=bytes, value_serializer="raw", key_serializer="raw"))
        async def upsert(stream: Any) -> None:
            nonlocal count
            async for batch in stream.take_events(BATCH, within=WITHIN_S) if batched else _each(stream):
                if count == 0:
                    start()
                await pool.executemany(UPSERT, [_row(event.key, event.value, event.headers) for event in batch])
                count += len(batch)
                if count >= events:
                    done.set()

        # As ours, it waits for no disk: what is derived can be derived again.
        settings = {"synchronous_commit": "off"}
        async with asyncpg.create_pool(dsn, min_size=1, max_size=2, server_settings=settings) as pool:
            await pool.execute(DDL)
            await app.start()
            await done.wait()
            await app.stop()
    return count


async def _each(stream: Any) -> AsyncIterator[list[Any]]:
    async for event in stream.events():
        yield [event]


def _row(key: bytes, value: bytes, headers: dict[str, bytes]) -> tuple[Any, ...]:
    fact, told = json.loads(value), {name: headers[name].decode() for name in ("tenant", "version", "position")}
    recorded_at = datetime.fromisoformat(headers["ce_time"].decode())
    stream = key.decode()
    return (
        told["tenant"], fact["person_id"], int(told["version"]), recorded_at, fact.get("branch", ""),
        stream, headers["digest"], int(told["position"]),
    )  # fmt: skip
