"""The funnel is what a plain fold of the logs comes to, whatever happened; the seed replays it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from baton.analytics.v1 import funnel_pb2

from facts.common import HandoffAsk, Money, Subject
from facts.contacts import HandoffAccepted
from facts.marketing import LeadCaptured, LeadQualified, LeadUpdated
from facts.sales import (
    LeadLinked,
    OpportunityLost,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityUpdated,
    OpportunityWon,
)
from services.analytics.queries import conversion
from tests.contract.analytics.hearing import heard_everything
from tests.support.house import Town

START = datetime(2018, 1, 1, tzinfo=UTC)
LEADS, DEALS = 40, 30
SOURCES, BRANCHES, OWNERS = ("web", "fair", ""), ("london", "leeds"), ("oliver", "priya", "")


@dataclass
class Deal:
    """An opportunity as its facts left it; `leads` in the order in which they were linked."""

    id: str
    owner: str
    opened_at: datetime
    leads: list[str]
    state: str = "OPEN"
    amount: Money | None = None


@dataclass
class Fold:
    """What the facts come to, by a fold that shares nothing with the projection."""

    leads: dict[str, dict[str, Any]] = field(default_factory=dict)
    deals: dict[str, Deal] = field(default_factory=dict)

    def add(self, fact: Any) -> None:
        match fact:
            case LeadCaptured():
                self.leads[fact.lead_id] = {
                    "source": fact.source, "branch": fact.branch, "landingPage": fact.landing_page,
                    "month": f"{fact.captured_at:%Y-%m}", "qualified": False, "accepted": False,
                }  # fmt: skip
            case LeadUpdated():
                self.leads[fact.lead_id].update({name: getattr(fact, name) for name in fact.fields})
            case LeadQualified():
                self.leads[fact.lead_id]["qualified"] = True
            case HandoffAccepted():
                self.leads[fact.subject.id]["accepted"] = True
            case OpportunityOpened():
                deal = Deal(fact.opportunity_id, fact.owner, fact.opened_at, list(fact.lead_ids), amount=fact.amount)
                self.deals[deal.id] = deal
            case LeadLinked():
                self.deals[fact.opportunity_id].leads.append(fact.lead_id)
            case OpportunityUpdated():
                self.deals[fact.opportunity_id].owner = fact.owner
            case OpportunityWon():
                deal = self.deals[fact.opportunity_id]
                deal.state, deal.amount = "WON", fact.amount or deal.amount
            case OpportunityLost():
                self.deals[fact.opportunity_id].state = "LOST"
            case OpportunityReopened():
                self.deals[fact.opportunity_id].state = "OPEN"

    def of(self, lead: str) -> list[Deal]:
        return [deal for deal in self.deals.values() if lead in deal.leads]

    def rows(self, group_by: str) -> list[tuple[Any, ...]]:
        groups: dict[str, list[str]] = {}
        for id, lead in self.leads.items():
            owners = {deal.owner for deal in self.of(id)} or {""}
            for key in owners if group_by == "owner" else {lead[group_by]}:
                groups.setdefault(key, []).append(id)
        return [self.row(key, ids, group_by) for key, ids in sorted(groups.items())]

    def row(self, key: str, ids: list[str], group_by: str) -> tuple[Any, ...]:
        deals = [deal for deal in self.deals.values() if group_by != "owner" or deal.owner == key]
        states = [{deal.state for deal in deals if id in deal.leads} for id in ids]
        won = sum("WON" in each for each in states)
        revenue: dict[str, Decimal] = {}
        for deal in deals:
            if deal.state == "WON" and deal.amount and deal.leads and deal.leads[0] in ids:
                revenue[deal.amount.currency] = revenue.get(deal.amount.currency, Decimal(0)) + deal.amount.amount
        return (
            key, len(ids),
            sum(self.leads[id]["qualified"] for id in ids), sum(self.leads[id]["accepted"] for id in ids),
            sum(bool(each) for each in states), won, sum(each == {"LOST"} for each in states),
            conversion(won, len(ids)), sorted(revenue.items()),
        )  # fmt: skip


def history(random: Random) -> Iterator[tuple[str, Any]]:
    """Facts and their streams, in an order in which they can have happened."""
    leads = [f"l{n}" for n in range(LEADS)]
    for n, id in enumerate(leads):
        yield from lead_facts(random, id, START + timedelta(days=3 * n))
    for n in range(DEALS):
        chosen = random.sample(leads, random.randint(1, 3))
        yield from deal_facts(random, f"d{n}", chosen)


def lead_facts(random: Random, id: str, at: datetime) -> Iterator[tuple[str, Any]]:
    stream = f"marketing.lead-{id}"
    yield (
        stream,
        LeadCaptured(lead_id=id, source=random.choice(SOURCES), branch=random.choice(BRANCHES), captured_at=at),
    )
    if random.random() < 0.6:
        ask = HandoffAsk(
            handoff_id=f"h{id}", kind="lead-to-sales", to_department="sales", from_branch="", to_branch="", asked_at=at
        )
        yield stream, LeadQualified(lead_id=id, qualified_at=at, ask=ask)
        if random.random() < 0.6:
            yield f"contacts.handoff-{id}", acceptance(id, at)
    if random.random() < 0.3:
        yield stream, LeadUpdated(lead_id=id, fields=("source", "branch"), source="corrected", branch="york")


def acceptance(lead_id: str, at: datetime) -> HandoffAccepted:
    return HandoffAccepted(
        handoff_id=f"h{lead_id}", kind="lead-to-sales", to_department="sales", subject=Subject(kind="lead", id=lead_id),
        to_branch="", owner="", opportunity_id="", opens=True, accepted_by="", accepted_at=at, basis={}, closing=(),
    )  # fmt: skip


def deal_facts(random: Random, id: str, leads: list[str]) -> Iterator[tuple[str, Any]]:
    stream, at = f"sales.opportunity-{id}", START + timedelta(days=random.randint(0, 90))
    stage: dict[str, Any] = {"branch": "london", "pipeline": "default", "stage": "new", "opened_at": at}
    yield stream, OpportunityOpened(opportunity_id=id, lead_ids=(leads[0],), owner=random.choice(OWNERS), **stage)
    for lead in leads[1:]:
        yield stream, LeadLinked(opportunity_id=id, lead_id=lead)
    for _ in range(random.randint(0, 4)):
        money = Money(currency=random.choice(("EUR", "BRL")), amount=Decimal(random.randint(0, 99_999)) / 100)
        yield stream, random.choice((
            OpportunityWon(opportunity_id=id, amount=random.choice((money, None)), closed_at=at),
            OpportunityLost(opportunity_id=id, reason="price", closed_at=at),
            OpportunityReopened(opportunity_id=id),
            OpportunityUpdated(opportunity_id=id, fields=("owner",), owner=random.choice(OWNERS)),
        ))  # fmt: skip


def shown(row: funnel_pb2.FunnelRow) -> tuple[Any, ...]:
    revenue = [(money.currency, Decimal(money.amount)) for money in row.revenue]
    counts = (row.leads, row.qualified, row.accepted, row.opportunities, row.won, row.lost)
    return row.key, *counts, row.conversion, revenue


@pytest.mark.parametrize("seed", range(3))
async def test_the_funnel_is_a_fold_of_the_logs(town: Town, seed: int) -> None:
    fold = Fold()
    for stream, fact in history(Random(seed)):
        fold.add(fact)
        await town.tell(f"{stream}-{town.tenant}", fact)
    await heard_everything(town)
    desk = town.desk("ana", "analyst", package="analytics")
    for group_by in ("source", "branch", "owner", "month", "landingPage"):
        answer = await desk.ask("Funnels/GetFunnel", funnel_pb2.GetFunnelRequest(group_by=group_by))
        assert [shown(row) for row in answer.rows] == fold.rows(group_by), f"{group_by}, seed {seed}"
