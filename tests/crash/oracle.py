"""What must be true after every crash: acknowledged ⊆ log ⊆ attempted, and everything else follows from the log."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from eventlog.kafka.topics import PARTITIONS
from eventlog.postgres.store import PostgresStore
from tests.crash.load import Attempt
from tests.crash.site import Site
from tests.support.relaying import the_topic_is_the_log, told_up_to_the_head
from tests.support.running import Baton

DEPARTMENTS = ("marketing", "sales", "contacts")
#: How soon everything is told once nothing is wrong any more.
TOLD_S = 90.0
#: What an audit that has nothing to say counts of each: nothing.
JUDGED = ("pending", "discrepancies", "lost")
REGISTERED = {"person": "contacts.person-registered", "lead": "marketing.lead-captured"}


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
    _acknowledged_and_attempted(logs, attempts)
    audit = await baton.cli("audit", "handoffs", "--wait", "60", "--json")
    assert audit.code == 0, audit.stdout + audit.stderr
    assert {name: audit.json()[name] for name in JUDGED} == dict.fromkeys(JUDGED, 0), audit.stdout
    verify = await baton.cli("verify", "--json")
    assert (verify.code, verify.json()["broken"]) == (0, []), verify.stdout + verify.stderr
    if views:
        for department in (*DEPARTMENTS, "analytics"):
            answer = await baton.cli("rebuild", department, "--check")
            assert answer.code == 0, f"the views of {department} differ: {answer.stdout}{answer.stderr}"
    return {department: len(events) for department, events in logs.items()}


def _contiguous_and_unique(department: str, events: Sequence[dict[str, Any]]) -> None:
    positions = [int(event["position"]) for event in events]
    assert positions == list(range(1, len(positions) + 1)), f"the positions of {department} have a hole"
    twice = [id for id, n in Counter(event["id"] for event in events).items() if n > 1]
    assert not twice, f"{department} has events twice: {twice[:3]}"


def _acknowledged_and_attempted(logs: dict[str, list[dict[str, Any]]], attempts: Sequence[Attempt]) -> None:
    for kind, type in REGISTERED.items():
        names = Counter(_external_id(event) for log in logs.values() for event in log if event["type"] == type)
        attempted = {attempt.name for attempt in attempts if attempt.kind == kind}
        acknowledged = {attempt.name for attempt in attempts if attempt.kind == kind and attempt.answer}
        named = {name for name in names if name}
        assert acknowledged <= named, f"acknowledged and not in the log: {sorted(acknowledged - named)[:3]}"
        assert named <= attempted, f"in the log and never attempted: {sorted(named - attempted)[:3]}"
        assert max((names[name] for name in named), default=1) == 1, f"a {kind} was recorded twice"
    qualified = {event["stream"] for event in logs["marketing"] if event["type"] == "marketing.lead-qualified"}
    promised = {f"marketing.lead-{a.answer['id']}" for a in attempts if a.kind == "qualify" and a.answer}
    assert promised <= qualified, f"qualified leads were lost: {sorted(promised - qualified)[:3]}"
    recorded = {event["stream"] for event in logs["contacts"] if event["type"] == "contacts.interaction-recorded"}
    told = {f"contacts.interaction-{a.answer['id']}" for a in attempts if a.kind == "interaction" and a.answer}
    assert told <= recorded, f"interactions were lost: {sorted(told - recorded)[:3]}"


def _external_id(event: dict[str, Any]) -> str:
    return str(event["data"].get("external_id", ""))


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
