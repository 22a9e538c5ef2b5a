"""An opportunity: what might be sold, to whom, how far that is, and how it ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, assert_never

from eventlog.decider import Decider, NotThere, Refused
from facts.common import Money
from facts.sales import (
    LeadLinked,
    OpportunityLost,
    OpportunityMoved,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityUpdated,
    OpportunityWon,
)
from facts.updates import changes, said
from services.sales.domain.pipeline import PIPELINES, pipeline

OpportunityFact = (
    OpportunityOpened
    | OpportunityUpdated
    | OpportunityMoved
    | OpportunityWon
    | OpportunityLost
    | OpportunityReopened
    | LeadLinked
)

#: What an update may change, and what each field is when it is cleared.
DEFAULTS = {
    name: info.get_default()
    for name, info in OpportunityUpdated.model_fields.items()
    if name not in ("opportunity_id", "fields", "row")
}
#: What an opportunity is opened with beside those.
OPENED_WITH = ("handoff_id", "lead_ids", "pipeline", "stage")


@dataclass(frozen=True, slots=True)
class Opportunity:
    """`imported` is what the row last imported said, `row` its digest."""

    id: str = ""
    handoff_id: str = ""
    external_id: str = ""
    title: str = ""
    lead_ids: tuple[str, ...] = ()
    person_id: str = ""
    company_id: str = ""
    branch: str = ""
    owner: str = ""
    pipeline: str = ""
    stage: str = ""
    amount: Money | None = None
    expected_close: date | None = None
    custom: Mapping[str, Any] = field(default_factory=dict)
    state: str = "OPEN"
    lost_reason: str = ""
    closed_at: datetime | None = None
    imported: Mapping[str, Any] = field(default_factory=dict)
    row: str = ""


def evolve(state: Opportunity, fact: OpportunityFact) -> Opportunity:
    match fact:
        case OpportunityOpened():
            values = {name: getattr(fact, name) for name in DEFAULTS}
            more = {name: getattr(fact, name) for name in OPENED_WITH}
            imported = said({}, values, DEFAULTS) if fact.row else {}
            return Opportunity(id=fact.opportunity_id, row=fact.row, imported=imported, **values, **more)
        case OpportunityUpdated():
            changed = {name: getattr(fact, name) for name in fact.fields}
            if not fact.row:
                return replace(state, **changed)
            return replace(state, **changed, imported=said(state.imported, changed, DEFAULTS), row=fact.row)
        case OpportunityMoved():
            return replace(state, stage=fact.stage)
        case OpportunityWon():
            return replace(state, state="WON", amount=fact.amount or state.amount, closed_at=fact.closed_at)
        case OpportunityLost():
            return replace(state, state="LOST", lost_reason=fact.reason, closed_at=fact.closed_at)
        case OpportunityReopened():
            return replace(state, state="OPEN", lost_reason="", closed_at=None)
        case LeadLinked():
            return replace(state, lead_ids=(*state.lead_ids, fact.lead_id))
        case _:
            assert_never(fact)


OPPORTUNITY = Decider("sales.opportunity", Opportunity(), evolve)


def open_opportunity(
    state: Opportunity, id: str, given: Mapping[str, Any], now: datetime, *, row: str = ""
) -> Sequence[OpportunityFact]:
    """`given` has fields of `OpportunityOpened`, as plain values or as the facts' own types."""
    if state.id:
        raise Refused("this opportunity is open already")
    way = _pipeline(given.get("pipeline", ""))
    values = {
        "opened_at": now,
        **given,
        "lead_ids": _each_once(given.get("lead_ids", ())),
        "pipeline": way,
        "stage": PIPELINES[way].stage(given.get("stage", ""), "opportunity.stage"),
    }
    opened = OpportunityOpened.model_validate({**values, "opportunity_id": id, "row": row})
    _must_be_worth(opened.amount, "opportunity.amount")
    return [opened]


