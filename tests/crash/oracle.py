"""What must be true after every crash: acknowledged ⊆ log ⊆ attempted, and everything else follows from the log."""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from eventlog.codec import Codec
from eventlog.kafka.topics import PARTITIONS
from eventlog.keyring import Keyless
from eventlog.postgres.store import PostgresStore
from eventlog.views import Views
from facts.registry import REGISTRY
from runtime.department import DEPARTMENTS
from tests.crash.load import Attempt
from tests.crash.site import TENANT, Site
from tests.crash.writes import acknowledged_and_attempted
from tests.support.metrics_judged import derived_is_told, logs_of, metrics_are_a_fold
from tests.support.relaying import the_topic_is_the_log, told_up_to_the_head
from tests.support.running import Baton

#: How soon everything is told once nothing is wrong any more.
TOLD_S = 90.0
#: What an audit that has nothing to say counts of each: nothing.
JUDGED = ("pending", "discrepancies", "lost")
#: Those that record something under the load; analytics records nothing of its own.
LOADED = ("contacts", "marketing", "sales")


async def log_of(baton: Baton, department: str) -> list[dict[str, Any]]:
    """Every event of a department's log."""
    answer = await baton.cli("log", "tail", department, "--after", "0")
    assert answer.code == 0, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]


async def check(baton: Baton, attempts: Sequence[Attempt], *, views: bool) -> dict[str, int]:
    """Raise `AssertionError` where the promise is broken; answers how many events each log holds."""
    logs = {department: await log_of(baton, department) for department in DEPARTMENTS}
    for department, events in logs.items():
        _contiguous_and_unique(department, events)
    acknowledged_and_attempted(logs, attempts)
    audit = await baton.cli("audit", "handoffs", "--wait", "60", "--json")
    assert audit.code == 0, audit.stdout + audit.stderr
    assert {name: audit.json()[name] for name in JUDGED} == dict.fromkeys(JUDGED, 0), audit.stdout
    verify = await baton.cli("verify", "--json")
    assert (verify.code, verify.json()["broken"]) == (0, []), verify.stdout + verify.stderr
    if views:
        for department in DEPARTMENTS:
            answer = await baton.cli("rebuild", department, "--check")
            assert answer.code == 0, f"the views of {department} differ: {answer.stdout}{answer.stderr}"
    return {department: len(events) for department, events in logs.items()}


def _contiguous_and_unique(department: str, events: Sequence[dict[str, Any]]) -> None:
    positions = [int(event["position"]) for event in events]
    assert positions == list(range(1, len(positions) + 1)), f"the positions of {department} have a hole"
    twice = [id for id, n in Counter(event["id"] for event in events).items() if n > 1]
    assert not twice, f"{department} has events twice: {twice[:3]}"


async def metrics_follow_from_the_logs(site: Site) -> None:
    """Once stream workers say that they have heard it all, their tables, the answers made of them and the topic of
    derived facts come to what the logs come to."""
    async with AsyncExitStack() as stack:
        stores = {name: await stack.enter_async_context(site.log_of(name)) for name in LOADED}
        views = await stack.enter_async_context(site.views_of("analytics"))
        while not await _metrics_follow(site, stores, views):
            pass  # what follows from the writes is still being recorded


async def _metrics_follow(site: Site, stores: Mapping[str, PostgresStore], views: Views) -> bool:
    """False where a log went on meanwhile."""
    heads = await _heads(stores)
    logs = await logs_of(Codec(REGISTRY, Keyless()), stores)
    await _counted(site, heads)
    try:
        await metrics_are_a_fold(views, TENANT, logs)
        await derived_is_told(site.kafka.bootstrap, logs)
    except AssertionError:
        if heads == await _heads(stores):
            raise
    return heads == await _heads(stores)


async def _heads(stores: Mapping[str, PostgresStore]) -> list[str]:
    return [f"{name}:{await store.head()}" for name, store in stores.items()]


async def _counted(site: Site, heads: Sequence[str]) -> None:
    """Wait until an answer counts everything up to the heads."""
    deadline = time.monotonic() + TOLD_S
    while True:
        answer = await site.http[0].get("/v1/metrics/touches", headers={"Baton-Min-Position": ", ".join(heads)})
        if answer.is_success:
            return
        assert answer.status_code == 503, answer.text
        assert time.monotonic() < deadline, f"the metrics have not heard {heads}: {answer.text}"


async def topics_are_the_logs(site: Site) -> None:
    """Each department's topic, once told up to the head, is its log: record by record, digest by digest."""
    for department in DEPARTMENTS:
        async with site.log_of(department) as store:
            while not await _topic_is_the_log(site, store):
                pass  # what follows from the writes is still being recorded


async def _topic_is_the_log(site: Site, store: PostgresStore) -> bool:
    """False where the log went on meanwhile."""
    head = (await told_up_to_the_head(site.kafka.bootstrap, store, TOLD_S)).place
    try:
        await the_topic_is_the_log(site.kafka.bootstrap, store, PARTITIONS)
    except AssertionError:
        if head == await store.head():
            raise
    return head == await store.head()
