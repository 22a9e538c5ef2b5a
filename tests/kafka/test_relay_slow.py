"""A leader that was only slow can neither write after its successor has started, nor stop it from starting."""

import asyncio
from datetime import datetime
from typing import Any

import asyncpg
import pytest

from eventlog.kafka.relay import Relay
from eventlog.postgres.store import PostgresStore
from eventlog.store import Store
from runtime.kafka_server import KafkaServer
from tests.support.kafka import a_department
from tests.support.log import an_append, eventually
from tests.support.relay_process import PLACES, relay_process
from tests.support.relaying import a_relay, relaying, the_topic_is_the_log, told_up_to_the_head
from tests.support.sessions import session

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("place", PLACES)
async def test_a_leader_is_stopped_and_wakes_while_its_successor_leads(
    place: str, kafka: KafkaServer, database: str
) -> None:
    async with await PostgresStore.open(database, a_department()) as store:
        await begun(kafka, store, database)
        await store.append(an_append("sales.deal-1", facts=30))
        with relay_process(database, kafka.bootstrap, store.department, place) as slow:
            await slow.has_stopped()
            await store.append(an_append("sales.deal-2", facts=30))
            successor = a_relay(store, database, kafka.bootstrap)
            async with relaying(successor) as running:
                await believes_that_all_is_told(successor, store)
                slow.go_on()
                for n in range(40):
                    await store.append(an_append(f"sales.deal-{n % 7}", facts=3))
                    await asyncio.sleep(0.02)  # while both run
                await told_up_to_the_head(kafka.bootstrap, store)
                assert slow.runs
                assert not running.done()
        await the_topic_is_the_log(kafka.bootstrap, store)


async def has_started_over(operator: "asyncpg.Connection[Any]", after: datetime) -> bool:
    """Whether a relay has begun to wait for the lock since then."""
    return bool(
        await operator.fetchval(
            """SELECT true FROM pg_stat_activity WHERE application_name = 'baton relay'
            AND datname = current_database() AND backend_start > $1""",
            after,
        )
    )


async def begun(kafka: KafkaServer, store: Store, database: str) -> None:
    """Something was told before, so that the next transaction is one of facts."""
    await store.append(an_append("sales.deal-0", facts=7))
    async with relaying(a_relay(store, database, kafka.bootstrap)):
        await told_up_to_the_head(kafka.bootstrap, store)


async def believes_that_all_is_told(relay: Relay, store: Store) -> None:
    """Not what readers see: an open transaction of another one would hide it from them."""

    async def told() -> bool:
        return relay.watermark is not None and relay.watermark.place == await store.head()

    await eventually(told, "the successor has told all")


@pytest.mark.parametrize("place", ["fence", "read the end"])
async def test_a_leader_that_was_stopped_before_its_commit_wakes_while_its_successor_starts(
    place: str, kafka: KafkaServer, database: str
) -> None:
    """Its commit either comes in time, and the successor sees it, or it is refused."""
    async with await PostgresStore.open(database, a_department()) as store, session(database) as operator:
        await begun(kafka, store, database)
        await store.append(an_append("sales.deal-1", facts=30))
        with relay_process(database, kafka.bootstrap, store.department, "commit") as slow:
            await slow.has_stopped()
            with relay_process(database, kafka.bootstrap, store.department, place) as successor:
                await successor.has_stopped()
                before = await operator.fetchval("SELECT clock_timestamp()")
                slow.go_on()
                await eventually(lambda: has_started_over(operator, before), "the slow one has noticed")
                successor.go_on()
                await store.append(an_append("sales.deal-2", facts=30))
                await told_up_to_the_head(kafka.bootstrap, store)
        await the_topic_is_the_log(kafka.bootstrap, store)
