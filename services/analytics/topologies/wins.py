"""Which leads became a deal that is won, and since when. A touch after that won nobody any more."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from eventlog.codec import Recorded
from eventlog.events import StreamKey
from eventlog.topologies import Topology
from facts.analytics import Derived, LeadWon
from facts.registry import Value
from facts.sales import LeadLinked, OpportunityLost, OpportunityOpened, OpportunityReopened, OpportunityWon


class Deal(Value):
    """An opportunity: its leads, and since when it is won."""

    lead_ids: tuple[str, ...] = ()
    won_at: datetime | None = None


def process(key: StreamKey, state: Deal, heard: Recorded) -> tuple[Deal, Sequence[Derived]]:
    match heard.fact:
        case OpportunityOpened() as fact:
            return Deal(lead_ids=fact.lead_ids), ()
        case LeadLinked() as fact:
            linked = state.model_copy(update={"lead_ids": (*state.lead_ids, fact.lead_id)})
            return linked, _won(fact.opportunity_id, [fact.lead_id], state.won_at) if state.won_at else ()
        case OpportunityWon() as fact:
            won = state.model_copy(update={"won_at": fact.closed_at})
            return won, _won(fact.opportunity_id, state.lead_ids, fact.closed_at)
        case OpportunityLost() | OpportunityReopened() as fact:
            if state.won_at is None:
                return state, ()
            return state.model_copy(update={"won_at": None}), _won(fact.opportunity_id, state.lead_ids, None)
        case other:
            raise TypeError(f"no topology of wins for {type(other).__name__}")


def _won(opportunity_id: str, lead_ids: Iterable[str], at: datetime | None) -> Sequence[Derived]:
    return [LeadWon(lead_id=id, opportunity_id=opportunity_id, won_at=at) for id in lead_ids]


WINS = Topology(
    "wins",
    facts=(OpportunityOpened, LeadLinked, OpportunityWon, OpportunityLost, OpportunityReopened),
    start=Deal(),
    process=process,
)
