"""Handoffs under way: late ones, those whose lead was given up, and the promises that pass on with an acceptance."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from eventlog.following import command_of, origin_of
from eventlog.reactions import Due
from facts.common import Subject
from runtime.department import House
from services.contacts.domain import handoff_proof, handoff_verbs, interaction
from services.contacts.domain.handoff import ASKED, HANDOFF, OPEN, Handoff
from services.contacts.domain.interaction import CUSTOMER, INTERACTION
from services.contacts.handoff_queries import HandoffQueries
from services.contacts.reactions.offering import caught_up


class UnderWay:
    def __init__(self, house: House, queries: HandoffQueries) -> None:
        self._house = house
        self._queries = queries

    async def overdue(self, due: Due) -> None:
        """The deadline passed."""
        now = self._house.clock()
        await self._house.handler.handle(
            HANDOFF,
            due.args["handoff_id"],
            command_of(due),
            origin_of(due, self._house.name, due.args["branch"]),
            lambda state, _: handoff_proof.become_overdue(state, now),
        )

    async def withdraw(self, due: Due) -> None:
        """The lead was disqualified: each of its handoffs is withdrawn by itself. What is not offered yet is never
        offered: something about the lead may be parked, and what is given up waits for nothing."""
        reason = await self._queries.reason(due.tenant, due.args["stream"], due.args["version"])
        for id in await self._of_lead(due):
            await self._withdraw(due, id, reason)

    async def _withdraw(self, due: Due, id: str, reason: str) -> None:
        """What another department's fact asks for has nothing recorded of its own before it is offered."""
        asked = Handoff(id=id, state=ASKED, subject=Subject(kind="lead", id=due.args["lead_id"]))
        employee = due.args["employee"]
        await self._house.handler.handle(
            HANDOFF,
            id,
            command_of(due, id),
            origin_of(due, self._house.name, due.args["branch"]),
            lambda state, _: handoff_verbs.withdraw_with_lead(state if state.state else asked, reason, employee),
        )

    async def _of_lead(self, due: Due) -> Sequence[str]:
        """The handoff that the fact names, and every open one of its lead that was asked for before."""
        await caught_up(self._house)
        lead = ("lead", due.args["lead_id"])
        until = datetime.fromisoformat(due.args["until"])
        rows = await self._queries.under_way(due.tenant, lead, OPEN)
        found = [row["id"] for row in rows if row["create_time"] is not None and row["create_time"] <= until]
        return list(dict.fromkeys([*filter(None, [due.args["handoff_id"]]), *found]))

    async def pass_promises(self, due: Due) -> None:
        """Who took it over answers for what was promised before, but for what its makers keep."""
        args = due.args
        subject = args["subject"]
        rows = await self._queries.open_promises(due.tenant, subject["kind"], subject["id"], args["person_id"])
        stays = {CUSTOMER, args["owner"], args["accepted_by"]}
        for interaction_id, ids in _by_interaction(rows, stays, args["keep"]).items():
            await self._pass_on(due, interaction_id, ids)

    async def _pass_on(self, due: Due, interaction_id: str, ids: list[str]) -> None:
        owner, handoff_id = due.args["owner"], due.args["handoff_id"]
        await self._house.handler.handle(
            INTERACTION,
            interaction_id,
            command_of(due, interaction_id),
            origin_of(due, self._house.name, due.args["branch"]),
            lambda state, _: interaction.pass_on(state, ids, owner, handoff_id),
        )


def _by_interaction(rows: Any, stays: set[str], keep: list[str]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        if row["by"] not in stays and row["id"] not in keep:
            found.setdefault(row["interaction_id"], []).append(row["id"])
    return found
