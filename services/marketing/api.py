"""Answers the RPCs of `proto/baton/marketing/v1`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from baton.common.v1.imports_pb2 import ImportResult
from baton.marketing.v1 import leads_pb2 as pb

from eventlog.clock import Clock
from eventlog.handling import FactId, Folded, Handled, Handler
from facts.common import Brief
from facts.marketing import Touch
from runtime.call import Call
from runtime.etags import etag_of
from runtime.imports import IdAndDigest, Importer, Shown, each_row, imported_id, said_anew
from runtime.listing import Listing
from runtime.messages import fill, patched, values
from runtime.moments import happened
from runtime.rpc import answered, origin
from runtime.scope import is_own, must_be_own, not_there, written_branch
from services.marketing.domain import handing_on, lead
from services.marketing.domain.handing_on import Asking, Heard
from services.marketing.domain.lead import LEAD, Lead, LeadFact
from services.marketing.queries import Queries, Told, Views
from services.offers import Sight
from services.offers import shown as shown_to_branch

LEADS = Listing(
    table="leads",
    message=pb.Lead,
    orderable=(
        "create_time",
        "update_time",
        "captured_at",
        "external_id",
        "source",
        "landing_page",
        "campaign",
        "branch",
        "owner",
        "state",
    ),
    scope=shown_to_branch("leads"),
)
#: Rows of leads that only contacts told of yet have no etag.
_CAPTURED = (lambda bind: "etag <> ''",)

Decide = Callable[[Lead, FactId], Sequence[LeadFact]]


@dataclass(frozen=True)
class Leads:
    handler: Handler
    views: Views
    queries: Queries
    sight: Sight
    shown: Shown
    clock: Clock

    async def CreateLead(self, request: pb.CreateLeadRequest, call: Call) -> pb.Lead:
        lead_id, now = str(uuid5(call.command.id, "lead")), self.clock()
        given = _told(values(request.lead, at="lead"), lead_id, call.identity.employee)
        given["branch"] = written_branch(given.get("branch", ""), call)
        _must_have_happened(given, now)
        handled = await self.handler.handle(
            LEAD,
            lead_id,
            call.command,
            origin(call),
            lambda state, _: lead.capture(state, lead_id, given, now),
            create=True,
        )
        answered(call, handled)
        return message(handled, Told(), call)

    async def GetLead(self, request: pb.GetLeadRequest, call: Call) -> pb.Lead:
        folded = await self.handler.load(LEAD, call.identity.tenant, request.id)
        tenant, branch = call.identity.tenant, call.identity.branch
        readable = is_own(folded.state, call) or await self.sight.is_offered(tenant, branch, request.id)
        if not folded.version or not readable:
            raise not_there("lead", request.id)
        return message(folded, await self.queries.told(tenant, request.id), call)

    async def UpdateLead(self, request: pb.UpdateLeadRequest, call: Call) -> pb.Lead:
        asked = values(request.lead, request.update_mask.paths, at="lead")
        if "branch" in asked:
            asked["branch"] = written_branch(asked["branch"], call)
        _must_have_happened(asked, self.clock())
        lead_id, employee = request.lead.id, call.identity.employee
        return await self._write(
            call, lead_id, lambda state, _: lead.update(state, _laid_over(state, asked, lead_id, employee))
        )

    async def ListLeads(self, request: pb.ListLeadsRequest, call: Call) -> pb.ListLeadsResponse:
        page = await LEADS.page(self.views, call, request, where=_CAPTURED)
        leads = [fill(pb.Lead, row, etag=etag_of(row["etag"], _told_of(row))) for row in page.rows]
        return pb.ListLeadsResponse(leads=leads, next_page_token=page.next_page_token, total_size=page.total_size)

    async def TouchLead(self, request: pb.TouchLeadRequest, call: Call) -> pb.Lead:
        given = values(request)
        now = self.clock()
        happened(given.get("at"), now, "at")
        touched = Touch(**{"at": now, **{name: given[name] for name in given if name != "id"}})
        return await self._write(call, request.id, lambda state, _: lead.touch(state, touched))

    async def QualifyLead(self, request: pb.QualifyLeadRequest, call: Call) -> pb.Lead:
        now = self.clock()
        given = {"qualified_at": now, **values(request)}
        happened(given["qualified_at"], now, "qualified_at")
        heard = await self.queries.heard(call.identity.tenant, request.id)
        return await self._write(
            call, request.id, lambda state, fact_id: handing_on.qualify(state, _asking(given, fact_id(0)), heard)
        )

    async def DisqualifyLead(self, request: pb.DisqualifyLeadRequest, call: Call) -> pb.Lead:
        heard = await self.queries.heard(call.identity.tenant, request.id)
        return await self._write(call, request.id, lambda state, _: handing_on.disqualify(state, request.reason, heard))

    async def LinkPerson(self, request: pb.LinkPersonRequest, call: Call) -> pb.Lead:
        return await self._write(call, request.id, lambda state, _: lead.link_person(state, request.person_id))

    async def ImportLeads(self, request: pb.ImportLeadsRequest, call: Call) -> pb.ImportLeadsResponse:
        tenant = call.identity.tenant
        asked = [(imported_id(tenant, "lead", row.lead.external_id), row.digest) for row in request.rows]
        unchanged = await self.shown.unchanged(tenant, asked)
        importer = Importer(self.handler, LEAD, "lead")
        results = await each_row(request.rows, lambda row: self._import(importer, row, call, unchanged))
        return pb.ImportLeadsResponse(results=results)

    async def _import(
        self, importer: Importer[Lead], row: pb.LeadRow, call: Call, unchanged: Mapping[IdAndDigest, Mapping[str, Any]]
    ) -> ImportResult:
        lead_id = imported_id(call.identity.tenant, "lead", row.lead.external_id)
        there = unchanged.get((lead_id, row.digest))
        if there is not None:
            handoff_id = there["handoff_id"]
            return ImportResult(line=row.line, outcome=ImportResult.UNCHANGED, id=lead_id, handoff_id=handoff_id)
        given = _told(values(row.lead, at="lead"), lead_id, row.employee or call.identity.employee)
        branch, now = call.identity.branch, self.clock()
        _must_have_happened(given, now)

        def decide(state: Lead, fact_id: FactId) -> Sequence[LeadFact]:
            if state.id:
                facts = _said_anew(state, given, row.digest)
            else:
                facts = lead.capture(state, lead_id, {"branch": branch, **given}, now, row=row.digest)
            return [*facts, *_qualified(state, facts, row, fact_id, now)]

        result, state = await importer.row(call, row, row.lead.external_id, decide)
        result.handoff_id = state.handoff_id
        return result

    async def _write(self, call: Call, lead_id: str, decide: Decide) -> pb.Lead:
        """Decide on a lead of the caller's branch and answer it as it then is."""

        def decide_on_own(state: Lead, fact_id: FactId) -> Sequence[LeadFact]:
            must_be_own(state, call, "lead", lead_id)
            return decide(state, fact_id)

        async with self.sight.writing(call):
            handled = await self.handler.handle(
                LEAD, lead_id, call.command, origin(call), decide_on_own, if_match=call.if_match
            )
        answered(call, handled)
        return message(handled, await self.queries.told(call.identity.tenant, lead_id), call)


