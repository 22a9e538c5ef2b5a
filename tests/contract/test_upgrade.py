"""`baton migrate` of a release that changes read models: they are computed anew from every log that is heard."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from eventlog.errors import NotSafe
from runtime.databases import KEYRING, Databases, Passwords
from runtime.department import DEPARTMENTS
from runtime.roles.migrate import migrate
from runtime.roles.serve import serve
from runtime.roles.stream import stream
from runtime.settings import Settings
from tests.support.handoffs import Handover
from tests.support.house import open_town
from tests.support.kafka import shared_server
from tests.support.log import DEADLINE_S, eventually
from tests.support.postgres import TestServer
from tests.support.running import free_port

pytestmark = pytest.mark.timeout(120)

#: Of each department a table that facts of others fill as well.
CHANGED = {"contacts": "handoffs", "marketing": "offers", "sales": "offers", "analytics": "funnel_leads"}


@pytest.fixture
async def before(own_postgres: TestServer, tmp_path: Path) -> Settings:
    """The administrator's settings, where a handoff was delivered and tables were made by the release before."""
    async with open_town(own_postgres.dsn("postgres"), tmp_path, DEPARTMENTS) as town:
        await Handover(town).delivered()
    return Settings(home=tmp_path, database_url=own_postgres.dsn("postgres"))


def databases_of(settings: Settings) -> Databases:
    return Databases(settings.database_url or "", Passwords.at(settings.postgres_key))


@asynccontextmanager
async def connected(settings: Settings, department: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(databases_of(settings).dsn(department))
    try:
        yield connection
    finally:
        await connection.close()


async def made_older(settings: Settings, department: str, table: str) -> None:
    async with connected(settings, department) as connection:
        await connection.execute(f'ALTER TABLE views."{table}" ADD COLUMN of_before integer')
        await connection.execute("COMMENT ON SCHEMA views IS 'schema.sql of before'")


async def rows(settings: Settings) -> Mapping[str, list[Any]]:
    found = {}
    for department, table in CHANGED.items():
        async with connected(settings, department) as connection:
            found[department] = await connection.fetch(f'SELECT to_jsonb(t) FROM views."{table}" AS t ORDER BY 1')
    return found


async def test_on_one_server_every_log_is_read_where_it_stands(before: Settings) -> None:
    were = await rows(before)
    for department, table in CHANGED.items():
        await made_older(before, department, table)

    await migrate(DEPARTMENTS, before)

    assert all(were.values())
    assert await rows(before) == were


async def test_a_department_on_its_own_waits_for_those_that_it_hears_and_asks_them(before: Settings) -> None:
    were = await rows(before)
    await made_older(before, "sales", CHANGED["sales"])
    ports = {name: free_port() for name in DEPARTMENTS}

    migrating = asyncio.create_task(migrate(["sales"], role_of(before, "sales", ports)))
    async with AsyncExitStack() as others:
        for name in ("contacts", "marketing", "analytics"):
            await others.enter_async_context(serve(name, await a_role_of(before, name, ports)))
        async with asyncio.timeout(60):
            await migrating

    assert await rows(before) == were


async def a_role_of(settings: Settings, department: str, ports: Mapping[str, int]) -> Settings:
    """With a Kafka that answers."""
    return role_of(settings, department, ports, (await shared_server()).bootstrap)


def role_of(settings: Settings, department: str, ports: Mapping[str, int], kafka: str | None = None) -> Settings:
    databases = databases_of(settings)
    return Settings(
        home=settings.home,
        database_url=databases.dsn(department),
        keyring_url=databases.dsn(KEYRING),
        departments={name: f"127.0.0.1:{port}" for name, port in ports.items()},
        grpc_port=ports[department],
        kafka_bootstrap=kafka,
    )


async def test_what_workers_fill_is_made_anew_and_they_begin_again(before: Settings) -> None:
    async with connected(before, "analytics") as connection:
        await connection.execute("UPDATE views.stream_epoch SET epoch = 7, streamed = true")
        assert await connection.fetchval("SELECT count(*) FROM views.metric_leads")
    await made_older(before, "analytics", "metric_leads")

    await migrate(["analytics"], before)

    async with connected(before, "analytics") as connection:
        assert tuple(await connection.fetchrow("SELECT epoch, streamed FROM views.stream_epoch")) == (8, True)
        assert not await connection.fetch("SELECT * FROM views.metric_leads")
        assert not await connection.fetchval("SELECT count(*) FROM views.metric_touches")


async def test_a_worker_of_the_release_before_is_refused(before: Settings) -> None:
    await made_older(before, "analytics", "metric_leads")

    with pytest.raises(NotSafe, match="the read models are of another release than this program"):
        async with stream("analytics", await a_role_of(before, "analytics", dict.fromkeys(DEPARTMENTS, 1))):
            pass


async def test_who_reads_what_is_made_anew_is_waited_for_and_holds_up_nobody_else(
    before: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    for table in ("funnel_leads", "metric_leads"):
        await made_older(before, "analytics", table)
    async with connected(before, "analytics") as holder, connected(before, "analytics") as reader:
        async with holder.transaction():
            await holder.fetch("SELECT FROM views.metric_leads")
            migrating = asyncio.create_task(migrate(["analytics"], before))
            await eventually(lambda: waited_for(reader, "metric_leads"), "the migration waits for the table")

            async with asyncio.timeout(DEADLINE_S):
                await reader.fetch("SELECT FROM views.metric_leads")
            assert not migrating.done()
        await migrating

        assert not await reader.fetch("SELECT FROM views.metric_leads")
    assert sum("computed anew" in message for message in caplog.messages) == 1


@pytest.mark.parametrize("held", ["LOCK views.stream_heard IN ROW EXCLUSIVE MODE", "SELECT FROM views.metric_wins"])
async def test_who_holds_one_table_and_comes_to_the_next_is_not_ended_for_it(before: Settings, held: str) -> None:
    """A worker, or a reader: the migration has them the other way round."""
    await made_older(before, "analytics", "metric_leads")
    async with connected(before, "analytics") as other, connected(before, "analytics") as watching:
        async with other.transaction():
            await other.execute(held)
            migrating = asyncio.create_task(migrate(["analytics"], before))
            await eventually(lambda: waited_for(watching, table_of(held)), "it waits")

            async with asyncio.timeout(DEADLINE_S):
                await other.execute("LOCK views.metric_leads IN ROW EXCLUSIVE MODE")
        await migrating

        circles = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        assert await watching.fetchval(circles) == 0


def table_of(sql: str) -> str:
    return sql.partition("views.")[2].partition(" ")[0]


async def waited_for(connection: Any, table: str) -> bool:
    waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = to_regclass('views.' || $1) AND NOT granted)"
    return bool(await connection.fetchval(waiting, table))