def update(state: Opportunity, given: Mapping[str, Any]) -> Sequence[OpportunityFact]:
    """Change what differs of plain values; None clears a field. More leads are linked, another stage is a move."""
    must_exist(state)
    if "pipeline" in given and _pipeline(given["pipeline"]) != state.pipeline:
        raise Refused("an opportunity stays in its pipeline", field="opportunity.pipeline")
    facts: list[OpportunityFact] = [*change(state, typed(given))]
    if "stage" in given and PIPELINES[state.pipeline].stage(given["stage"], "opportunity.stage") != state.stage:
        facts += move(state, given["stage"])
    if "lead_ids" in given:
        facts += _link(state, given["lead_ids"])
    return facts


def change(state: Opportunity, values: Mapping[str, Any], *, row: str = "") -> Sequence[OpportunityFact]:
    """Change what differs, given as the facts' own types; None clears. An imported row is remembered in any case."""
    wanted = {name: DEFAULTS[name] if value is None else value for name, value in values.items()}
    changed = changes(state, wanted, always=wanted if row else ())
    if not changed and not row:
        return []
    return [OpportunityUpdated(opportunity_id=state.id, fields=tuple(changed), row=row, **changed)]


def typed(given: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values of a request as the facts' own types."""
    asked = {name: value for name, value in given.items() if name in DEFAULTS}
    told = {name: value for name, value in asked.items() if value is not None}
    values = OpportunityUpdated.model_validate({"opportunity_id": "", "fields": (), **told})
    _must_be_worth(values.amount, "opportunity.amount")
    return {name: getattr(values, name) for name in asked}


def move(state: Opportunity, stage: str) -> Sequence[OpportunityFact]:
    must_exist(state)
    _must_be_open(state, "moved")
    wanted = PIPELINES[state.pipeline].stage(stage, "stage")
    if wanted == state.stage:
        return []
    return [OpportunityMoved(opportunity_id=state.id, stage=wanted)]


def win(
    state: Opportunity, amount: Money | None, closed_at: datetime, *, field: str = "amount"
) -> Sequence[OpportunityFact]:
    """Without an amount, the one that was expected is won. `field` is where the amount stands in the request."""
    must_exist(state)
    _must_be_open(state, "won")
    _must_be_worth(amount, field)
    return [OpportunityWon(opportunity_id=state.id, amount=amount or state.amount, closed_at=closed_at)]


def lose(state: Opportunity, reason: str, closed_at: datetime) -> Sequence[OpportunityFact]:
    must_exist(state)
    _must_be_open(state, "lost")
    return [OpportunityLost(opportunity_id=state.id, reason=reason, closed_at=closed_at)]


def reopen(state: Opportunity, note: str) -> Sequence[OpportunityFact]:
    must_exist(state)
    if state.state == "OPEN":
        raise Refused("this opportunity is open: only a won or lost one is reopened")
    return [OpportunityReopened(opportunity_id=state.id, note=note)]


def link_lead(state: Opportunity, lead_id: str, handoff_id: str = "") -> Sequence[OpportunityFact]:
    """One more lead; `handoff_id` where an accepted handoff brought it."""
    must_exist(state)
    if lead_id in state.lead_ids:
        return []
    return [LeadLinked(opportunity_id=state.id, lead_id=lead_id, handoff_id=handoff_id)]


def must_exist(state: Opportunity) -> None:
    """Raises `NotThere`."""
    if not state.id:
        raise NotThere("there is no such opportunity")


def _link(state: Opportunity, lead_ids: Sequence[str]) -> Sequence[OpportunityFact]:
    missing = next((lead_id for lead_id in state.lead_ids if lead_id not in lead_ids), "")
    if missing:
        raise Refused(f"lead {missing} is linked, which is never undone", field="opportunity.lead_ids")
    return [fact for lead_id in _each_once(lead_ids) for fact in link_lead(state, lead_id)]


def _each_once(ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(id for id in ids if id))


def _must_be_open(state: Opportunity, verb: str) -> None:
    if state.state != "OPEN":
        raise Refused(f"this opportunity is {state.state}: only an open one can be {verb}")


def _must_be_worth(amount: Money | None, field: str) -> None:
    if amount is not None and amount.amount < 0:
        raise Refused("what is sold is worth nothing or more", field=f"{field}.amount")


def _pipeline(id: str) -> str:
    try:
        return pipeline(id).id
    except NotThere as missing:
        raise Refused(str(missing), field="opportunity.pipeline") from missing
