"""Answers `HandoffKinds`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from baton.contacts.v1 import handoffs_pb2 as pb

from eventlog.codec import Origin
from eventlog.handling import Folded, Handled
from eventlog.store import Command
from facts.contacts import HandoffKindDefined
from runtime.call import Call
from runtime.department import House
from runtime.listing import Listing
from runtime.messages import fill, patched, values
from runtime.rpc import answered, origin
from services.contacts.domain import handoff_kind
from services.contacts.domain.handoff_kind import HANDOFF_KIND, LEAD_TO_SALES, HandoffKind
from services.contacts.handoff_queries import HandoffQueries

KINDS = Listing(
    "handoff_kinds",
    pb.HandoffKind,
    orderable=(
        "kind", "from_department", "to_department", "deadline_working_minutes", "create_time", "update_time",
    ),
    default_order="kind",
    scope="",
    key="kind",
)  # fmt: skip

#: Kinds that exist from the start are recorded under commands in this namespace. A stored word: it never changes.
FROM_THE_START = UUID("0c2e8a3f-5b59-5d0b-8a57-9f2c86c1a7d4")
SEEN_S = 5.0

Decide = Callable[[HandoffKind], Sequence[HandoffKindDefined]]


class HandoffKinds:
    def __init__(self, house: House, queries: HandoffQueries) -> None:
        self._house = house
        self._queries = queries

    async def CreateHandoffKind(self, request: pb.CreateHandoffKindRequest, call: Call) -> pb.HandoffKind:
        given = values(request.handoff_kind)
        return await self._write(
            request.handoff_kind.kind,
            call,
            lambda state: handoff_kind.define(state, request.handoff_kind.kind, _plain(given)),
        )

    async def GetHandoffKind(self, request: pb.GetHandoffKindRequest, call: Call) -> pb.HandoffKind:
        if request.kind == LEAD_TO_SALES.kind:
            await self._from_the_start(call)
        folded = await self._house.handler.load(HANDOFF_KIND, call.identity.tenant, request.kind)
        handoff_kind.known(folded.state, request.kind)
        call.etag = str(folded.version)
        return message(folded)

    async def UpdateHandoffKind(self, request: pb.UpdateHandoffKindRequest, call: Call) -> pb.HandoffKind:
        kind = request.handoff_kind.kind
        if kind == LEAD_TO_SALES.kind:
            await self._from_the_start(call)
        given = values(request.handoff_kind, request.update_mask.paths)
        return await self._write(
            kind,
            call,
            lambda state: handoff_kind.redefine(state, kind, _plain(patched(handoff_kind.known(state, kind), given))),
        )

    async def ListHandoffKinds(self, request: pb.ListHandoffKindsRequest, call: Call) -> pb.ListHandoffKindsResponse:
        await self._from_the_start(call)
        page = await KINDS.page(self._house.views, call, request, now=self._house.clock())
        return pb.ListHandoffKindsResponse(
            handoff_kinds=[fill(pb.HandoffKind, row, id=row["kind"]) for row in page.rows],
            next_page_token=page.next_page_token,
            total_size=page.total_size,
        )

    async def _write(self, kind: str, call: Call, decide: Decide) -> pb.HandoffKind:
        handled = await self._house.handler.handle(
            HANDOFF_KIND, kind, call.command, origin(call), lambda state, _: decide(state), if_match=call.if_match
        )
        answered(call, handled)
        return message(handled)

    async def _from_the_start(self, call: Call) -> None:
        """Record what exists from the start when the tenant first looks at it, so that lists show it and changes have a
        version to go by."""
        tenant = call.identity.tenant
        if await self._queries.is_kind_known(tenant, LEAD_TO_SALES.kind):
            return
        id = uuid5(FROM_THE_START, f"{tenant}:{LEAD_TO_SALES.kind}")
        handled = await self._house.handler.handle(
            HANDOFF_KIND,
            LEAD_TO_SALES.kind,
            Command(id, id.bytes * 2),
            Origin(tenant, actor=self._house.name),
            lambda state, _: handoff_kind.from_the_start(state),
        )
        await self._house.hearing.wait_for(self._house.name, handled.place, SEEN_S)


def message(found: Folded[HandoffKind] | Handled[HandoffKind]) -> pb.HandoffKind:
    return fill(
        pb.HandoffKind,
        found.state,
        id=found.state.kind,
        etag=str(found.version),
        create_time=found.created_at,
        update_time=found.updated_at,
    )


def _plain(given: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the state holds them; what was cleared is the default again."""
    kept = {name: value for name, value in given.items() if value is not None}
    return {**kept, "required": tuple(kept["required"])} if "required" in kept else kept
