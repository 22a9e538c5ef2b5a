"""Acknowledged ⊆ log ⊆ attempted: each write that was answered stands in the log once, as it was given and answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.crash.load import Attempt

Logged = Mapping[str, Any]


@dataclass(frozen=True)
class Write:
    """What a kind of write records: the type of the fact, and the name of its stream in front of the id of what is
    answered. `mark` says where the fact has what it is found by, `within` where the values stand that were given.
    `answered` are fields of the answer beside those, and where the log holds them. A path has dots."""

    fact: str
    stream: str
    mark: str
    within: str = ""
    answered: Mapping[str, str] = field(default_factory=dict)


_OPPORTUNITY = "sales.opportunity-"
WRITES = {
    "person": Write("contacts.person-registered", "contacts.person-", "external_id"),
    "interaction": Write("contacts.interaction-recorded", "contacts.interaction-", "external_id"),
    "lead": Write("marketing.lead-captured", "marketing.lead-", "external_id", answered={"capturedAt": "captured_at"}),
    "touch": Write("marketing.lead-touched", "marketing.lead-", "touch.campaign", within="touch"),
    "qualify": Write(
        "marketing.lead-qualified", "marketing.lead-", "lead_id", answered={"handoffId": "ask.handoff_id"}
    ),
    "accept": Write(
        "contacts.handoff-accepted",
        "contacts.handoff-",
        "handoff_id",
        answered={"acceptedAt": "accepted_at", "acceptedBy": "accepted_by"},
    ),
    "return": Write("contacts.handoff-returned", "contacts.handoff-", "handoff_id"),
    "update": Write("sales.opportunity-updated", _OPPORTUNITY, "external_id"),
    "win": Write("sales.opportunity-won", _OPPORTUNITY, "opportunity_id", answered={"closedAt": "closed_at"}),
}
_KINDS = {write.fact: kind for kind, write in WRITES.items()}


def acknowledged_and_attempted(logs: Mapping[str, Sequence[Logged]], attempts: Sequence[Attempt]) -> None:
    """Every kind of write, by its mark: what was answered is there as it was answered, nothing else than what was asked
    and not refused, each once."""
    recorded = marked([event for log in logs.values() for event in log])
    for kind in WRITES:
        asked = [attempt for attempt in attempts if attempt.kind == kind]
        found, acknowledged = recorded[kind], [attempt for attempt in asked if attempt.answer is not None]
        lost = sorted({attempt.mark for attempt in acknowledged} - found.keys())
        assert not lost, f"{kind}: acknowledged and not in the log: {lost[:3]}"
        unasked = sorted(found.keys() - {attempt.mark for attempt in asked if not attempt.refusals})
        assert not unasked, f"{kind}: in the log and never attempted, or refused: {unasked[:3]}"
        twice = [mark for mark, events in found.items() if len(events) > 1]
        assert not twice, f"{kind}: recorded twice: {twice[:3]}"
        for attempt in acknowledged:
            other = differences(attempt, found[attempt.mark][0])
            assert not other, f"{kind}: {attempt.name} was acknowledged and stands otherwise in the log: {other}"


def unacknowledged(attempts: Sequence[Attempt]) -> list[str]:
    """Kinds of which nothing came through: of them a load proves nothing."""
    return sorted(WRITES.keys() - {attempt.kind for attempt in attempts if attempt.answer is not None})


def marked(events: Sequence[Logged]) -> dict[str, dict[str, list[Logged]]]:
    """What the logs hold of each kind of write, by its mark; a qualified lead by that of the lead. A person of a lead
    is registered by contacts itself and has none."""
    leads = {event["data"]["lead_id"]: event["data"].get("external_id", "") for event in events if _is_lead(event)}
    found: dict[str, dict[str, list[Logged]]] = {kind: {} for kind in WRITES}
    for event in events:
        if kind := _KINDS.get(event["type"]):
            mark = str(_at(event["data"], WRITES[kind].mark))
            found[kind].setdefault(leads[mark] if kind == "qualify" else mark, []).append(event)
    found["person"].pop("", None)
    return found


def _is_lead(event: Logged) -> bool:
    return bool(event["type"] == WRITES["lead"].fact)


def differences(attempt: Attempt, event: Logged) -> dict[str, tuple[Any, Any]]:
    """Where an event differs from the write that was acknowledged: what was said, and what the log holds. What stands
    sealed there must be there. The answer of an imported row names no record."""
    write, answer = WRITES[attempt.kind], attempt.answer or {}
    said = {f"{write.within}.{_snake(name)}".lstrip("."): value for name, value in attempt.body.items()}
    said |= {path: answer[name] for name, path in write.answered.items() if name in answer}
    pairs = {path: (value, _at(event["data"], path)) for path, value in said.items()}
    if "id" in answer:
        pairs["stream"] = (write.stream + answer["id"], event["stream"])
        pairs["version"] = (int(answer["etag"].partition("-")[0]), event["version"])
    return {path: pair for path, pair in pairs.items() if not _is_same(path, *pair)}


def _is_same(path: str, said: Any, logged: Any) -> bool:
    if isinstance(logged, dict) and logged.keys() == {"sealed"}:
        return True
    if path.endswith("_at") and said and logged:
        return datetime.fromisoformat(said) == datetime.fromisoformat(logged)
    return bool(said == logged)


def _at(data: Mapping[str, Any], path: str) -> Any:
    """What stands at a path; empty where nothing does: the log leaves out what was not said."""
    found: Any = data
    for name in path.split("."):
        found = found.get(name, "") if found else ""
    return found


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
