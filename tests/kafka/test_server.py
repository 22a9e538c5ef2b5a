"""Apache Kafka as we run it: started, found again, killed, restarted; one broker and three."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import UnknownTopicOrPartitionError

from runtime.kafka_jars import Jars, KafkaUnavailable
from runtime.kafka_server import KafkaServer
from tests.support.kafka import jars, own_server

TOPIC = "greetings"


async def make(server: KafkaServer, replication: int = 1) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=server.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, 1, replication)])
    await admin.close()


async def say(server: KafkaServer, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=server.bootstrap, enable_idempotence=True) as producer:
        await producer.send_and_wait(TOPIC, value)


async def said(server: KafkaServer, count: int) -> list[bytes]:
    async with AIOKafkaConsumer(
        TOPIC, bootstrap_servers=server.bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
    ) as consumer:
        return [(await consumer.getone()).value for _ in range(count)]


@pytest.mark.timeout(240)
async def test_what_was_acknowledged_is_there_after_kill_9_and_after_a_stop(tmp_path: Path) -> None:
    server = KafkaServer.of(tmp_path / "kafka", jars())
    await server.start()
    await make(server)
    await say(server, b"one")
    await server.kill()
    await server.restart()
    await say(server, b"two")
    await server.stop()

    again = KafkaServer.of(tmp_path / "kafka", jars())
    await again.start()
    await say(again, b"three")

    assert again.bootstrap == server.bootstrap
    assert await said(again, 3) == [b"one", b"two", b"three"]
    await again.stop()
    assert not list((tmp_path / "kafka").glob("*.pid"))


async def test_who_comes_later_finds_the_broker_that_runs(kafka: KafkaServer) -> None:
    later = KafkaServer.of(kafka.folder, kafka.jars)
    await later.start()
    assert (later.bootstrap, later.brokers[1].pid) == (kafka.bootstrap, kafka.brokers[1].pid)


@pytest.mark.timeout(240)
async def test_three_brokers_keep_what_one_of_them_cannot_tell_any_more() -> None:
    async with own_server(size=3) as server:
        await make(server, replication=3)
        await say(server, b"one")
        await server.kill(2)
        await say(server, b"two")
        assert await said(server, 2) == [b"one", b"two"]
        await server.restart(2)
        await say(server, b"three")
        assert await said(server, 3) == [b"one", b"two", b"three"]


async def test_nobody_makes_a_topic_by_asking_for_it(kafka: KafkaServer) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, request_timeout_ms=500) as producer:
        with pytest.raises(UnknownTopicOrPartitionError):
            await producer.client._wait_on_metadata("nobodys")


async def test_a_stopped_broker_is_not_taken_for_a_process_with_its_old_number(tmp_path: Path) -> None:
    server = KafkaServer.of(tmp_path, jars())
    (tmp_path / "broker-1.pid").write_text(str(os.getpid()))
    broker = server.found()[1]
    assert broker.pid is None
    broker.signal(signal.SIGKILL)  # would end this test


def test_without_java_the_message_names_the_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None)
    with pytest.raises(KafkaUnavailable, match="apt-get install default-jre-headless maven"):
        Jars(tmp_path).resolve()


def test_without_maven_the_message_names_the_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", {"java": a_java(tmp_path, "21.0.1")}.get)
    with pytest.raises(KafkaUnavailable, match=r"Maven .* apt-get install"):
        Jars(tmp_path).resolve()


def test_an_old_java_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", {"java": a_java(tmp_path, "11.0.2")}.get)
    with pytest.raises(KafkaUnavailable, match=r"Java 17 or newer, .* is 11"):
        Jars(tmp_path).resolve()


def a_java(folder: Path, version: str) -> str:
    java = folder / "java"
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2024-01-16' >&2\n")
    java.chmod(0o755)
    return str(java)


async def test_a_cluster_may_have_an_id_that_looks_like_an_option(tmp_path: Path) -> None:
    """Ids are random: one in 64 begins with a dash."""
    (tmp_path / "cluster").write_text("-RFk9mDRTrmnFqRkQ0k2pA")
    server = KafkaServer.of(tmp_path, jars())
    try:
        await server.start()
        assert server.bootstrap
    finally:
        await server.stop()
