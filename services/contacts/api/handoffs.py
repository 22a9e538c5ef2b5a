"""Answers `Handoffs`."""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from uuid import uuid5

from baton.contacts.v1 import handoffs_pb2 as pb

from eventlog.decider import Refused
from eventlog.errors import Behind, Conflict
from eventlog.events import Version, event_id
from eventlog.handling import ATTEMPTS_MAX, FactId, Handled
from runtime.call import Call
from runtime.department import House
from runtime.messages import patched, values
from runtime.moments import happened
from runtime.rpc import answered, origin
from runtime.scope import not_there
from services.contacts.api.handoff_access import asking_side, receiving_side, seen_by
from services.contacts.api.handoff_asking import Asking
from services.contacts.api.handoff_reading import HandoffReader
from services.contacts.api.naming import Naming
from services.contacts.common.hearing import up_to_date
from services.contacts.common.terms import Terms
from services.contacts.domain import handoff_verbs
from services.contacts.domain.handoff import ASKED, HANDOFF, Handoff, HandoffFact
from services.contacts.handoff_queries import HandoffQueries, Of
from services.contacts.queries import Row

Decide = Callable[[Handoff, FactId], Sequence[HandoffFact]]
Side = Callable[[Handoff, Call], None]


class _Elsewhere(Exception):
    """The handoff went to another branch since its deadline was worked out: each has working hours of its own."""


