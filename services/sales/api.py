"""Answers the RPCs of `proto/baton/sales/v1`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any
from uuid import uuid5

from baton.common.v1.imports_pb2 import ImportResult
from baton.sales.v1 import opportunities_pb2 as pb

from eventlog.clock import Clock
from eventlog.decider import Invalid
from eventlog.handling import FactId, Folded, Handled, Handler
from facts.common import Money
from runtime.call import Call
from runtime.imports import IdAndDigest, Importer, NotArrived, Shown, each_row, imported_id, said_anew
from runtime.listing import Listing, page_size
from runtime.messages import fill, patched, values
from runtime.moments import happened
from runtime.rpc import answered, origin
from runtime.scope import is_own, must_be_own, not_there, written_branch
from services.offers import Sight, Views
from services.offers import shown as shown_to_branch
from services.sales.domain import opportunity
from services.sales.domain.opportunity import OPPORTUNITY, Opportunity, OpportunityFact
from services.sales.domain.pipeline import PIPELINES, Pipeline, pipeline

OPPORTUNITIES = Listing(
    table="opportunities",
    message=pb.Opportunity,
    orderable=(
        "create_time",
        "update_time",
        "closed_at",
        "expected_close",
        "external_id",
        "branch",
        "owner",
        "pipeline",
        "stage",
        "state",
        "title",
    ),
    scope=shown_to_branch("opportunities"),
)

#: By what pipelines, which are in no table, are ordered.
BY = Listing("", pb.Pipeline, orderable=("create_time", "update_time"), default_order="id")

_ID, _SINCE = attrgetter("id"), attrgetter("since")

Decide = Callable[[Opportunity, FactId], Sequence[OpportunityFact]]


@dataclass(frozen=True)
class Opportunities:
    handler: Handler
    views: Views
    sight: Sight
    shown: Shown
    clock: Clock

    async def CreateOpportunity(self, request: pb.CreateOpportunityRequest, call: Call) -> pb.Opportunity:
        id, now = str(uuid5(call.command.id, "opportunity")), self.clock()
        given = {"owner": call.identity.employee, **values(request.opportunity, at="opportunity")}
        given["branch"] = written_branch(given.get("branch", ""), call)
        handled = await self.handler.handle(
            OPPORTUNITY,
            id,
            call.command,
            origin(call),
            lambda state, _: opportunity.open_opportunity(state, id, given, now),
            create=True,
        )
        answered(call, handled)
        return message(handled)

    async def GetOpportunity(self, request: pb.GetOpportunityRequest, call: Call) -> pb.Opportunity:
        folded = await self.handler.load(OPPORTUNITY, call.identity.tenant, request.id)
        if not folded.version or not await self._is_readable(folded.state, request.id, call):
            raise not_there("opportunity", request.id)
        call.etag = str(folded.version)
        return message(folded)

    async def UpdateOpportunity(self, request: pb.UpdateOpportunityRequest, call: Call) -> pb.Opportunity:
        asked = values(request.opportunity, request.update_mask.paths, at="opportunity")
        if "branch" in asked:
            asked["branch"] = written_branch(asked["branch"], call)
        return await self._write(
            call, request.opportunity.id, lambda state, _: opportunity.update(state, patched(state, asked))
        )

    async def ListOpportunities(self, request: pb.ListOpportunitiesRequest, call: Call) -> pb.ListOpportunitiesResponse:
        page = await OPPORTUNITIES.page(self.views, call, request)
        found = [fill(pb.Opportunity, row) for row in page.rows]
        return pb.ListOpportunitiesResponse(
            opportunities=found, next_page_token=page.next_page_token, total_size=page.total_size
        )

    async def MoveOpportunity(self, request: pb.MoveOpportunityRequest, call: Call) -> pb.Opportunity:
        return await self._write(call, request.id, lambda state, _: opportunity.move(state, request.stage))

    async def WinOpportunity(self, request: pb.WinOpportunityRequest, call: Call) -> pb.Opportunity:
        given, now = values(request), self.clock()
        return await self._write(call, request.id, lambda state, _: _won(state, given, now))

    async def LoseOpportunity(self, request: pb.LoseOpportunityRequest, call: Call) -> pb.Opportunity:
        now = self.clock()
        closed_at = happened(values(request).get("closed_at"), now, "closed_at") or now
        return await self._write(call, request.id, lambda state, _: opportunity.lose(state, request.reason, closed_at))

    async def ReopenOpportunity(self, request: pb.ReopenOpportunityRequest, call: Call) -> pb.Opportunity:
        return await self._write(call, request.id, lambda state, _: opportunity.reopen(state, request.note))

    async def LinkLead(self, request: pb.LinkLeadRequest, call: Call) -> pb.Opportunity:
        return await self._write(call, request.id, lambda state, _: opportunity.link_lead(state, request.lead_id))

    async def ImportOpportunities(
        self, request: pb.ImportOpportunitiesRequest, call: Call
    ) -> pb.ImportOpportunitiesResponse:
        tenant = call.identity.tenant
        unchanged = await self.shown.unchanged(tenant, [(_id_of(row, tenant), row.digest) for row in request.rows])
        importer = Importer(self.handler, OPPORTUNITY, "opportunity")
        results = await each_row(request.rows, lambda row: self._import(importer, row, call, unchanged))
        return pb.ImportOpportunitiesResponse(results=results)

    async def _import(
        self, importer: Importer[Opportunity], row: pb.OpportunityRow, call: Call, unchanged: Collection[IdAndDigest]
    ) -> ImportResult:
        external_id, id = row.opportunity.external_id, _id_of(row, call.identity.tenant)
        if (id, row.digest) in unchanged:
            return ImportResult(line=row.line, outcome=ImportResult.UNCHANGED, id=id)
        given = values(row.opportunity, at="opportunity")
        made_up = {"branch": call.identity.branch, "owner": row.employee or call.identity.employee}
        now = self.clock()

        def decide(state: Opportunity, _: FactId) -> Sequence[OpportunityFact]:
            if not state.id and row.opportunity_id:
                raise NotArrived(f"no handoff has opened the opportunity {id} yet")
            if not state.id:
                facts = opportunity.open_opportunity(state, id, {**made_up, **given}, now, row=row.digest)
            else:
                facts = _said_anew(state, given, row.digest)
            return [*facts, *_won_at_once(state, facts, row, now)]

        result, _ = await importer.row(call, row, external_id, decide, id=row.opportunity_id)
        return result

    async def _is_readable(self, state: Opportunity, id: str, call: Call) -> bool:
        return is_own(state, call) or await self.sight.is_offered(call.identity.tenant, call.identity.branch, id)

    async def _write(self, call: Call, id: str, decide: Decide) -> pb.Opportunity:
        """Decide on an opportunity of the caller's branch and answer it as it then is."""

        def decide_on_own(state: Opportunity, fact_id: FactId) -> Sequence[OpportunityFact]:
            must_be_own(state, call, "opportunity", id)
            return decide(state, fact_id)

        async with self.sight.writing(call):
            handled = await self.handler.handle(
                OPPORTUNITY, id, call.command, origin(call), decide_on_own, if_match=call.if_match
            )
        answered(call, handled)
        return message(handled)


