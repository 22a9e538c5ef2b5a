"""What must be true after every crash: acknowledged ⊆ log ⊆ attempted, and everything else follows from the log."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.crash.load import Attempt
from tests.support.running import Baton

DEPARTMENTS = ("marketing", "sales", "contacts")
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
    for command in (("audit", "handoffs", "--wait", "60", "--json"), ("verify", "--json")):
        answer = await baton.cli(*command)
        assert answer.code == 0, f"{command}: {answer.stdout}{answer.stderr}"
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
