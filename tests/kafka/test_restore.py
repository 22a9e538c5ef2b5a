"""One department of a cluster goes back to an earlier moment than Kafka and the others; then its topic is deleted. All
of it, as it happens."""

from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from eventlog.events import Event
from eventlog.kafka.topics import facts_topic, watermarks_topic
from runtime.kafka_server import KafkaServer
from tests.support.cluster import running_cluster
from tests.support.kafka import jars
from tests.support.relaying import told
from tests.support.restore_walk import Walk, the_audit_says_what_is_true, walked

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("cluster")]


async def test_a_department_goes_back_and_its_topic_is_deleted_and_everything_goes_on(tmp_path: Path) -> None:
    async with running_cluster(tmp_path / "home") as baton, await baton.client("acme", "mona", "manager") as mona:
        walk = await walked(baton, mona)
        bootstrap = KafkaServer.of(baton.home / "kafka", jars()).found_bootstrap()
        assert bootstrap is not None
        lost = await beside_the_log(walk, bootstrap)
        assert lost
        assert all(each.generation == 1 and each.position > walk.shared for each in lost)
        await metrics_are_those_of_the_log(walk)

        await delete(bootstrap, facts_topic("marketing"), watermarks_topic("marketing"))
        await walk.accepted((await walk.delivered("Frida Noll"))["handoff"])
        assert await beside_the_log(walk, bootstrap) == []
        await walk.is_true()
        await metrics_are_those_of_the_log(walk)
        await the_audit_says_what_is_true(walk)


async def beside_the_log(walk: Walk, bootstrap: str) -> list[Event]:
    """What marketing's topic tells beside its log, all of which it tells once."""
    log = {(each["generation"], each["position"]): each["digest"] for each in await walk.log()}

    async def facts() -> list[Event]:
        return [fact.event for fact in await told(bootstrap, "marketing")]

    def all_is_told(events: list[Event]) -> bool:
        return log.keys() <= {(each.generation, each.position) for each in events}

    found: list[Event] = await walk.eventually(facts, all_is_told)
    of_the_log = [each for each in found if (each.generation, each.position) in log]
    assert {(each.generation, each.position): each.digest.hex() for each in of_the_log} == log
    assert len(of_the_log) == len(log)
    return [each for each in found if each not in of_the_log]


async def metrics_are_those_of_the_log(walk: Walk) -> None:
    """Every lead that marketing has was streamed once, and the touch that it lost is no touch."""
    head = (await walk.log())[-1]

    def complete(answer: Any) -> bool:
        generation, position = answer["positions"]["marketing"].split(".")
        return bool((int(generation), int(position)) == (head["generation"], head["position"]))

    touches = await walk.eventually(lambda: walk.get("/v1/metrics/touches"), complete)
    assert sum(row["leads"] for row in touches["rows"]) == (await walk.get("/v1/leads"))["totalSize"]
    assert {row["key"] for row in touches["rows"]} == {"fair"}, touches


async def delete(bootstrap: str, *topics: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.delete_topics(list(topics))
    await admin.close()