class Pipelines:
    """Pipelines are part of the program: every tenant has the same."""

    async def GetPipeline(self, request: pb.GetPipelineRequest, call: Call) -> pb.Pipeline:
        found = _pipeline(pipeline(request.id))
        call.etag = found.etag
        return found

    async def ListPipelines(self, request: pb.ListPipelinesRequest, call: Call) -> pb.ListPipelinesResponse:
        if request.page_token:
            raise Invalid("this page token was not made here", field="page_token")
        asked = [each for each in PIPELINES.values() if _is_asked(each, request)]
        for key in reversed(BY.order(request.order_by)):
            asked.sort(key=_ID if key.column == "id" else _SINCE, reverse=key.descending)
        found = [_pipeline(each) for each in asked]
        return pb.ListPipelinesResponse(pipelines=found[: page_size(request.page_size)], total_size=len(found))


def message(found: Folded[Opportunity] | Handled[Opportunity]) -> pb.Opportunity:
    return fill(
        pb.Opportunity,
        found.state,
        etag=str(found.version),
        create_time=found.created_at,
        update_time=found.updated_at,
    )


def _id_of(row: pb.OpportunityRow, tenant: str) -> str:
    return row.opportunity_id or imported_id(tenant, "opportunity", row.opportunity.external_id)


def _pipeline(found: Pipeline) -> pb.Pipeline:
    stages = [pb.Stage(id=stage.id, probability=str(stage.probability)) for stage in found.stages]
    return fill(
        pb.Pipeline, {"id": found.id, "stages": stages, "etag": "0", "custom": {}},
        create_time=found.since, update_time=found.since,
    )  # fmt: skip


def _is_asked(found: Pipeline, request: pb.ListPipelinesRequest) -> bool:
    """Whether the filters of a list let it through."""
    since = found.since
    holds: Mapping[str, Callable[[Any], bool]] = {
        "id": lambda ids: found.id in ids,
        "after": lambda moment: since > moment.ToDatetime(tzinfo=UTC),
        "before": lambda moment: since < moment.ToDatetime(tzinfo=UTC),
    }
    given = ((field.name.rpartition("_")[2], value) for field, value in request.ListFields())
    return all(holds[name](value) for name, value in given if name in holds)


def _won(state: Opportunity, given: Mapping[str, Any], now: datetime, at: str = "") -> Sequence[OpportunityFact]:
    """`at` is where the values stand in the request (`win.`), for errors."""
    amount = Money(**given["amount"]) if given.get("amount") else None
    closed_at = happened(given.get("closed_at"), now, f"{at}closed_at") or now
    return opportunity.win(state, amount, closed_at, field=f"{at}amount")


def _said_anew(state: Opportunity, given: Mapping[str, Any], digest: str) -> Sequence[OpportunityFact]:
    """What a row changes of an opportunity that is there; leads that it names and stages it names are followed."""
    said = opportunity.typed(given)
    anew = said_anew(said, state.imported, state, made_up=("branch", "owner"))
    further = {name: given[name] for name in ("pipeline", "stage") if name in given}
    further["lead_ids"] = [*state.lead_ids, *given.get("lead_ids", ())]
    return [*opportunity.change(state, anew, row=digest), *opportunity.update(state, further)]


def _won_at_once(
    state: Opportunity, facts: Sequence[OpportunityFact], row: pb.OpportunityRow, now: datetime
) -> Sequence[OpportunityFact]:
    """The step that follows an imported opportunity, once: a closed one stays as it is."""
    for fact in facts:
        state = OPPORTUNITY.evolve(state, fact)
    if not row.HasField("win") or state.state != "OPEN":
        return ()
    return _won(state, values(row.win, at="win"), now, at="win.")
