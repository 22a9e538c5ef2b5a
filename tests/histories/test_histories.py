"""Every release reads what every earlier one wrote."""

import json
from base64 import b64decode
from collections import defaultdict
from datetime import datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any
from uuid import UUID

import pytest

import facts
from eventlog.codec import Codec, Recorded
from eventlog.events import CHAIN_START, Event, Position, Version, digest_of
from eventlog.keyring import MemoryKeyring
from facts.registry import REGISTRY
from services.contacts.domain.branch import BRANCH
from services.contacts.domain.claim import CLAIM
from services.contacts.domain.company import COMPANY
from services.contacts.domain.handoff import HANDOFF
from services.contacts.domain.handoff_kind import HANDOFF_KIND
from services.contacts.domain.interaction import INTERACTION
from services.contacts.domain.lead import LEAD_PERSON
from services.contacts.domain.person import PERSON
from services.marketing.domain.lead import LEAD
from services.sales.domain.opportunity import OPPORTUNITY
from tests.histories.record import FOLDER, MASTER

HISTORIES = sorted(FOLDER.glob("*.jsonl"))
DECIDERS = (BRANCH, CLAIM, COMPANY, HANDOFF, HANDOFF_KIND, INTERACTION, LEAD_PERSON, PERSON, LEAD, OPPORTUNITY)

for module in iter_modules(facts.__path__):
    import_module(f"facts.{module.name}")


def lines(history: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in history.read_text("utf-8").splitlines()]


def event(line: dict[str, Any]) -> Event:
    return Event(
        1,
        Position(line["position"]),
        line["tenant"],
        line["stream"],
        Version(line["version"]),
        UUID(line["id"]),
        line["type"],
        line["schema"],
        datetime.fromisoformat(line["recordedAt"]),
        line["metadata"].encode(),
        line["data"].encode(),
        bytes.fromhex(line["digest"]),
    )


def keyring(history: Path, tenant: str) -> MemoryKeyring:
    ring = MemoryKeyring(MASTER)
    for key_id, wrapped in json.loads(history.with_suffix(".keys.json").read_text("utf-8")).items():
        ring.put(tenant, MASTER.unwrap(tenant, key_id, b64decode(wrapped)))
    return ring


async def recorded(history: Path) -> list[tuple[dict[str, Any], Recorded]]:
    told = lines(history)
    codec = Codec(REGISTRY, keyring(history, told[0]["tenant"]))
    return [(line, await codec.decode(line["department"], event(line))) for line in told]


@pytest.mark.parametrize("history", HISTORIES, ids=lambda path: path.stem)
def test_the_chains_of_a_recorded_history_verify(history: Path) -> None:
    heads: dict[str, bytes] = defaultdict(lambda: CHAIN_START)
    for line in lines(history):
        heads[line["stream"]] = digest_of(heads[line["stream"]], event(line))
        assert heads[line["stream"]].hex() == line["digest"], f"{line['stream']} version {line['version']}"


@pytest.mark.parametrize("history", HISTORIES, ids=lambda path: path.stem)
async def test_every_recorded_fact_still_says_what_it_said(history: Path) -> None:
    for line, now in await recorded(history):
        if line["schema"] == now.fact.schema_version:
            assert now.fact.model_dump(mode="json", exclude_defaults=True) == line["fact"], line["type"]


@pytest.mark.parametrize("history", HISTORIES, ids=lambda path: path.stem)
async def test_every_recorded_stream_still_folds(history: Path) -> None:
    deciders = {decider.name: decider for decider in DECIDERS}
    states: dict[str, Any] = {}
    for line, now in await recorded(history):
        decider = deciders.get(line["stream"].partition("-")[0])
        if decider is not None:
            states[line["stream"]] = decider.evolve(states.get(line["stream"], decider.initial), now.fact)
    assert len(states) >= len(DECIDERS), f"only {sorted(states)} were folded"


def test_the_newest_history_tells_every_fact_that_there_is() -> None:
    told = {line["type"] for line in lines(HISTORIES[-1])}
    assert told == set(REGISTRY.facts)


def test_nothing_personal_stands_in_plain_text_in_a_history() -> None:
    for line in lines(HISTORIES[-1]):
        personal = REGISTRY.facts[line["type"]].personal
        data = json.loads(line["data"])
        for name in personal.keys() & data.keys():
            assert data[name].keys() == {"sealed"}, f"{line['type']}: {name}"
