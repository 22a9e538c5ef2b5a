"""What sales does because contacts told it something: a handoff that sales accepted opens an opportunity, or links its
lead to one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from eventlog.decider import NotThere
from eventlog.following import command_of, origin_of
from eventlog.handling import Handler
from eventlog.projections import At
from eventlog.reactions import Due, NotYet, Reactions, Todo
from facts.contacts import HandoffAccepted
from services.sales.domain.opportunity import (
    OPPORTUNITY,
    Opportunity,
    OpportunityFact,
    link_lead,
    must_exist,
    open_opportunity,
)

TAKE_OVER = "take-over"
#: How soon to look again for an opportunity that was named and is not there.
LOOK_AGAIN_S = 5.0


@dataclass(frozen=True)
class TakingOver:
    handler: Handler

    async def take_over(self, due: Due) -> None:
        """Open the opportunity, or link the lead to the one that was named when the handoff was accepted."""
        told = due.args
        try:
            await self.handler.handle(
                OPPORTUNITY,
                told["opportunity_id"],
                command_of(due),
                origin_of(due, "sales", told["branch"], told["accepted_by"]),
                lambda state, _: take_over(state, told),
            )
        except NotThere as missing:
            raise NotYet(str(missing), LOOK_AGAIN_S) from missing


def take_over(state: Opportunity, told: Mapping[str, Any]) -> Sequence[OpportunityFact]:
    """`told` is what the todo of an accepted handoff says."""
    if told["opens"] and not state.id:
        given = {name: told[name] for name in ("handoff_id", "lead_ids", "person_id", "company_id", "branch", "owner")}
        return open_opportunity(state, told["opportunity_id"], given, datetime.fromisoformat(told["accepted_at"]))
    must_exist(state)
    return [fact for lead_id in told["lead_ids"] for fact in link_lead(state, lead_id, told["handoff_id"])]


def reactions(taking_over: TakingOver) -> Reactions:
    found = Reactions("sales", sources=("contacts",))

    @found.on(HandoffAccepted)
    def accepted(fact: HandoffAccepted, at: At) -> Iterable[Todo]:
        if fact.to_department == "sales" and fact.opportunity_id:
            yield Todo(TAKE_OVER, told(fact))

    found.does(TAKE_OVER, taking_over.take_over)
    return found


def told(fact: HandoffAccepted) -> Mapping[str, Any]:
    """What an accepted handoff says of the opportunity, as JSON values; nothing of it is personal."""
    subject = fact.subject
    return {
        "opportunity_id": fact.opportunity_id,
        "opens": fact.opens,
        "handoff_id": fact.handoff_id,
        "lead_ids": [subject.id] if subject.kind == "lead" else [],
        "person_id": fact.person_id or (subject.id if subject.kind == "person" else ""),
        "company_id": fact.company_id or (subject.id if subject.kind == "company" else ""),
        "branch": fact.to_branch,
        "owner": fact.owner,
        "accepted_by": fact.accepted_by,
        "accepted_at": fact.accepted_at.isoformat(),
    }
