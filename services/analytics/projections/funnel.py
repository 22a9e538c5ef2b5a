"""Facts of marketing, contacts and sales -> the rows that the funnel is counted from."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from eventlog.projections import At, Change, Insert, Projection, Update
from facts.common import Money
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

FUNNEL = Projection(
    "funnel",
    tables={
        "funnel_leads": ("tenant", "id"),
        "funnel_opportunities": ("tenant", "id"),
        "funnel_links": ("tenant", "opportunity_id", "lead_id"),
    },
    sources=("marketing", "contacts", "sales"),
)


def month_of(at: datetime | None) -> str:
    """`2018-03`, in UTC."""
    return at.astimezone(UTC).isoformat()[:7] if at else ""


def money_columns(amount: Money | None) -> dict[str, Any]:
    return {"currency": amount.currency if amount else "", "amount": amount.amount if amount else None}


# ------------------------------------------------------------------------------------------------------- leads


@FUNNEL.on(LeadCaptured)
def captured(fact: LeadCaptured, at: At) -> Iterable[Change]:
    yield Insert(
        "funnel_leads",
        {
            "tenant": at.tenant,
            "id": fact.lead_id,
            "captured": True,
            "source": fact.source,
            "landing_page": fact.landing_page,
            "branch": fact.branch,
            "month": month_of(fact.captured_at),
        },
    )


@FUNNEL.on(LeadUpdated)
def lead_updated(fact: LeadUpdated, at: At) -> Iterable[Change]:
    columns: dict[str, Any] = {
        name: getattr(fact, name) for name in ("source", "landing_page", "branch") if name in fact.fields
    }
    if "captured_at" in fact.fields:
        columns["month"] = month_of(fact.captured_at)
    if columns:
        yield Update("funnel_leads", {"tenant": at.tenant, "id": fact.lead_id}, columns)


@FUNNEL.on(LeadQualified)
def qualified(fact: LeadQualified, at: At) -> Iterable[Change]:
    yield Insert("funnel_leads", {"tenant": at.tenant, "id": fact.lead_id, "qualified": True})


@FUNNEL.on(HandoffAccepted)
def accepted(fact: HandoffAccepted, at: At) -> Iterable[Change]:
    if fact.subject.kind == "lead":
        yield Insert("funnel_leads", {"tenant": at.tenant, "id": fact.subject.id, "accepted": True})


# ----------------------------------------------------------------------------------------------- opportunities


def opportunity(id: str, at: At, **columns: Any) -> Change:
    return Update("funnel_opportunities", {"tenant": at.tenant, "id": id}, columns)


def link(opportunity_id: str, lead_id: str, at: At, n: int) -> Change:
    row = {"tenant": at.tenant, "opportunity_id": opportunity_id, "lead_id": lead_id, "version": at.version, "n": n}
    return Insert("funnel_links", row)


@FUNNEL.on(OpportunityOpened)
def opened(fact: OpportunityOpened, at: At) -> Iterable[Change]:
    yield Insert(
        "funnel_opportunities",
        {
            "tenant": at.tenant,
            "id": fact.opportunity_id,
            "owner": fact.owner,
            "state": "OPEN",
            "opened_at": fact.opened_at,
            **money_columns(fact.amount),
        },
    )
    for n, lead_id in enumerate(fact.lead_ids):
        yield link(fact.opportunity_id, lead_id, at, n)


@FUNNEL.on(LeadLinked)
def lead_linked(fact: LeadLinked, at: At) -> Iterable[Change]:
    yield link(fact.opportunity_id, fact.lead_id, at, 0)


@FUNNEL.on(OpportunityUpdated)
def opportunity_updated(fact: OpportunityUpdated, at: At) -> Iterable[Change]:
    columns: dict[str, Any] = {"owner": fact.owner} if "owner" in fact.fields else {}
    if "amount" in fact.fields:
        columns.update(money_columns(fact.amount))
    if columns:
        yield opportunity(fact.opportunity_id, at, **columns)


@FUNNEL.on(OpportunityWon)
def won(fact: OpportunityWon, at: At) -> Iterable[Change]:
    amount = money_columns(fact.amount) if fact.amount else {}
    yield opportunity(fact.opportunity_id, at, state="WON", **amount)


@FUNNEL.on(OpportunityLost)
def lost(fact: OpportunityLost, at: At) -> Iterable[Change]:
    yield opportunity(fact.opportunity_id, at, state="LOST")


@FUNNEL.on(OpportunityReopened)
def reopened(fact: OpportunityReopened, at: At) -> Iterable[Change]:
    yield opportunity(fact.opportunity_id, at, state="OPEN")
