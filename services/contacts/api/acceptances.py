"""Answers `Acceptances`: who accepted which handoff, told by another system."""

import asyncio
from typing import Any
from uuid import UUID

from baton.common.v1 import imports_pb2
from baton.contacts.v1 import acceptances_pb2 as pb

from eventlog.decider import Refused
from eventlog.store import Command
from runtime.call import Call
from runtime.department import House
from runtime.imports import imported_id
from runtime.messages import values
from runtime.moments import happened
from runtime.rpc import origin
from services.contacts.common.hearing import up_to_date
from services.contacts.domain import handoff_verbs
from services.contacts.domain.handoff import ASKED, DISCREPANT, HANDOFF, OFFERED, Handoff
from services.contacts.handoff_queries import HandoffQueries, Of, Snapshot

Outcome = imports_pb2.ImportResult.Outcome

#: Handoffs that are on their way to where they can be accepted; "" is not heard of yet.
_ON_THEIR_WAY = ("", ASKED, OFFERED, DISCREPANT)
_NOTHING = Snapshot({}, {})


class Acceptances:
    def __init__(self, house: House, queries: HandoffQueries) -> None:
        self._house = house
        self._queries = queries

    async def ImportAcceptances(self, request: pb.ImportAcceptancesRequest, call: Call) -> pb.ImportAcceptancesResponse:
        """What concerns the subjects is looked up once, and only for those that can be accepted: an import that waits
        for deliveries asks often."""
        there = await asyncio.gather(*(self._state(row, call) for row in request.rows))
        ready = [row for row, state in zip(request.rows, there, strict=True) if state.state not in _ON_THEIR_WAY]
        snapshot = _NOTHING
        if ready:
            await up_to_date(self._house)
            snapshot = await self._queries.snapshot(
                Of(call.identity.tenant, row.acceptance.handoff_id) for row in ready
            )
        taking = (self._take(row, state, call, snapshot) for row, state in zip(request.rows, there, strict=True))
        return pb.ImportAcceptancesResponse(results=await asyncio.gather(*taking))

    async def _state(self, row: pb.AcceptanceRow, call: Call) -> Handoff:
        return (await self._house.handler.load(HANDOFF, call.identity.tenant, row.acceptance.handoff_id)).state

    async def _take(
        self, row: pb.AcceptanceRow, there: Handoff, call: Call, snapshot: Snapshot
    ) -> imports_pb2.ImportResult:
        asked = row.acceptance
        if there.state in _ON_THEIR_WAY:
            return _result(row, Outcome.NOT_YET, detail="the handoff is not delivered yet")
        if Of(call.identity.tenant, asked.handoff_id) in snapshot.ahead:
            return _result(row, Outcome.NOT_YET, detail="what concerns its subject is still coming in")
        try:
            by = self._acceptance(row, call, snapshot)
            if _is_the_same(there, by, given=asked.HasField("accepted_at")):
                return _result(row, Outcome.UNCHANGED)
            handled = await self._house.handler.handle(
                HANDOFF,
                asked.handoff_id,
                self._command(row, call),
                origin(call, row.employee),
                lambda state, _: handoff_verbs.accept(state, by),
            )
        except Refused as no:
            return _result(row, Outcome.REJECTED, detail=str(no), field=no.field or "acceptance")
        return _result(row, Outcome.UNCHANGED if handled.replayed else Outcome.CREATED)

    def _acceptance(self, row: pb.AcceptanceRow, call: Call, snapshot: Snapshot) -> handoff_verbs.Acceptance:
        given, now = values(row.acceptance, at="acceptance"), self._house.clock()
        at = Of(call.identity.tenant, row.acceptance.handoff_id)
        return handoff_verbs.Acceptance(
            owner=given.get("owner") or row.employee,
            accepted_by=row.employee,
            accepted_at=happened(given.get("accepted_at"), now, "acceptance.accepted_at") or now,
            basis=snapshot.basis,
            concerning=snapshot.concerning.get(at, ()),
            withheld=snapshot.withheld.get(at, ()),
            person_id=snapshot.rows[at]["known_person_id"] if at in snapshot.rows else "",
        )

    def _command(self, row: pb.AcceptanceRow, call: Call) -> Command:
        """The same for the same row for ever."""
        tenant, said = call.identity.tenant, f"{row.acceptance.handoff_id}:{row.digest}"
        id = UUID(imported_id(tenant, "acceptance", said))
        return Command(id, self._house.keyring.hmac(tenant, "import", said.encode()))


def _is_the_same(there: Handoff, by: handoff_verbs.Acceptance, *, given: bool) -> bool:
    """Accepted as this row says, whatever else the row says now."""
    same_time = not given or there.accepted_at == by.accepted_at
    return there.accepted_by == by.accepted_by and there.owner == by.owner and same_time


def _result(row: pb.AcceptanceRow, outcome: Any, *, detail: str = "", field: str = "") -> imports_pb2.ImportResult:
    id = row.acceptance.handoff_id
    return imports_pb2.ImportResult(line=row.line, outcome=outcome, id=id, handoff_id=id, field=field, detail=detail)
