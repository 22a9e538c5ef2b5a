"""Answers `Companies`."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import uuid5

from baton.contacts.v1 import companies_pb2 as pb

from eventlog.handling import FactId, Folded, Handled, Handler
from runtime.call import Call
from runtime.listing import Listing
from runtime.messages import fill, patched, values
from runtime.rpc import answered, origin
from runtime.scope import must_be_own, written_branch
from services.contacts.api.access import Access
from services.contacts.api.importing import Imported, Importer, Row, changed
from services.contacts.common.given import Given, dialled
from services.contacts.domain import company
from services.contacts.domain.company import COMPANY, Company, CompanyFact
from services.contacts.queries import Views, shown

COMPANIES = Listing(
    "companies",
    pb.Company,
    orderable=("create_time", "update_time", "name", "legal_name", "branch", "responsible", "external_id"),
    scope=shown("company", "companies"),
)


class Companies:
    def __init__(self, views: Views, access: Access, handler: Handler, given: Given, importer: Importer) -> None:
        self._views = views
        self._access = access
        self._handler = handler
        self._given = given
        self._importer = importer

    async def CreateCompany(self, request: pb.CreateCompanyRequest, call: Call) -> pb.Company:
        asked = values(request.company, at="company")
        asked["branch"] = written_branch(asked.get("branch", ""), call)
        dialled(asked, "company")
        given = await self._given.reachable(call.identity.tenant, asked, asked["branch"])
        id = str(uuid5(call.command.id, "company"))
        above = await self._above(call.identity.tenant, given)
        handled = await self._handler.handle(
            COMPANY,
            id,
            call.command,
            origin(call),
            lambda state, _: company.register(state, id, given, above),
            create=True,
        )
        answered(call, handled)
        return message(handled)

    async def GetCompany(self, request: pb.GetCompanyRequest, call: Call) -> pb.Company:
        return message(await self._access.read(COMPANY, call, "company", request.id))

    async def UpdateCompany(self, request: pb.UpdateCompanyRequest, call: Call) -> pb.Company:
        id, asked = request.company.id, values(request.company, request.update_mask.paths, at="company")
        if "branch" in asked:
            asked["branch"] = written_branch(asked["branch"], call)
        dialled(asked, "company")
        branch = asked.get("branch") or await self._access.branch(COMPANY, call, id)
        given = await self._given.reachable(call.identity.tenant, asked, branch)
        above = await self._above(call.identity.tenant, given)

        def decide(state: Company, _: FactId) -> Sequence[CompanyFact]:
            must_be_own(state, call, "company", id)
            return company.update(state, patched(state, given), above)

        async with self._access.writing(call):
            handled = await self._handler.handle(
                COMPANY, id, call.command, origin(call), decide, if_match=call.if_match
            )
        answered(call, handled)
        return message(handled)

    async def ListCompanies(self, request: pb.ListCompaniesRequest, call: Call) -> pb.ListCompaniesResponse:
        rows, token, total = await COMPANIES.page(self._views, call, request)
        companies = [fill(pb.Company, row) for row in rows]
        return pb.ListCompaniesResponse(companies=companies, next_page_token=token, total_size=total)

    async def ImportCompanies(self, request: pb.ImportCompaniesRequest, call: Call) -> pb.ImportCompaniesResponse:
        imported = Imported("company", COMPANY, self._write)
        return pb.ImportCompaniesResponse(results=await self._importer.take(imported, request.rows, call))

    async def _write(self, row: Row) -> Handled[Company]:
        given = await self._given.reachable(row.origin.tenant, row.given, row.given.get("branch", ""))
        above = await self._above(row.origin.tenant, given)
        return await self._handler.handle(
            COMPANY,
            row.id,
            row.command,
            row.origin,
            lambda state, _: (
                _anew(row, given, state, above) if state.id else company.register(state, row.id, given, above)
            ),
        )

    async def _above(self, tenant: str, given: Mapping[str, Any]) -> Collection[str]:
        """Whom the company that is given as the parent belongs to, and so on. Two changes at one moment may still close
        a circle, so whoever follows parents remembers where it was."""
        parent, found = given.get("parent_id") or "", set[str]()
        while parent and parent not in found:
            found.add(parent)
            parent = (await self._handler.load(COMPANY, tenant, parent)).state.parent_id
        return found


def _anew(row: Row, given: Mapping[str, Any], state: Company, above: Collection[str]) -> Sequence[CompanyFact]:
    said = company.typed({name: value for name, value in given.items() if name != "row"})
    return company.update(state, changed(row, said, state), above)


def message(found: Folded[Company] | Handled[Company]) -> pb.Company:
    return fill(
        pb.Company,
        found.state,
        etag=str(found.version),
        create_time=found.created_at,
        update_time=found.updated_at,
    )
