"""The network fails in every way that networks do: appends happen once, and the topic is the log."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from eventlog.events import Position
from eventlog.postgres.store import PostgresStore
from tests.kafka.test_relay_killed import appending
from tests.support.behind import KafkaBehind, kafka_behind_a_network
from tests.support.kafka import a_department
from tests.support.log import an_append, an_event, eventually, whole_log
from tests.support.network import SPOILS, Network, network
from tests.support.postgres import TestServer
from tests.support.relaying import a_relay, relaying, the_topic_is_the_log, told_up_to_the_head

pytestmark = pytest.mark.timeout(240)

#: The API key of EndTxn, which commits: it stands behind the size of a request.
END_TXN = (26).to_bytes(2, "big")


@asynccontextmanager
async def log_behind_a_network(server: TestServer, database: str) -> AsyncIterator[tuple[PostgresStore, Network, str]]:
    """A log, the network to it, and its DSN through that network."""
    name = database.partition("?")[0].rpartition("/")[2]
    async with network(server.socket / ".s.PGSQL.5432") as (wires, port):
        dsn = f"postgresql://postgres@127.0.0.1:{port}/{name}?sslmode=disable"
        async with await PostgresStore.open(dsn, a_department()) as store:
            yield store, wires, dsn
            wires.mend()


@pytest.fixture(scope="module")
async def kafka_behind() -> AsyncIterator[KafkaBehind]:
    async with kafka_behind_a_network() as server:
        yield server


def holds(payload: bytes, chunk: bytes) -> bool:
    return payload in chunk


async def has_lost(wires: Network, count: int) -> bool:
    return wires.lost >= count


async def test_an_append_whose_answer_was_lost_after_its_commit_is_answered_and_happened_once(
    postgres: TestServer, database: str
) -> None:
    async with log_behind_a_network(postgres, database) as (store, wires, _):
        await store.append(an_append())
        promises = [f"promise {n}".encode() for n in range(5)]
        for n, promise in enumerate(promises):
            wires.lose_answers(partial(holds, promise))
            append = an_append(f"sales.deal-{n}", facts=[an_event(promise)])
            answering = asyncio.create_task(store.append(append))
            await eventually(partial(has_lost, wires, n + 1), "the answer to the commit lost")
            wires.mend()
            answered = await answering
            assert (answered.repeated, answered.last) == (True, Position(n + 2))
        assert [event.data for event in (await whole_log(store))[1:]] == promises


async def test_a_commit_of_the_relay_whose_answer_was_lost_is_told_once(
    kafka_behind: KafkaBehind, database: str
) -> None:
    (wires,) = kafka_behind.networks
    before = wires.lost
    async with await PostgresStore.open(database, a_department()) as store:
        await store.append(an_append(facts=5))
        async with relaying(a_relay(store, database, kafka_behind.outside)):
            await told_up_to_the_head(kafka_behind.bootstrap, store)
            for n in range(1, 4):
                wires.lose_answers(lambda chunk: chunk[4:6] == END_TXN)
                await store.append(an_append(f"sales.deal-{n}", facts=7))
                await eventually(partial(has_lost, wires, before + n), "the answer to the commit lost")
                wires.mend()
                await told_up_to_the_head(kafka_behind.bootstrap, store)
        await the_topic_is_the_log(kafka_behind.bootstrap, store)


@pytest.mark.parametrize("seed", [1])
async def test_whatever_the_network_does_the_topic_is_the_log(
    kafka_behind: KafkaBehind, postgres: TestServer, database: str, seed: int
) -> None:
    dice, stop = random.Random(seed), asyncio.Event()
    async with log_behind_a_network(postgres, database) as (store, database_wires, dsn):
        load = asyncio.create_task(appending(store, random.Random(seed), stop))
        async with relaying(a_relay(store, dsn, kafka_behind.outside)):
            for wires in (*kafka_behind.networks, database_wires):
                for spoil in dice.sample(SPOILS, len(SPOILS)):
                    await asyncio.sleep(dice.uniform(0.1, 0.4))  # the moment
                    await spoil(wires, dice)
                    wires.mend()
            stop.set()
            acknowledged = await load
            assert acknowledged > 300, f"seed {seed} put no load on the relay"
            await told_up_to_the_head(kafka_behind.bootstrap, store, 60)
        assert len(await the_topic_is_the_log(kafka_behind.bootstrap, store)) == acknowledged
