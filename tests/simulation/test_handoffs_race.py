"""Marketers, sellers and Baton at it at once: whatever comes in between, the independent audit finds nothing.

What everybody does and when comes from one seed, which is printed; `SEED=` repeats it.
"""

import asyncio
import os
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from baton.contacts.v1 import handoffs_pb2 as pb
from baton.marketing.v1 import leads_pb2

from eventlog.events import Place, Position
from eventlog.feed import Feed
from runtime.errors import BEHIND, FORBIDDEN, NOT_FOUND, REFUSED, RpcError
from runtime.house import Hears, as_told
from runtime.log_service import logged
from tests.support.faulty_feed import Faults, FaultyFeed
from tests.support.handoffs import Handover
from tests.support.house import Town, eventually, open_town
from tests.support.parted_feed import PartedFeed
from tests.support.postgres import TestServer
from tools.audit.audit import Audit

DEPARTMENTS = ("contacts", "marketing", "sales")
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(10**6)))
#: What a rule of the business, or the other side's quicker hand, may answer; or a view that is not there in time.
REFUSALS = (FORBIDDEN, NOT_FOUND, REFUSED, BEHIND)


@dataclass
class Life:
    """A lead, from its first call on: what happens to it is drawn from the seed."""

    handover: Handover
    random: random.Random
    lead_id: str = ""
    handoff_id: str = ""

    async def lived(self) -> None:
        known = {"email": f"customer{self.random.randrange(8)}@example.com"} if self.random.random() < 0.7 else None
        self.lead_id = (await self.handover.lead(person=known)).id
        self.handoff_id = await self.handover.qualify(self.lead_id)
        for _ in range(self.random.randrange(12)):
            await asyncio.sleep(self.random.random() * 0.05)
            await self.something()

    async def something(self) -> None:
        happens = self.random.choice((self.accepted, self.asked, self.returned, self.called, self.touched,
                                      self.disqualified, self.qualified, self.withdrawn, self.handed_back))  # fmt: skip
        try:
            await happens()
        except RpcError as refusal:
            if refusal.kind not in REFUSALS:
                raise

    async def accepted(self) -> None:
        await self.handover.accept(self.handoff_id)

    async def asked(self) -> None:
        await self.by_oliver("Ask", question="Which colour?")

    async def returned(self) -> None:
        await self.by_oliver("Return", reason="No budget")

    async def handed_back(self) -> None:
        await self.by_oliver("HandBack", reason="Moved away")

    async def called(self) -> None:
        await self.handover.call(self.handover.mia_at_contacts, lead_id=self.lead_id)

    async def touched(self) -> None:
        await self.handover.mia.ask("Leads/TouchLead", leads_pb2.TouchLeadRequest(id=self.lead_id, channel="display"))

    async def disqualified(self) -> None:
        request = leads_pb2.DisqualifyLeadRequest(id=self.lead_id, reason="Seeks a job")
        await self.handover.mia.ask("Leads/DisqualifyLead", request)

    async def qualified(self) -> None:
        self.handoff_id = await self.handover.qualify(self.lead_id)

    async def withdrawn(self) -> None:
        request = pb.WithdrawHandoffRequest(id=self.handoff_id, reason="By mistake")
        await self.handover.mia_at_contacts.ask("Handoffs/WithdrawHandoff", request)

    async def by_oliver(self, verb: str, **given: Any) -> None:
        request = getattr(pb, f"{verb}HandoffRequest")(id=self.handoff_id, **given)
        await self.handover.oliver.ask(f"Handoffs/{verb}Handoff", request)


@dataclass
class Logs:
    """The departments' logs, as the audit reads them."""

    events: dict[str, Sequence[Any]]

    @classmethod
    async def of(cls, town: Town) -> "Logs":
        events: dict[str, Sequence[Any]] = {}
        for name in DEPARTMENTS:
            page = await town.houses.running[name].house.store.read_all(Position(0), 1_000_000)
            events[name] = [logged(event) for event in page.events]
        return cls(events)

    def pages(self, department: str, after: int) -> Iterator[Sequence[Any]]:
        yield [event for event in self.events[department] if event.position > after]


async def undone(town: Town) -> list[str]:
    """What is still to be heard or done. What was heard is looked at before what is to be done about it; and nobody
    may have recorded anything meanwhile."""
    left, before = [], await heads(town)
    for name, running in town.houses.running.items():
        for source, head in before.items():
            heard = running.projector.checkpoint(source)
            left += [f"{name} heard {source} up to {heard} of {head}"] if heard != head else []
        todos = await running.house.views.fetchval("SELECT count(*) FROM todos WHERE due IS NULL")
        left += [f"{name} has {todos} todos"] if todos else []
        left += [
            f"{name} parked {row['stream']}" for row in await running.house.views.fetch("SELECT stream FROM parked")
        ]
    return left or [f"{name} went on" for name, head in (await heads(town)).items() if head != before[name]]


async def heads(town: Town) -> dict[str, Place]:
    return {name: await running.house.store.head() for name, running in town.houses.running.items()}


def spoiled(department: str, feed: Feed) -> Feed:
    """What a department hears of another: one fact in six comes late, twice, in another order, changed, or never."""
    if department == feed.department:
        return feed
    faults = Faults(drop=0.03, repeat=0.03, reorder=0.03, delay=0.03, flip=0.03)
    return FaultyFeed(feed, faults, SEED)


def in_parts(department: str, feed: Feed) -> Feed:
    """Each department hears the others' facts in parts, some earlier than those before them."""
    return feed if department == feed.department else PartedFeed(feed.in_log_order(), late_s=1.0, seed=SEED)


@pytest.mark.parametrize("hears", [as_told, spoiled, in_parts])
async def test_nothing_is_lost_whatever_comes_in_between(
    own_postgres: TestServer, tmp_path: Path, hears: Hears
) -> None:
    print(f"SEED={SEED}")
    async with open_town(own_postgres.dsn("postgres"), tmp_path, list(DEPARTMENTS), hears=hears) as town:
        lives = [Life(Handover(town), random.Random(SEED + n)) for n in range(60)]
        await asyncio.gather(*(life.lived() for life in lives))
        await eventually(lambda: undone(town), lambda left: not left)

        # Long after: whoever was going to act has acted, so that nothing counts as being on its way.
        report = Audit(await Logs.of(town), DEPARTMENTS, clock=lambda: time.time() + 100).report()

        assert (report.findings, report.logs) == ([], []), f"seed {SEED}"
        (counts,) = report.pairs.values()
        assert counts["offered"] <= counts["asked"] <= counts["offered"] + counts["withdrawn"]
        assert counts["asked"] >= len(lives)
