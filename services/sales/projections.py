"""Facts -> rows of sales' read models."""

from collections.abc import Iterable
from typing import Any

from eventlog.projections import AppendItem, At, Change, Insert, Projection, Update
from facts.sales import (
    LeadLinked,
    OpportunityLost,
    OpportunityMoved,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityUpdated,
    OpportunityWon,
)
from services.columns import columns, mark, plain
from services.offers import offers

OPPORTUNITIES = Projection("opportunities", tables={"opportunities": ("tenant", "id")}, sources=("sales",))
OFFERS = offers("sales.opportunity")

_NOT_COLUMNS = frozenset({"opportunity_id", "opened_at", "row"})
_OPENED = tuple(name for name in OpportunityOpened.model_fields if name not in _NOT_COLUMNS)


@OPPORTUNITIES.on(OpportunityOpened)
def opened(fact: OpportunityOpened, at: At) -> Iterable[Change]:
    row = {"create_time": at.recorded_at, **mark(at), **columns(fact, _OPENED), "imported_row": fact.row}
    yield Insert("opportunities", {"tenant": at.tenant, "id": fact.opportunity_id, **row})


@OPPORTUNITIES.on(OpportunityUpdated)
def updated(fact: OpportunityUpdated, at: At) -> Iterable[Change]:
    imported = {"imported_row": fact.row} if fact.row else {}
    yield _opportunity(fact, at, **columns(fact, fact.fields), **imported)


@OPPORTUNITIES.on(OpportunityMoved)
def moved(fact: OpportunityMoved, at: At) -> Iterable[Change]:
    yield _opportunity(fact, at, stage=fact.stage)


@OPPORTUNITIES.on(OpportunityWon)
def won(fact: OpportunityWon, at: At) -> Iterable[Change]:
    amount = {"amount": plain(fact.amount)} if fact.amount else {}
    yield _opportunity(fact, at, state="WON", closed_at=fact.closed_at, **amount)


@OPPORTUNITIES.on(OpportunityLost)
def lost(fact: OpportunityLost, at: At) -> Iterable[Change]:
    yield _opportunity(fact, at, state="LOST", lost_reason=fact.reason, closed_at=fact.closed_at)


@OPPORTUNITIES.on(OpportunityReopened)
def reopened(fact: OpportunityReopened, at: At) -> Iterable[Change]:
    yield _opportunity(fact, at, state="OPEN", lost_reason="", closed_at=None)


@OPPORTUNITIES.on(LeadLinked)
def lead_linked(fact: LeadLinked, at: At) -> Iterable[Change]:
    yield _opportunity(fact, at, lead_ids=AppendItem(fact.lead_id))


def _opportunity(fact: Any, at: At, **columns: Any) -> Change:
    return Update("opportunities", {"tenant": at.tenant, "id": fact.opportunity_id}, {**mark(at), **columns})
