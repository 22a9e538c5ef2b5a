"""What must be true after every crash: acknowledged ⊆ log ⊆ attempted, and everything else follows from the log."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from eventlog.codec import Codec, Recorded
from eventlog.kafka.topics import PARTITIONS
from eventlog.keyring import Keyless
from eventlog.postgres.store import PostgresStore
from facts.registry import REGISTRY
from runtime.department import DEPARTMENTS
from tests.crash.load import Attempt
from tests.crash.site import Site
from tests.support.log import whole_log
from tests.support.metrics_fold import Fold
from tests.support.relaying import the_topic_is_the_log, told_up_to_the_head
from tests.support.running import Baton

#: How soon everything is told once nothing is wrong any more.
TOLD_S = 90.0
#: What an audit that has nothing to say counts of each: nothing.
JUDGED = ("pending", "discrepancies", "lost")
#: What each kind of write records, once.
RECORDED = {
    "contacts.person-registered": "person",
    "contacts.interaction-recorded": "interaction",
    "marketing.lead-captured": "lead",
    "marketing.lead-qualified": "qualify",
}

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


def acknowledged_and_attempted(logs: dict[str, list[dict[str, Any]]], attempts: Sequence[Attempt]) -> None:
    """Every kind of write, by its mark: what was answered is there, nothing else than what was asked, each once."""
    recorded = marks([event for log in logs.values() for event in log])
    for kind in RECORDED.values():
        attempted = {attempt.mark for attempt in attempts if attempt.kind == kind}
        acknowledged = {attempt.mark for attempt in attempts if attempt.kind == kind and attempt.answer}
        found = recorded[kind].keys()
        assert acknowledged <= found, f"{kind}: acknowledged and not in the log: {sorted(acknowledged - found)[:3]}"
        assert found <= attempted, f"{kind}: in the log and never attempted: {sorted(found - attempted)[:3]}"
        twice = [mark for mark, n in recorded[kind].items() if n > 1]
        assert not twice, f"{kind}: recorded twice: {twice[:3]}"


def marks(events: Sequence[dict[str, Any]]) -> dict[str, Counter[str]]:
    """How often what each kind of write records stands in the logs, by its mark: its external id, or that of the lead
    that is qualified. A person of a lead is registered by contacts itself and has none."""
    leads = {event["stream"]: _external_id(event) for event in events if event["type"] == "marketing.lead-captured"}
    found: dict[str, Counter[str]] = {kind: Counter() for kind in RECORDED.values()}
    for event in events:
        kind = RECORDED.get(event["type"])
        if kind:
            found[kind][leads[event["stream"]] if kind == "qualify" else _external_id(event)] += 1
    del found["person"][""]
    return found


def _external_id(event: dict[str, Any]) -> str:
    return str(event["data"].get("external_id", ""))


async def metrics_are_a_fold(site: Site) -> None:
    """What the stream workers count comes to what the logs come to, once they say that they have heard that much."""
    fold, codec, heads = Fold(), Codec(REGISTRY, Keyless()), list[str]()
    for department in LOADED:
        async with site.log_of(department) as store:
            events = await whole_log(store)
        heads.append(f"{department}:{events[-1].place}")
        for recorded in await codec.decode_many(department, events):
            assert isinstance(recorded, Recorded), recorded
            fold.add(recorded.fact, recorded.at.recorded_at)
    touches = [{**row, "start": row["start"].strftime("%Y-%m-%dT%H:%M:%SZ")} for row in fold.touches()]
    found = await _metric(site, "touches", heads)
    assert found == touches, f"at {heads} touches are {found}, the logs come to {touches}"
    dwell = [(*(row[name] for name in _STAYS), row["stays"]["count"]) for row in fold.dwell()]
    stays = [(*(row[name] for name in _STAYS), row["stays"]["count"]) for row in await _metric(site, "dwell", heads)]
    assert stays == dwell, f"at {heads} stays are {stays}, the logs come to {dwell}"


_STAYS = ("kind", "state", "key", "staying")


async def _metric(site: Site, name: str, heads: Sequence[str]) -> list[dict[str, Any]]:
    deadline = time.monotonic() + TOLD_S
    while True:
        answer = await site.http[0].get(f"/v1/metrics/{name}", headers={"Baton-Min-Position": ", ".join(heads)})
        if answer.is_success:
            rows: list[dict[str, Any]] = answer.json()["rows"]
            return rows
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
