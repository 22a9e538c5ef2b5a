"""Durable appends: Baton, `eventsourcing`'s PostgreSQL recorder and UmaDB, in turns, on the same disk."""

import asyncio
import tempfile
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from bench.apart import Load, apart, interleaved
from bench.ours import appends, fill
from bench.peers import METADATA, PAYLOAD, eventsourcing_appends, umadb_appends, umadb_server
from bench.rows import Row, compared, measured
from tests.support.postgres import TestServer, running_server

SECONDS = 4.0
#: The log holds this many events before anything is measured.
EVENTS_BEFORE = 1_000_000
GOALS_EVENTSOURCING = {1: (1.2, 1.5), 8: (5.0, 8.0), 64: (15.0, 25.0)}
GOALS_UMADB = {1: (0.9, 1.2), 8: (1.0, 2.0), 64: (2.0, 3.0)}


def run(events_before: int = EVENTS_BEFORE) -> list[Row]:
    """All rows of this part."""
    with running_server() as server, tempfile.TemporaryDirectory() as folder, umadb_server(Path(folder)) as uma:
        dsn = server.dsn(server.create_database())
        apart(fill, dsn, events_before)
        recorder = {"dbname": server.create_database(), "host": str(server.socket), "port": 5432}
        recorder |= {"user": "postgres", "password": ""}
        rows = _single(dsn, recorder, uma)
        rows += _batches(dsn, _another_log(server, events_before), uma)
        rows += [_processes(dsn), asyncio.run(_synced(dsn))]
        return rows


def _single(dsn: str, recorder: dict[str, Any], uma: str) -> list[Row]:
    rows = []
    for writers in (1, 8, 64):
        loads = interleaved(
            {
                "baton": partial(apart, appends, dsn, writers, SECONDS, 1, False),
                "eventsourcing": partial(apart, eventsourcing_appends, recorder, writers, SECONDS),
                "umadb": partial(apart, umadb_appends, uma, writers, SECONDS, 1),
                "one stream": partial(apart, appends, dsn, writers, SECONDS, 1, True),
            }
        )
        ours = loads["baton"]
        for peer, goals in (("eventsourcing", GOALS_EVENTSOURCING), ("umadb", GOALS_UMADB)):
            name = f"appends, {writers} writers, against {peer}"
            rows.append(
                compared(name, ours.rate, "/s", peer, loads[peer].rate, *goals[writers], note=_cpu(loads, peer))
            )
        name = f"appends, {writers} writers, all on one stream"
        rows.append(compared(name, loads["one stream"].rate, "/s", "distinct streams", ours.rate, 0.8, 1.0))
    return rows


def _cpu(loads: dict[str, Load], peer: str) -> str:
    return f"load client CPU, of one core: Baton {loads['baton'].cpu:.2f}, {peer} {loads[peer].cpu:.2f}"


def _batches(dsn: str, beside: str, uma: str) -> list[Row]:
    hundred = interleaved(
        {
            "baton": partial(apart, appends, dsn, 1, SECONDS, 100, False),
            "umadb": partial(apart, umadb_appends, uma, 1, SECONDS, 100),
        }
    )
    thousand = interleaved(
        {
            "baton": partial(apart, appends, dsn, 1, SECONDS, 1000, False),
            "copy": partial(apart, copies, beside, SECONDS),
        }
    )
    small, large = (loads["baton"].rate for loads in (hundred, thousand))
    return [
        compared("batches of 100, one writer", small, "events/s", "umadb", hundred["umadb"].rate, 0.5, 1.0),
        compared("batches of 1,000, one writer", large, "events/s", "raw COPY", thousand["copy"].rate, 0.5, 0.7),
    ]


def _another_log(server: TestServer, events: int) -> str:
    """The log's own table and indexes with as many events in them, for the raw COPY."""
    dsn = server.dsn(server.create_database())
    apart(fill, dsn, events)
    return dsn


def copies(dsn: str, seconds: float, start: Callable[[], None]) -> int:
    """COPY batches of 1,000 rows into the log's own table, a commit each, nothing computed on the way."""
    return asyncio.run(_copies(dsn, seconds, start))


async def _copies(dsn: str, seconds: float, start: Callable[[], None]) -> int:
    connection = await asyncpg.connect(dsn)
    columns = (
        "position",
        "version",
        "schema",
        "recorded_at",
        "id",
        "tenant",
        "stream",
        "type",
        "digest",
        "metadata",
        "data",
    )
    now = await connection.fetchval("SELECT now()")
    position = await connection.fetchval("SELECT max(position) FROM log.events")
    digest, n = bytes(32), 0
    start()
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        stream = f"copy-{uuid4()}"
        rows = [
            (position + n + i, i, 1, now, UUID(int=n + i), "bench", stream, "bench.happened", digest, METADATA, PAYLOAD)
            for i in range(1, 1001)
        ]
        await connection.copy_records_to_table("events", schema_name="log", columns=columns, records=rows)
        n += 1000
    await connection.close()
    return n


def _processes(dsn: str) -> Row:
    """Four processes on one log, against one with as many writers."""
    loads = interleaved(
        {"one": partial(apart, appends, dsn, 64, SECONDS, 1, False), "four": partial(_four_processes, dsn)}
    )
    one, four = loads["one"].rate, loads["four"].rate
    return compared("four processes of 16 writers on one log", four, "/s", "one process of 64", one, 0.5, 0.8)


def _four_processes(dsn: str) -> Load:
    context = get_context("spawn")
    with context.Pool(4) as pool:
        loads = pool.starmap(_timed, [(dsn, 16, SECONDS)] * 4, chunksize=1)
    return Load(
        sum(load.count for load in loads), max(load.seconds for load in loads), sum(load.cpu_seconds for load in loads)
    )


def _timed(dsn: str, writers: int, seconds: float) -> Load:
    began: list[float] = []
    count = appends(dsn, writers, seconds, 1, False, lambda: began.extend((time.perf_counter(), time.process_time())))
    return Load(count, time.perf_counter() - began[0], time.process_time() - began[1])


async def _synced(dsn: str) -> Row:
    """PostgreSQL's own statistics: at least as many WAL syncs as commits that wrote. (kill -9 proves nothing of it.)"""
    connection = await asyncpg.connect(dsn)
    before = await _statistics(connection)
    load = await asyncio.to_thread(apart, appends, dsn, 1, SECONDS, 1, False)
    after = await _statistics(connection)
    await connection.close()
    syncs = after - before
    return measured(
        "WAL syncs per durable append, 1 writer",
        syncs / load.count,
        "syncs",
        1.0,
        1.0,
        note=f"{syncs} syncs, {load.count} commits",
    )


async def _statistics(connection: Any) -> int:
    await connection.execute("SELECT pg_stat_force_next_flush()")
    return int(await connection.fetchval("SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal'"))
