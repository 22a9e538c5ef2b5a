"""Answers `Timelines`: what every department recorded of a subject and of what is linked to it."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from baton.contacts.v1 import timeline_pb2 as pb

from runtime.call import Call
from runtime.listing import Order, page_size, read_token, write_token
from runtime.messages import fill
from runtime.scope import not_there
from services.contacts.api import telling
from services.contacts.api.handoff_reading import HandoffReader
from services.contacts.queries import Queries, Row

#: The sort keys of an entry, newest first.
_ORDER = [Order(column, True) for column in ("occurred_at", "recorded_at", "event_id")]
#: Later than anything that will be recorded.
_NO_CUT = datetime(9999, 12, 31, tzinfo=UTC)


class Timelines:
    def __init__(self, queries: Queries, handoffs: HandoffReader) -> None:
        self._queries = queries
        self._handoffs = handoffs

    async def ListPersonTimeline(self, request: pb.ListTimelineRequest, call: Call) -> pb.ListTimelineResponse:
        return await self._page("person", request, call)

    async def ListCompanyTimeline(self, request: pb.ListTimelineRequest, call: Call) -> pb.ListTimelineResponse:
        return await self._page("company", request, call)

    async def ListLeadTimeline(self, request: pb.ListTimelineRequest, call: Call) -> pb.ListTimelineResponse:
        return await self._page("lead", request, call)

    async def ListOpportunityTimeline(self, request: pb.ListTimelineRequest, call: Call) -> pb.ListTimelineResponse:
        return await self._page("opportunity", request, call)

    async def ListHandoffTimeline(self, request: pb.ListTimelineRequest, call: Call) -> pb.ListTimelineResponse:
        if call.identity.scope is None:
            return await self._page("handoff", request, call)
        # Seen by whoever sees the handoff itself: not by a branch that it was taken from.
        await self._handoffs.one(request.id, call)
        return await self._told("handoff", request, call)

    async def _page(self, kind: str, request: pb.ListTimelineRequest, call: Call) -> pb.ListTimelineResponse:
        if not await self._may_read(f"{kind}:{request.id}", call):
            raise not_there(kind, request.id)
        return await self._told(kind, request, call)

    async def _told(self, kind: str, request: pb.ListTimelineRequest, call: Call) -> pb.ListTimelineResponse:
        subject = f"{kind}:{request.id}"
        size = page_size(request.page_size)
        bound = _bound(subject, request)
        after: Any = read_token(request.page_token, bound, _ORDER) or None
        as_of = request.as_of.ToDatetime(tzinfo=UTC) if request.HasField("as_of") else _NO_CUT
        rows = await self._queries.timeline(call, subject, as_of, after, size + 1)
        token = write_token(bound, [rows[size - 1][key.column] for key in _ORDER]) if len(rows) > size else ""
        return pb.ListTimelineResponse(entries=[_entry(row) for row in rows[:size]], next_page_token=token)

    async def _may_read(self, subject: str, call: Call) -> bool:
        if call.identity.scope is None:
            return await self._queries.is_known(call.identity.tenant, subject)
        return await self._queries.is_known_in(call, subject) or await self._queries.is_offered(call, subject)


def _entry(row: Row) -> pb.TimelineEntry:
    type, data = row["type"], row["data"]
    return fill(pb.TimelineEntry, row, title=telling.title(type), summary=telling.summary(type, data))


def _bound(subject: str, request: pb.ListTimelineRequest) -> str:
    """What a page token is bound to: the subject and the cut."""
    cut = request.as_of.SerializeToString(deterministic=True)
    return hashlib.sha256(subject.encode() + b"\0" + cut).hexdigest()[:24]
