"""Reads handoffs: one by its id from the log, many from the read model."""

from baton.contacts.v1 import handoffs_pb2 as pb

from eventlog.codec import Recorded
from eventlog.errors import Poison
from eventlog.events import Version
from facts.common import Subject
from runtime.call import Call
from runtime.department import House
from runtime.listing import Listing, Where
from services.contacts.api.handoff_access import is_seen, not_there
from services.contacts.api.handoff_views import folded, message
from services.contacts.common.hearing import heard
from services.contacts.domain.handoff import ASKED, HANDOFF, OPEN, WAITING, Handoff
from services.contacts.handoff_queries import HandoffQueries
from services.contacts.queries import Row

_WAITING = ", ".join(f"'{state}'" for state in WAITING)

HANDOFFS = Listing(
    "handoffs",
    pb.Handoff,
    orderable=(
        "create_time", "update_time", "deadline", "state", "kind", "from_branch", "to_branch", "assignee",
        "from_department", "to_department", "accepted_by", "accepted_at",
    ),
    scope="from_branch = {branch} OR to_branch = {branch}",
    computed={"overdue": f"overdue OR (state IN ({_WAITING}) AND coalesce(deadline <= {{now}}, false))"},
    ignored=("person_id", "related"),
)  # fmt: skip

#: The person of a row, as far as it is known by now.
_PERSON = """coalesce(
    (SELECT nullif(p.person_id, '') FROM lead_people p
     WHERE p.tenant = {table}.tenant AND {table}.subject_kind = 'lead' AND p.lead_id = {table}.subject_id),
    nullif({table}.person_id, ''), CASE WHEN {table}.subject_kind = 'person' THEN {table}.subject_id END)"""


class HandoffReader:
    def __init__(self, house: House, queries: HandoffQueries) -> None:
        self._house = house
        self._queries = queries

    async def one(self, id: str, call: Call) -> pb.Handoff:
        """A handoff that the caller sees, as it is now. Raises `NotThere`."""
        tenant = call.identity.tenant
        # In this order: what was withdrawn before its offer has a row for as long as that stands in its stream.
        recorded, row = await self._recorded(tenant, id), await self._queries.one(tenant, id)
        if row is None and not recorded:
            # Marketing answers with the id of the handoff that it asks for, before contacts has heard of it.
            await heard(self._house, "marketing")
            recorded, row = await self._recorded(tenant, id), await self._queries.one(tenant, id)
        if row is None and not recorded:
            raise not_there(id)
        shown = folded(row, recorded)
        if not is_seen(shown["from_branch"], shown["to_branch"], call):
            raise not_there(id)
        return await self._message(shown, call)

    async def at(self, id: str, call: Call, version: Version) -> pb.Handoff:
        """A handoff as a write left it."""
        row = await self._queries.one(call.identity.tenant, id)
        return await self._message(folded(row, await self._recorded(call.identity.tenant, id, version)), call)

    async def page(self, request: pb.ListHandoffsRequest, call: Call) -> pb.ListHandoffsResponse:
        now = self._house.clock()
        page = await HANDOFFS.page(self._house.views, call, request, now=now, where=_where(request))
        about = await self._queries.about(call.identity.tenant, [row["id"] for row in page.rows], OPEN)
        return pb.ListHandoffsResponse(
            handoffs=[message(row, about.get(row["id"]), now) for row in page.rows],
            next_page_token=page.next_page_token,
            total_size=page.total_size,
        )

    async def asked(self, id: str, call: Call) -> Handoff:
        """A handoff as the fact that asks for it says; nothing where its own stream says as much. Raises `NotThere`
        for what nobody asked for, or what the caller does not see and cannot have decided on."""
        tenant = call.identity.tenant
        if (await self._house.handler.load(HANDOFF, tenant, id)).state.from_department:
            return Handoff()
        row = await self._queries.one(tenant, id)
        if row is None:
            await heard(self._house, "marketing")
            row = await self._queries.one(tenant, id)
        if row is None or not is_seen(row["from_branch"], row["to_branch"], call):
            raise not_there(id)
        return Handoff(
            id=id,
            state=ASKED,
            kind=row["kind"],
            from_department=row["from_department"],
            to_department=row["to_department"],
            subject=Subject(kind=row["subject_kind"], id=row["subject_id"]),
            from_branch=row["from_branch"],
            to_branch=row["asked_to_branch"],
        )

    async def _message(self, shown: Row, call: Call) -> pb.Handoff:
        about = await self._queries.about(call.identity.tenant, [shown["id"]], OPEN)
        return message(shown, about.get(shown["id"]), self._house.clock())

    async def _recorded(self, tenant: str, id: str, upto: Version | None = None) -> list[Recorded]:
        events = await self._house.store.read_stream(tenant, f"{HANDOFF.name}-{id}", limit=upto)
        found = []
        for each in await self._house.codec.decode_many(self._house.name, events):
            if isinstance(each, Poison):
                raise each
            found.append(each)
        return found


def _where(request: pb.ListHandoffsRequest) -> list[Where]:
    """Filters that no column answers."""
    found: list[Where] = []
    if request.person_id:
        ids = list(request.person_id)
        found.append(lambda bind: f"coalesce({_PERSON.format(table='handoffs')}, '') = ANY({bind(ids)}::text[])")
    if request.related:
        others = list(request.related)
        found.append(
            lambda bind: (
                f"""state = ANY({bind(list(OPEN))}::text[]) AND EXISTS (
                SELECT FROM handoffs o WHERE o.tenant = handoffs.tenant AND o.id = ANY({bind(others)}::text[])
                AND o.id <> handoffs.id AND o.state = ANY({bind(list(OPEN))}::text[])
                AND {_PERSON.format(table="o")} = {_PERSON.format(table="handoffs")})"""
            )
        )
    return found
