"""Whose lead is it, and what did they ask? The offer of a lead waits for it (`Offering`).

What is personal is not carried in todos: the doer reads the lead's stream again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid5

from eventlog.codec import Codec
from eventlog.decider import Refused
from eventlog.errors import Behind, Conflict, Poison
from eventlog.events import Place, Version
from eventlog.feed import Feed
from eventlog.following import command_of, origin_of
from eventlog.handling import Also, Handler
from eventlog.projections import At
from eventlog.reactions import Due, NotYet, Reactions, Todo
from eventlog.store import exact
from facts.contacts import Email
from facts.marketing import Enquiry, LeadCaptured, LeadPerson, LeadPersonLinked, LeadUpdated
from runtime.department import House
from services.contacts.common.given import Given
from services.contacts.common.registering import Registrar
from services.contacts.domain import interaction, lead, person
from services.contacts.domain.interaction import INTERACTION, Interaction
from services.contacts.domain.lead import LEAD_PERSON, Owners

SETTLE = "settle-lead"
LINK = "link-lead"

#: How often the owners of e-mail and phone are looked up anew because another lead came first.
ATTEMPTS_MAX = 8
#: How long the own views are waited for: an offer that waited for this todo then tells what was found.
SEEN_S = 5.0


def reactions(house: House, registrar: Registrar, given: Given) -> Reactions:
    """The process, with who does its work."""
    made = Reactions("leads", sources=("marketing",))
    made.on(LeadCaptured, LeadUpdated)(settle)
    made.on(LeadPersonLinked)(link)
    settler = Settler(house, registrar, given)
    made.does(SETTLE, settler.settle)
    made.does(LINK, settler.link)
    return made


def settle(fact: LeadCaptured | LeadUpdated, at: At) -> Iterable[Todo]:
    """One todo for each lead: a later fact takes the place of an earlier one that waits, and both are read."""
    if is_reachable(fact.person) or fact.enquiry is not None:
        yield Todo(SETTLE, {"lead_id": fact.lead_id, "version": at.version}, key=fact.lead_id)


def link(fact: LeadPersonLinked, at: At) -> Iterable[Todo]:
    """What is decided last counts, so a later todo takes the place of one that waits."""
    args = {"lead_id": fact.lead_id, "person_id": fact.person_id, "employee": at.employee}
    yield Todo(LINK, args, key=fact.lead_id)


def is_reachable(who: LeadPerson | None) -> bool:
    return who is not None and bool(who.email or who.phone)


@dataclass(frozen=True)
class Lead:
    """What the lead's stream says so far, as far as it matters here."""

    id: str
    person: LeadPerson | None = None
    branch: str = ""
    owner: str = ""
    enquiry: Enquiry | None = None
    employee: str = ""


@dataclass(frozen=True)
class Reader:
    """Reads leads from the log of marketing."""

    feed: Feed
    codec: Codec

    async def lead(self, tenant: str, lead_id: str, upto: Version) -> Lead:
        events = await self.feed.refetch(tenant, f"marketing.lead-{lead_id}", Version(0), upto)
        found = Lead(lead_id)
        for recorded in await self.codec.decode_many("marketing", events):
            if isinstance(recorded, Poison):
                raise recorded
            found = _told(found, recorded.fact, recorded.at.employee)
        return found


def _told(known: Lead, fact: Any, employee: str) -> Lead:
    match fact:
        case LeadCaptured():
            return Lead(known.id, fact.person, fact.branch, fact.owner, fact.enquiry, employee)
        case LeadUpdated():
            names = [name for name in ("person", "branch", "owner", "enquiry") if name in fact.fields]
            return replace(known, **{name: getattr(fact, name) for name in names})
        case _:
            return known


