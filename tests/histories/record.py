"""Records the history of a release: one example of every fact that it can tell, as the log keeps them.

    python -m tests.histories.record 0.1.0

A recorded history is never written again: it stands for the logs of people who run that release.
"""

import asyncio
import json
import sys
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from eventlog.codec import Codec, Origin
from eventlog.events import Event, Position
from eventlog.keyring import DataKey, MasterKey, MemoryKeyring
from eventlog.memory import MemoryStore
from eventlog.store import ANY, Append, Command, StreamWrite
from facts.registry import REGISTRY, Fact
from tests.support.examples import MARKETING, SALES
from tests.support.examples_contacts import EXAMPLES as CONTACTS
from tests.support.examples_handoffs import HANDOFFS

FOLDER = Path(__file__).parent
#: No secret: it opens recorded examples of people who do not exist.
MASTER = MasterKey(bytes(range(64)))
TENANT = "ceramics"
NAMESPACE = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
#: Streams by the field that names their record, the first that a fact has.
RECORDS = {
    "marketing": {"lead_id": "lead"},
    "sales": {"opportunity_id": "opportunity"},
    "contacts": {
        "kind": "handoffkind",
        "promise_id": "interaction",
        "interaction_id": "interaction",
        "lead_id": "lead",
        "handoff_id": "handoff",
        "person_id": "person",
        "company_id": "company",
        "branch_id": "branch",
    },
}


class RecordingKeyring(MemoryKeyring):
    """Keeps the wrapped form of every key that it makes."""

    def __init__(self) -> None:
        super().__init__(MASTER)
        self.wrapped: dict[str, str] = {}

    async def fresh(self, tenant: str) -> DataKey:
        key, wrapped = MASTER.make(tenant)
        self.wrapped[key.id] = b64encode(wrapped).decode()
        self.put(tenant, key)
        return key


def stream_of(fact: Fact) -> str:
    """The stream that a fact would stand in."""
    department = fact.name.partition(".")[0]
    if fact.name.endswith(".handoff-received"):
        return f"{department}.receipt-{fact.handoff_id}"  # type: ignore[attr-defined]
    if fact.name.startswith(("contacts.identifier-", "contacts.handoff-claimed")):
        return f"contacts.claim-{'5e' * 32}"
    if department == "operations":
        return "contacts.discarded"
    named = _kind(fact) if fact.name.startswith("contacts.handoff-") else RECORDS[department]
    field, kind = next((field, kind) for field, kind in named.items() if hasattr(fact, field))
    record = "lead-to-sales" if kind == "handoffkind" else getattr(fact, field)
    return f"{department}.{kind}-{record}"


def _kind(fact: Fact) -> dict[str, str]:
    return {"kind": "handoffkind"} if fact.name == "contacts.handoff-kind-defined" else {"handoff_id": "handoff"}


async def record(facts: Sequence[Fact]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Lines of a history, and the wrapped keys that open it."""
    keyring = RecordingKeyring()
    codec, clock = Codec(REGISTRY, keyring), _clock()
    stores = {name: MemoryStore(name, clock=clock) for name in ("marketing", "sales", "contacts")}
    keys: dict[str, DataKey | None] = {}
    for n, fact in enumerate(facts):
        stream, command = stream_of(fact), Command(uuid5(NAMESPACE, str(n)), bytes(32))
        origin = Origin(TENANT, "london", "emma.clarke", "emma.clarke", correlation_id="spring")
        events, keys[stream] = await codec.encode([fact], origin, command.id, 0, keys.get(stream))
        store = stores[stream.partition(".")[0]]
        await store.append(Append(TENANT, command, [StreamWrite(stream, ANY, events)]))
    lines = []
    for name, store in stores.items():
        page = await store.read_all(Position(0), 10_000)
        lines += [await _line(codec, name, event) for event in page.events]
    return lines, keyring.wrapped


async def _line(codec: Codec, department: str, event: Event) -> dict[str, Any]:
    recorded = await codec.decode(department, event)
    return {
        "department": department,
        "position": event.position,
        "tenant": event.tenant,
        "stream": event.stream,
        "version": event.version,
        "id": str(event.id),
        "type": event.type,
        "schema": event.schema,
        "recordedAt": event.recorded_at.isoformat(),
        "metadata": event.metadata.decode(),
        "data": event.data.decode(),
        "digest": event.digest.hex(),
        "fact": recorded.fact.model_dump(mode="json", exclude_defaults=True),
    }


def _clock() -> Any:
    ticks = iter(range(1_000_000))
    return lambda: datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=next(ticks))


def main(release: str) -> None:
    path = FOLDER / f"{release}.jsonl"
    if path.exists():
        raise SystemExit(f"{path.name} is recorded already, and never again")
    lines, keys = asyncio.run(record([*MARKETING, *SALES, *CONTACTS, *HANDOFFS]))
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    path.with_suffix(".keys.json").write_text(json.dumps(keys, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
