"""Answers `Promises`. A promise lives in the stream of the interaction in which it was made."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from baton.contacts.v1 import interactions_pb2 as pb

from runtime.call import Call
from runtime.department import House
from runtime.etags import etag_of
from runtime.listing import Listing
from runtime.messages import fill
from runtime.rpc import answered, origin
from runtime.scope import not_there
from services.contacts.api.access import Reader
from services.contacts.domain import interaction
from services.contacts.domain.interaction import INTERACTION, OPEN, Interaction
from services.contacts.queries import Queries, Row
from services.offers import shown

PROMISES = Listing(
    "promises",
    pb.Promise,
    orderable=("create_time", "update_time", "due", "by", "state", "branch"),
    computed={"overdue": "state = 'OPEN' AND coalesce(due < {now}, false)"},
    scope=shown("promises", key="interaction_id"),
)

#: How long a promise is waited for that was recorded a moment ago.
CAUGHT_UP_S = 5.0


class Promises:
    def __init__(self, house: House, queries: Queries, reader: Reader) -> None:
        self._house = house
        self._queries = queries
        self._reader = reader

    async def GetPromise(self, request: pb.GetPromiseRequest, call: Call) -> pb.Promise:
        await self._house.hearing.wait_for(self._house.name, await self._house.store.head(), CAUGHT_UP_S)
        row = await self._row(request.id, call)
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

    async def _close(self, promise_id: str, call: Call, decide: Callable[[Interaction], Sequence[Any]]) -> pb.Promise:
        """Also by a branch that took over what the promise is about."""
        row = await self._row(promise_id, call)
        id = row["interaction_id"]
        handled = await self._house.handler.handle(
            INTERACTION, id, call.command, origin(call), lambda state, _: decide(state), if_match=call.if_match
        )
        answered(call, handled)
        closed = interaction.promise_of(handled.state, promise_id)
        return self._message(
            row,
            etag=call.etag,
            update_time=handled.updated_at,
            state=closed.state,
            released_reason=closed.released_reason,
            overdue=False,
        )

    async def _row(self, promise_id: str, call: Call) -> Row:
        """What the view says; what it does not know may have been recorded a moment ago. Read by the branch that
        answers for it, and by who reads the interaction. Raises `NotThere`."""
        found = await self._queries.promise(call.identity.tenant, promise_id)
        if found is None:
            await self._house.hearing.wait_for(self._house.name, await self._house.store.head(), CAUGHT_UP_S)
            found = await self._queries.promise(call.identity.tenant, promise_id)
        if found is None:
            raise not_there("promise", promise_id)
        if found["branch"] != call.identity.scope:
            await self._reader.read(INTERACTION, call, "interaction", found["interaction_id"])
        return found

    def _message(self, row: Row, **more: Any) -> pb.Promise:
        is_late = row["state"] == OPEN and row["due"] is not None and _aware(row["due"]) < self._house.clock()
        etag = etag_of(row["etag"], {"overdue": is_late})
        return fill(pb.Promise, row, **{"overdue": is_late, "etag": etag, **more})


def _aware(moment: datetime) -> datetime:
    """The database's infinity, which a due time at the calendar's end becomes, is read back without a zone."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
