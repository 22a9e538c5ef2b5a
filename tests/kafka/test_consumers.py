"""The consumer of docs/consumers.md, as it stands there: it proves a topic, and notices what was changed."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from eventlog.events import Event
from eventlog.kafka.records import to_record
from eventlog.kafka.topics import facts_topic
from eventlog.postgres.store import PostgresStore
from runtime.kafka_server import KafkaServer
from tests.support.documents import ROOT, blocks
from tests.support.kafka import a_department
from tests.support.log import an_append, whole_log
from tests.support.relaying import a_relay, relaying, told_up_to_the_head

PAGE = ROOT / "docs" / "consumers.md"


@dataclass(frozen=True)
class Answer:
    code: int | None
    stdout: str
    stderr: str


@pytest.fixture
async def store(kafka: KafkaServer, database: str) -> AsyncIterator[PostgresStore]:
    """A department that has told everything."""
    dice = random.Random(7)
    async with await PostgresStore.open(database, a_department()) as store:
        for _ in range(50):
            await store.append(an_append(f"sales.сделка-{dice.randrange(12)}", facts=dice.randint(1, 9), tenant="кафе"))
        async with relaying(a_relay(store, database, kafka.bootstrap)):
            await told_up_to_the_head(kafka.bootstrap, store)
        yield store


async def consume(kafka: KafkaServer, department: str, folder: Path) -> Answer:
    program = folder / "verify.py"
    program.write_text(next(block.text for block in blocks(PAGE) if block.language == "python"))
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, str(program), kafka.bootstrap, department),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    stdout, stderr = await asyncio.wait_for(running.communicate(), 60)
    return Answer(running.returncode, stdout.decode(), stderr.decode())


async def produce(kafka: KafkaServer, department: str, event: Event) -> None:
    """What somebody writes who is not the relay."""
    record = to_record(department, event)
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        await producer.send_and_wait(facts_topic(department), record.value, record.key, headers=record.headers)


async def test_it_proves_what_a_relay_told(kafka: KafkaServer, store: PostgresStore, tmp_path: Path) -> None:
    log = await whole_log(store)
    answer = await consume(kafka, store.department, tmp_path)
    streams = len({event.stream for event in log})
    assert answer == Answer(0, f"{len(log)} facts in {streams} streams: every digest holds\n", answer.stderr)


async def test_it_notices_a_changed_fact(kafka: KafkaServer, store: PostgresStore, tmp_path: Path) -> None:
    last = (await whole_log(store))[-1]
    await produce(kafka, store.department, replace(last, data=b'{"amount":"1000000.00"}'))
    answer = await consume(kafka, store.department, tmp_path)
    assert (answer.code, answer.stdout) == (1, "")
    assert f"{last.stream}: the digest of version {last.version} is not that of what was received" in answer.stderr


async def test_it_notices_a_missing_fact(kafka: KafkaServer, store: PostgresStore, tmp_path: Path) -> None:
    last = (await store.read_stream("кафе", "sales.сделка-1", backwards=True, limit=1))[0]
    await produce(kafka, store.department, replace(last, version=type(last.version)(last.version + 2)))
    answer = await consume(kafka, store.department, tmp_path)
    assert answer.code == 1
    assert f"sales.сделка-1: version {last.version + 2} follows {last.version}" in answer.stderr


async def test_it_says_that_nobody_has_told_such_a_department(kafka: KafkaServer, tmp_path: Path) -> None:
    department = a_department()
    answer = await consume(kafka, department, tmp_path)
    assert (answer.code, answer.stdout) == (1, "")
    assert answer.stderr.splitlines()[-1] == f"there is no topic {facts_topic(department)} on {kafka.bootstrap}"
    assert "Traceback" not in answer.stderr