class Handoffs:
    """Decisions of people. Who may make them is judged with the decision itself."""

    def __init__(
        self, house: House, queries: HandoffQueries, reader: HandoffReader, naming: Naming, asking: Asking
    ) -> None:
        self._house = house
        self._queries = queries
        self._reader = reader
        self._naming = naming
        self._asking = asking

    async def CreateHandoff(self, request: pb.CreateHandoffRequest, call: Call) -> pb.Handoff:
        id = str(uuid5(event_id(call.command.id, 0), "handoff"))
        return await self._shown(id, call, await self._asking.ask(id, request, call))

    async def GetHandoff(self, request: pb.GetHandoffRequest, call: Call) -> pb.Handoff:
        found = await self._reader.one(request.id, call)
        call.etag = found.etag
        return found

    async def UpdateHandoff(self, request: pb.UpdateHandoffRequest, call: Call) -> pb.Handoff:
        given = values(request.handoff, request.update_mask.paths, at="handoff")
        return await self._verb(
            request.handoff.id, call, seen_by, lambda state, _: handoff_verbs.update(state, patched(state, given))
        )

    async def ListHandoffs(self, request: pb.ListHandoffsRequest, call: Call) -> pb.ListHandoffsResponse:
        return await self._reader.page(request, call)

    async def AcceptHandoff(self, request: pb.AcceptHandoffRequest, call: Call) -> pb.Handoff:
        given, now, into = values(request), self._house.clock(), request.opportunity_id
        # Looked up before the snapshot: it waits, and what is heard meanwhile belongs into the closing manifest.
        writable = not into or await self._naming.is_writable(f"opportunity:{into}", call)
        await up_to_date(self._house)
        at = Of(call.identity.tenant, request.id)
        snapshot = await self._queries.settled(at)
        row = snapshot.rows.get(at)
        by = handoff_verbs.Acceptance(
            owner=request.owner or call.identity.employee,
            accepted_by=call.identity.employee,
            accepted_at=happened(given.get("accepted_at"), now, "accepted_at") or now,
            person_id=row["known_person_id"] if row else "",
            opportunity_id=into,
            keep_promises=tuple(request.keep_promises),
            basis=snapshot.basis,
            concerning=snapshot.concerning.get(at, ()),
            withheld=snapshot.withheld.get(at, ()),
        )
        unknown = await self._not_open(request.keep_promises, row)

        def accept(state: Handoff, _: FactId) -> Sequence[HandoffFact]:
            if not writable:
                raise not_there("opportunity", into)
            accepted = handoff_verbs.accept(state, by)
            if row is None or row["state"] == ASKED:
                raise Behind(f"the offer of handoff {request.id} is not shown here yet")
            if unknown:
                message = f"there is no open promise {unknown} about the subject of this handoff"
                raise Refused(message, field="keep_promises")
            return accepted

        return await self._verb(request.id, call, receiving_side, accept)

    async def AskHandoff(self, request: pb.AskHandoffRequest, call: Call) -> pb.Handoff:
        by = call.identity.employee
        return await self._verb(
            request.id,
            call,
            receiving_side,
            lambda state, fact_id: handoff_verbs.ask(state, str(fact_id(0)), request.question, by),
        )

    async def AnswerHandoff(self, request: pb.AnswerHandoffRequest, call: Call) -> pb.Handoff:
        by = call.identity.employee
        return await self._verb(
            request.id,
            call,
            asking_side,
            lambda state, _: handoff_verbs.answer(state, request.question_id, request.answer, by),
        )

    async def ReturnHandoff(self, request: pb.ReturnHandoffRequest, call: Call) -> pb.Handoff:
        by = call.identity.employee
        return await self._verb(
            request.id, call, receiving_side, lambda state, _: handoff_verbs.give_back(state, request.reason, by)
        )

    async def ReassignHandoff(self, request: pb.ReassignHandoffRequest, call: Call) -> pb.Handoff:
        for _ in range(ATTEMPTS_MAX):
            with suppress(_Elsewhere):
                return await self._reassign(request, call)
        stream = f"{HANDOFF.name}-{request.id}"
        raise Conflict(stream, f"nobody else to reassign {ATTEMPTS_MAX} times", 0)

    async def HandBackHandoff(self, request: pb.HandBackHandoffRequest, call: Call) -> pb.Handoff:
        by = call.identity.employee
        return await self._verb(
            request.id, call, receiving_side, lambda state, _: handoff_verbs.hand_back(state, request.reason, by)
        )

    async def WithdrawHandoff(self, request: pb.WithdrawHandoffRequest, call: Call) -> pb.Handoff:
        by = call.identity.employee
        return await self._verb(
            request.id, call, asking_side, lambda state, _: handoff_verbs.withdraw(state, request.reason, by)
        )

    async def _reassign(self, request: pb.ReassignHandoffRequest, call: Call) -> pb.Handoff:
        """Raises `_Elsewhere`."""
        tenant = call.identity.tenant
        found = (await self._house.handler.load(HANDOFF, tenant, request.id)).state
        known = _known(found, await self._reader.asked(request.id, call))
        terms, branch = Terms(self._house), request.to_branch or known.to_branch
        deadline = await terms.deadline(tenant, branch, await terms.kind(tenant, known.kind))

        def reassign(state: Handoff, _: FactId) -> Sequence[HandoffFact]:
            if branch != (request.to_branch or state.to_branch):
                raise _Elsewhere
            return handoff_verbs.reassign(state, branch, request.to_employee, deadline)

        return await self._verb(request.id, call, receiving_side, reassign)

    async def _not_open(self, kept: Collection[str], row: Row | None) -> str:
        """The first of the promises to keep that is none of the open ones about the handoff's subject, or ""."""
        if not kept or row is None:
            return ""
        subject = (row["subject_kind"], row["subject_id"])
        rows = await self._queries.open_promises(row["tenant"], *subject, row["known_person_id"])
        found = {each["id"] for each in rows}
        return next((id for id in kept if id not in found), "")

    async def _verb(self, id: str, call: Call, side: Side, decide: Decide) -> pb.Handoff:
        """Decide on a handoff that the caller sees, and that is the caller's to decide on. Both are judged with the
        decision: a command that was answered before has its answer, whatever happened since."""
        asked = await self._reader.asked(id, call)

        def permitted(state: Handoff, fact_id: FactId) -> Sequence[HandoffFact]:
            known = _known(state, asked)
            side(known, call)
            return decide(known, fact_id)

        handled = await self._house.handler.handle(
            HANDOFF, id, call.command, origin(call), permitted, if_match=call.if_match
        )
        return await self._shown(id, call, handled)

    async def _shown(self, id: str, call: Call, handled: Handled[Handoff]) -> pb.Handoff:
        """The handoff as a command left it."""
        answered(call, handled)
        found = await self._reader.at(id, call, Version(handled.version))
        call.etag = found.etag
        return found


def _known(state: Handoff, asked: Handoff) -> Handoff:
    """What a fact of another department asks for has nothing of that recorded of its own before it is offered, nor ever
    where it was withdrawn before."""
    if state.from_department:
        return state
    return replace(asked, state=state.state or ASKED, custom=state.custom)
