"""Answers `Promises`. A promise lives in the stream of the interaction in which it was made."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from baton.contacts.v1 import interactions_pb2 as pb

from eventlog.handling import FactId, Handled
from runtime.call import Call
from runtime.department import House
from runtime.etags import etag_of
from runtime.listing import Listing
from runtime.messages import fill
from runtime.rpc import answered, origin
from runtime.scope import is_own, must_be_own, not_there
from services.contacts.common.hearing import up_to_date
from services.contacts.domain import interaction
from services.contacts.domain.interaction import INTERACTION, OPEN, Interaction, InteractionFact
from services.contacts.queries import Queries, Row
from services.offers import shown

PROMISES = Listing(
    "promises",
    pb.Promise,
    orderable=("create_time", "update_time", "due", "by", "state", "branch"),
    computed={"overdue": "state = 'OPEN' AND coalesce(due < {now}, false)"},
    scope=shown("promises", key="interaction_id"),
)


class Promises:
    def __init__(self, house: House, queries: Queries) -> None:
        self._house = house
        self._queries = queries

    async def GetPromise(self, request: pb.GetPromiseRequest, call: Call) -> pb.Promise:
        await up_to_date(self._house)
        row = await self._row(request.id, call)
        made_in = await self._house.handler.load(INTERACTION, call.identity.tenant, row["interaction_id"])
        if not is_own(made_in.state, call) and not await self._is_opened(row, call):
            raise not_there("promise", request.id)
        found = self._message(row)
        call.etag = found.etag
        return found

    async def ListPromises(self, request: pb.ListPromisesRequest, call: Call) -> pb.ListPromisesResponse:
        rows, token, total = await PROMISES.page(self._house.views, call, request, now=self._house.clock())
        promises = [self._message(row) for row in rows]
        return pb.ListPromisesResponse(promises=promises, next_page_token=token, total_size=total)

    async def KeepPromise(self, request: pb.KeepPromiseRequest, call: Call) -> pb.Promise:
        return await self._close(request.id, call, lambda state: interaction.keep(state, request.id))

    async def ReleasePromise(self, request: pb.ReleasePromiseRequest, call: Call) -> pb.Promise:
        return await self._close(request.id, call, lambda state: interaction.release(state, request.id, request.reason))

    async def _close(
        self, promise_id: str, call: Call, decide: Callable[[Interaction], Sequence[InteractionFact]]
    ) -> pb.Promise:
        row = await self._row(promise_id, call)
        opened = await self._is_opened(row, call)

        def decide_on_readable(state: Interaction, _: FactId) -> Sequence[InteractionFact]:
            if not opened:
                must_be_own(state, call, "promise", promise_id)
            return decide(state)

        handled = await self._house.handler.handle(
            INTERACTION, row["interaction_id"], call.command, origin(call), decide_on_readable, if_match=call.if_match
        )
        answered(call, handled)
        return _closed(row, handled)

    async def _row(self, promise_id: str, call: Call) -> Row:
        """What the view says; what it does not know may have been recorded a moment ago. Raises `NotThere`."""
        found = await self._queries.promise(call.identity.tenant, promise_id)
        if found is None:
            await up_to_date(self._house)
            found = await self._queries.promise(call.identity.tenant, promise_id)
        if found is None:
            raise not_there("promise", promise_id)
        return found

    async def _is_opened(self, row: Row, call: Call) -> bool:
        """Whether the promise is the caller's to see and to close though the interaction is another branch's: it passed
        on to the caller's, or that took over what it is about."""
        scope = call.identity.scope
        return scope is not None and (
            row["passed_to_branch"] == scope
            or await self._queries.is_offered(call, f"interaction:{row['interaction_id']}")
        )

    def _message(self, row: Row) -> pb.Promise:
        is_late = row["state"] == OPEN and row["due"] is not None and _aware(row["due"]) < self._house.clock()
        etag = etag_of(row["etag"], {"overdue": is_late})
        return fill(pb.Promise, row, overdue=is_late, etag=etag)


def _closed(row: Row, handled: Handled[Interaction]) -> pb.Promise:
    """As its interaction says: to a repeated request what it said then, whatever the view shows by now."""
    state = handled.state
    return fill(
        pb.Promise,
        interaction.promise_of(state, row["id"]),
        etag=str(handled.version),
        create_time=row["create_time"],
        update_time=handled.updated_at,
        interaction_id=state.id,
        person_id=state.person_id,
        branch=row["passed_to_branch"] or state.branch,
        custom=state.custom,
    )


def _aware(moment: datetime) -> datetime:
    """The database's infinity, which a due time at the calendar's end becomes, is read back without a zone."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
