"""Answers `HandoffKinds`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from baton.contacts.v1 import handoffs_pb2 as pb

from eventlog.handling import Folded, Handled
from facts.contacts import HandoffKindDefined
from runtime.call import Call
from runtime.department import House
from runtime.listing import Listing, Where
from runtime.messages import fill, patched, values
from runtime.rpc import answered, origin
from services.contacts.domain import handoff_kind
from services.contacts.domain.handoff_kind import HANDOFF_KIND, LEAD_TO_SALES, THE_START, HandoffKind

KINDS = Listing(
    "handoff_kinds",
    pb.HandoffKind,
    orderable=(
        "kind", "from_department", "to_department", "deadline_working_minutes", "create_time", "update_time",
    ),
    default_order="kind",
    scope="",
    key="kind",
    ignored=("id",),
    built_in=[{**asdict(LEAD_TO_SALES), "etag": "0", "create_time": THE_START, "update_time": THE_START}],
)  # fmt: skip

Decide = Callable[[HandoffKind], Sequence[HandoffKindDefined]]


class HandoffKinds:
    def __init__(self, house: House) -> None:
        self._house = house

    async def CreateHandoffKind(self, request: pb.CreateHandoffKindRequest, call: Call) -> pb.HandoffKind:
        given = values(request.handoff_kind, at="handoff_kind")
        return await self._write(
            request.handoff_kind.kind,
            call,
            lambda state: handoff_kind.define(state, request.handoff_kind.kind, _plain(given)),
        )

    async def GetHandoffKind(self, request: pb.GetHandoffKindRequest, call: Call) -> pb.HandoffKind:
        folded = await self._house.handler.load(HANDOFF_KIND, call.identity.tenant, request.kind)
        handoff_kind.known(folded.state, request.kind)
        call.etag = str(folded.version)
        return message(request.kind, folded)

    async def UpdateHandoffKind(self, request: pb.UpdateHandoffKindRequest, call: Call) -> pb.HandoffKind:
        kind = request.handoff_kind.kind
        given = values(request.handoff_kind, request.update_mask.paths, at="handoff_kind")
        return await self._write(
            kind,
            call,
            lambda state: handoff_kind.redefine(state, kind, _plain(patched(handoff_kind.known(state, kind), given))),
        )

    async def ListHandoffKinds(self, request: pb.ListHandoffKindsRequest, call: Call) -> pb.ListHandoffKindsResponse:
        page = await KINDS.page(self._house.views, call, request, now=self._house.clock(), where=_where(request))
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
        return message(kind, handled)


def message(kind: str, found: Folded[HandoffKind] | Handled[HandoffKind]) -> pb.HandoffKind:
    return fill(
        pb.HandoffKind,
        handoff_kind.known(found.state, kind),
        id=kind,
        etag=str(found.version),
        create_time=handoff_kind.created(kind, found.created_at),
        update_time=found.updated_at if found.version else THE_START,
    )


def _where(request: pb.ListHandoffKindsRequest) -> Sequence[Where]:
    """A kind's name is its id."""
    ids = list(request.id)
    return [lambda bind: f"kind = ANY({bind(ids)}::text[])"] if ids else []


def _plain(given: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the state holds them; what was cleared is the default again."""
    kept = {name: value for name, value in given.items() if value is not None}
    return {**kept, "required": tuple(kept["required"])} if "required" in kept else kept
