"""Answers `Branches`. Everybody sees all branches of the tenant."""

from collections.abc import Mapping
from typing import Any

from baton.contacts.v1 import branches_pb2 as pb

from eventlog.handling import Folded, Handled, Handler
from facts.contacts import WorkingDay
from runtime.call import Call
from runtime.listing import Listing
from runtime.messages import fill, patched, values
from runtime.rpc import answered, origin
from runtime.scope import not_there
from services.contacts.common.given import whole
from services.contacts.domain import branch
from services.contacts.domain.branch import BRANCH, Branch
from services.contacts.queries import Views

BRANCHES = Listing(
    "branches",
    pb.Branch,
    orderable=("create_time", "update_time", "id", "name", "country", "time_zone"),
    scope="",
)


class Branches:
    def __init__(self, views: Views, handler: Handler) -> None:
        self._views = views
        self._handler = handler

    async def CreateBranch(self, request: pb.CreateBranchRequest, call: Call) -> pb.Branch:
        given, id = _given(values(request.branch, at="branch")), request.branch.id
        handled = await self._handler.handle(
            BRANCH, id, call.command, origin(call), lambda state, _: branch.describe(state, id, given), create=True
        )
        answered(call, handled)
        return message(handled)

    async def GetBranch(self, request: pb.GetBranchRequest, call: Call) -> pb.Branch:
        folded = await self._handler.load(BRANCH, call.identity.tenant, request.id)
        if not folded.version:
            raise not_there("branch", request.id)
        call.etag = str(folded.version)
        return message(folded)

    async def UpdateBranch(self, request: pb.UpdateBranchRequest, call: Call) -> pb.Branch:
        given = _given(values(request.branch, request.update_mask.paths, at="branch"))
        handled = await self._handler.handle(
            BRANCH,
            request.branch.id,
            call.command,
            origin(call),
            lambda state, _: branch.update(state, patched(state, given)),
            if_match=call.if_match,
        )
        answered(call, handled)
        return message(handled)

    async def ListBranches(self, request: pb.ListBranchesRequest, call: Call) -> pb.ListBranchesResponse:
        rows, token, total = await BRANCHES.page(self._views, call, request)
        branches = [fill(pb.Branch, row) for row in rows]
        return pb.ListBranchesResponse(branches=branches, next_page_token=token, total_size=total)


def _given(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The id is the address, not a value; hours and days as the facts have them."""
    given = {name: value for name, value in asked.items() if name != "id"}
    if "working_hours" in given:
        given["working_hours"] = tuple(WorkingDay(**day) for day in given["working_hours"])
    if "holidays" in given:
        given["holidays"] = tuple(day for day in given["holidays"] if day)
    return whole(given)


def message(found: Folded[Branch] | Handled[Branch]) -> pb.Branch:
    return fill(
        pb.Branch,
        found.state,
        etag=str(found.version),
        create_time=found.created_at,
        update_time=found.updated_at,
    )
