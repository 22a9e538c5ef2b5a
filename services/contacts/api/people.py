"""Answers `People`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid5

from baton.contacts.v1 import people_pb2 as pb

from eventlog.handling import Folded, Handled
from runtime.call import Call
from runtime.listing import Listing, Page
from runtime.messages import fill, patched, values
from runtime.rpc import answered, origin
from runtime.scope import must_be_own, written_branch
from services.contacts.api.access import Access
from services.contacts.api.importing import Imported, Importer, Row, changed
from services.contacts.common.given import Given, dialled
from services.contacts.common.registering import Registrar
from services.contacts.domain import person
from services.contacts.domain.person import PERSON, Person, PersonFact
from services.contacts.queries import Views, shown

PEOPLE = Listing(
    "people",
    pb.Person,
    orderable=(
        "create_time", "update_time", "display_name", "family_name", "given_name", "branch", "responsible",
        "external_id",
    ),
    ignored=("query",),
    scope=shown("person", "people"),
)  # fmt: skip

#: As names are compared: the database brings both sides to lower case, in one way wherever it runs (Python's is another
#: one), and a final sigma is a sigma to who searches.
_FOLDED = "translate(lower(({text}) COLLATE pg_c_utf8), 'ς', 'σ')"

#: What a search looks into.
_SEARCHED = _FOLDED.format(
    text="""concat_ws(' ', display_name, given_name, middle_name, family_name, external_id,
    jsonb_path_query_array(emails, '$[*].address'), jsonb_path_query_array(phones, '$[*].number'),
    jsonb_path_query_array(phones, '$[*].raw'))"""
)


class People:
    def __init__(self, views: Views, access: Access, registrar: Registrar, given: Given, importer: Importer) -> None:
        self._views = views
        self._access = access
        self._registrar = registrar
        self._given = given
        self._importer = importer

    async def CreatePerson(self, request: pb.CreatePersonRequest, call: Call) -> pb.Person:
        asked = values(request.person, at="person")
        asked["branch"] = written_branch(asked.get("branch", ""), call)
        dialled(asked, "person")
        given = await self._given.reachable(call.identity.tenant, asked, asked["branch"])
        id = str(uuid5(call.command.id, "person"))
        handled = await self._registrar.write(
            id, call.command, origin(call), lambda state: person.register(state, id, given), create=True
        )
        answered(call, handled)
        return message(handled)

    async def GetPerson(self, request: pb.GetPersonRequest, call: Call) -> pb.Person:
        return message(await self._access.read(PERSON, call, "person", request.id))

    async def UpdatePerson(self, request: pb.UpdatePersonRequest, call: Call) -> pb.Person:
        id, asked = request.person.id, values(request.person, request.update_mask.paths, at="person")
        if "branch" in asked:
            asked["branch"] = written_branch(asked["branch"], call)
        dialled(asked, "person")
        branch = asked.get("branch") or await self._access.branch(PERSON, call, id)
        given = await self._given.reachable(call.identity.tenant, asked, branch)

        def decide(state: Person) -> Sequence[PersonFact]:
            must_be_own(state, call, "person", id)
            return person.update(state, patched(state, given))

        async with self._access.writing(call):
            handled = await self._registrar.write(id, call.command, origin(call), decide, if_match=call.if_match)
        answered(call, handled)
        return message(handled)

    async def ListPeople(self, request: pb.ListPeopleRequest, call: Call) -> pb.ListPeopleResponse:
        return _list(await PEOPLE.page(self._views, call, request))

    async def SearchPeople(self, request: pb.SearchPeopleRequest, call: Call) -> pb.ListPeopleResponse:
        asked = pb.SearchPeopleRequest()
        asked.CopyFrom(request)
        asked.order_by = request.order_by or "display_name"
        words = [_containing(word) for word in request.query.split()]
        return _list(await PEOPLE.page(self._views, call, asked, where=words))

    async def ImportPeople(self, request: pb.ImportPeopleRequest, call: Call) -> pb.ImportPeopleResponse:
        imported = Imported("person", PERSON, self._write)
        return pb.ImportPeopleResponse(results=await self._importer.take(imported, request.rows, call))

    async def _write(self, row: Row) -> Handled[Person]:
        given = await self._given.reachable(row.origin.tenant, row.given, row.given.get("branch", ""))
        return await self._registrar.write(
            row.id,
            row.command,
            row.origin,
            lambda state: _anew(row, given, state) if state.id else person.register(state, row.id, given),
        )


def _anew(row: Row, given: Mapping[str, Any], state: Person) -> Sequence[PersonFact]:
    """A name that was derived, or given by somebody, is not cleared because the row has none."""
    said = person.typed({name: value for name, value in given.items() if name != "row"})
    return person.update(state, changed(row, said, state, made_up=("display_name",)))


def message(found: Folded[Person] | Handled[Person]) -> pb.Person:
    return fill(
        pb.Person,
        found.state,
        etag=str(found.version),
        create_time=found.created_at,
        update_time=found.updated_at,
    )


def _list(page: Page) -> pb.ListPeopleResponse:
    people = [fill(pb.Person, row) for row in page.rows]
    return pb.ListPeopleResponse(people=people, next_page_token=page.next_page_token, total_size=page.total_size)


def _containing(word: str) -> Callable[[Callable[[object], str]], str]:
    pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    return lambda bind: f"{_SEARCHED} LIKE {_FOLDED.format(text=bind(pattern))}"
