"""One department of a cluster is restored to an earlier moment than Kafka and the others: all of it, as it happens."""

from pathlib import Path

import pytest

from runtime.kafka_server import KafkaServer
from tests.support.cluster import running_cluster
from tests.support.kafka import jars
from tests.support.relaying import told
from tests.support.restore_walk import walked

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("cluster")]


async def test_a_department_goes_back_and_everything_goes_on(tmp_path: Path) -> None:
    async with running_cluster(tmp_path / "home") as baton, await baton.client("acme", "mona", "manager") as mona:
        walk = await walked(baton, mona)
        bootstrap = KafkaServer.of(baton.home / "kafka", jars()).found_bootstrap()
        assert bootstrap is not None
        log = await walk.log()
        await walk.eventually(lambda: told(bootstrap, "marketing"), lambda facts: len(facts) >= len(log))
        facts = [fact.event for fact in await told(bootstrap, "marketing")]
        is_in_the_log = {(each["generation"], each["position"]): each["digest"] for each in log}
        told_of_it = [each for each in facts if (each.generation, each.position) in is_in_the_log]
        assert {(each.generation, each.position): each.digest.hex() for each in told_of_it} == is_in_the_log
        assert len(told_of_it) == len(log)
        lost = [each for each in facts if each not in told_of_it]
        assert all(each.generation == 1 and each.position > walk.shared for each in lost)
        assert lost