class Settler:
    def __init__(self, house: House, registrar: Registrar, given: Given) -> None:
        self._house = house
        self._handler: Handler = house.handler
        self._registrar = registrar
        self._given = given
        self._reader = Reader(house.feeds["marketing"], house.codec)

    async def settle(self, due: Due) -> None:
        """Find or register the lead's person, then record its enquiry."""
        found = await self._reader.lead(due.tenant, due.args["lead_id"], Version(due.args["version"]))
        given = await self._person(found, due.tenant)
        places = []
        if given["emails"] or any(each.number for each in given["phones"]):
            places.append(await self._find(found, given, due))
        if found.enquiry is not None:
            places.append(await self._record(found, found.enquiry, due))
        for place in places:
            await self._seen(place)

    async def _seen(self, place: Place) -> None:
        try:
            await self._house.hearing.wait_for(self._house.name, place, SEEN_S)
        except Behind as behind:
            raise NotYet(str(behind)) from None

    async def link(self, due: Due) -> None:
        """An employee decided."""
        lead_id, person_id = due.args["lead_id"], due.args["person_id"]
        await self._handler.handle(
            LEAD_PERSON,
            lead_id,
            command_of(due, "link"),
            origin_of(due, "contacts", employee=due.args["employee"]),
            lambda state, _: lead.link(state, lead_id, person_id),
        )

    async def _find(self, found: Lead, given: dict[str, Any], due: Due) -> Place:
        tenant = due.tenant
        for _ in range(ATTEMPTS_MAX):
            owners = await self._owners(tenant, given)
            known = await self._handler.load(LEAD_PERSON, tenant, found.id)
            try:
                if lead.is_new(known.state, owners):
                    return await self._register(found, given, known.version, due)
                handled = await self._handler.handle(
                    LEAD_PERSON,
                    found.id,
                    command_of(due, f"find {owners.email} {owners.phone}"),
                    origin_of(due, "contacts", found.branch, found.employee),
                    lambda state, _, owners=owners: lead.find(state, found.id, owners),  # type: ignore[misc]
                )
                return handled.place
            except (Refused, Conflict):
                continue
        raise NotYet(f"other leads of the same person came first {ATTEMPTS_MAX} times")

    async def _register(self, found: Lead, given: dict[str, Any], version: Version, due: Due) -> Place:
        """The person, the claims and whose lead it is in one append: of two leads at one moment, one registers."""
        person_id = str(uuid5(UUID(found.id), "person"))
        also = Also(f"{LEAD_PERSON.name}-{found.id}", exact(version), lead.register(found.id, person_id))
        handled = await self._registrar.write(
            person_id,
            command_of(due, "register"),
            origin_of(due, "contacts", found.branch, found.employee),
            lambda state: person.register(state, person_id, given),
            create=True,
            also=[also],
        )
        return handled.place

    async def _person(self, found: Lead, tenant: str) -> dict[str, Any]:
        who = found.person or LeadPerson()
        said = {
            "display_name": who.name,
            "emails": (Email(address=who.email),) if who.email else (),
            "phones": ({"number": who.phone},) if who.phone else (),
            "branch": found.branch,
            "responsible": found.owner,
        }
        return await self._given.reachable(tenant, said, found.branch)

    async def _owners(self, tenant: str, given: dict[str, Any]) -> Owners:
        owner = self._registrar.owner
        # The e-mail address last: it decides, and somebody may be registered between the two looks.
        phones = [await owner(tenant, ("phone", each.number)) for each in given["phones"] if each.number]
        mails = [await owner(tenant, ("email", each.address.lower())) for each in given["emails"]]
        return Owners("".join(mails), "".join(phones))

    async def _record(self, found: Lead, enquiry: Enquiry, due: Due) -> Place:
        known = await self._handler.load(LEAD_PERSON, due.tenant, found.id)
        handled = await self._handler.handle(
            INTERACTION,
            enquiry.interaction_id,
            command_of(due, "enquiry"),
            origin_of(due, "contacts", found.branch, found.employee),
            lambda state, _: _recorded(state, found, enquiry, known.state.person_id),
        )
        return handled.place


def _recorded(state: Interaction, found: Lead, enquiry: Enquiry, person_id: str) -> Sequence[Any]:
    """Once: what is changed in the interaction later stays."""
    if state.id:
        return []
    given = {
        "lead_id": found.id,
        "person_id": person_id,
        "branch": found.branch,
        "employee": enquiry.employee,
        "channel": enquiry.channel,
        "direction": enquiry.direction,
        "occurred_at": enquiry.occurred_at,
        "duration_seconds": enquiry.duration_seconds,
        "summary": enquiry.summary,
        "promises": [each.model_dump() for each in enquiry.promises],
    }
    ids = [each.id for each in enquiry.promises]
    return interaction.record(state, enquiry.interaction_id, given, ids.__getitem__, enquiry_of=found.id)