def message(found: Folded[Lead] | Handled[Lead], told: Told, call: Call) -> pb.Lead:
    """A lead as it is, with what contacts found out; what an employee decided wins over that."""
    joined = shown(told, decided=found.state.person_id)
    call.etag = etag_of(found.version, joined)
    return fill(
        pb.Lead,
        found.state,
        etag=call.etag,
        create_time=found.created_at,
        update_time=found.updated_at,
        **{"person_id": found.state.person_id, **joined},
    )


def shown(told: Told, *, decided: str) -> dict[str, Any]:
    """What a lead shows of what contacts told."""
    of_person = {"person_id": told.person_id, "person_candidates": list(told.person_candidates)}
    return {"company_id": told.company_id, **({} if decided else of_person)}


def _told_of(row: Any) -> dict[str, Any]:
    return shown(Told.of(row), decided=row["decided_person_id"])


def _must_have_happened(given: Mapping[str, Any], now: datetime) -> None:
    """What is told of a lead. Raises `Refused`."""
    happened(given.get("captured_at"), now, "lead.captured_at")
    for n, touch in enumerate(given.get("touches", ())):
        happened(touch.get("at"), now, f"lead.touches[{n}].at")
    for n, consent in enumerate(given.get("consents", ())):
        happened(consent.get("at"), now, f"lead.consents[{n}].at")
    happened((given.get("enquiry") or {}).get("occurred_at"), now, "lead.enquiry.occurred_at")


def _laid_over(state: Lead, asked: Mapping[str, Any], lead_id: str, employee: str) -> dict[str, Any]:
    given = patched(state, asked)
    return given if state.enquiry else _told(given, lead_id, employee)


def _told(given: dict[str, Any], lead_id: str, employee: str) -> dict[str, Any]:
    """The enquiry with the ids under which contacts will know it and its promises."""
    enquiry = given.get("enquiry")
    if enquiry is not None:
        promises = [
            {**promise, "id": str(uuid5(UUID(lead_id), f"promise-{n}")), "by": promise.get("by") or employee}
            for n, promise in enumerate(enquiry.get("promises", ()))
        ]
        named = {"interaction_id": str(uuid5(UUID(lead_id), "enquiry")), "employee": employee, "promises": promises}
        given["enquiry"] = {"channel": "WEB", "direction": "IN", **enquiry, **named}
    return given


def _asking(given: Mapping[str, Any], fact_id: UUID) -> Asking:
    """The handoff's id is derived from the fact that asks for it."""
    return Asking(
        handoff_id=str(uuid5(fact_id, "handoff")),
        qualified_at=given["qualified_at"],
        note=given.get("note", ""),
        brief=Brief(**given["brief"]) if given.get("brief") else None,
        to_branch=given.get("to_branch", ""),
        to_employee=given.get("to_employee", ""),
    )


def _said_anew(state: Lead, given: Mapping[str, Any], digest: str) -> Sequence[LeadFact]:
    said = lead.typed(given, given.get("captured_at") or state.captured_at)
    anew = said_anew(said, state.imported, state, made_up=("branch", "captured_at"))
    return lead.change(state, anew, row=digest)


def _qualified(
    state: Lead, facts: Sequence[LeadFact], row: pb.LeadRow, fact_id: FactId, now: datetime
) -> Sequence[LeadFact]:
    """The step that follows an imported lead, once: a lead that was handed on before stays where it is."""
    for fact in facts:
        state = LEAD.evolve(state, fact)
    if not row.HasField("qualify") or state.state != "NEW":
        return ()
    given = {"qualified_at": state.captured_at, **values(row.qualify, at="qualify")}
    happened(given["qualified_at"], now, "qualify.qualified_at")
    return handing_on.qualify(state, _asking(given, fact_id(len(facts))), Heard())
