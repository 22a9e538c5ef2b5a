"""Whose lead is it? What contacts finds out when marketing tells of leads."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from baton.contacts.v1 import interactions_pb2, people_pb2, timeline_pb2

from facts.marketing import Enquiry, LeadCaptured, LeadPerson, LeadPersonLinked, LeadPromise, LeadUpdated
from services.contacts.domain.lead import LEAD_PERSON
from services.contacts.domain.lead import LeadPerson as Found
from tests.support.house import Desk, Town, eventually

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def captured(lead_id: str, **fields: Any) -> LeadCaptured:
    return LeadCaptured(lead_id=lead_id, branch="london", owner="mia", captured_at=NOON, **fields)


async def found_for(town: Town, lead_id: str) -> Found:
    """What contacts says of the lead, once it says anything."""

    async def look() -> Found:
        return (await town.houses.running["contacts"].house.handler.load(LEAD_PERSON, town.tenant, lead_id)).state

    return await eventually(look, lambda state: state.lead_id == lead_id)


async def register(desk: Desk, name: str, email: str = "", phone: str = "") -> str:
    person = people_pb2.Person(
        given_name=name,
        emails=[people_pb2.Email(address=email)] if email else [],
        phones=[people_pb2.Phone(number=phone)] if phone else [],
    )
    made = await desk.ask("People/CreatePerson", people_pb2.CreatePersonRequest(person=person))
    return str(made.id)


async def test_a_lead_nobody_is_known_for_registers_the_person(town: Town) -> None:
    lead_id = str(uuid4())
    who = LeadPerson(name="Anna Petrova", email="Anna@Example.com", phone="+44 20 7946 0018")

    await town.tell(f"marketing.lead-{lead_id}", captured(lead_id, person=who))

    found = await found_for(town, lead_id)
    person = await town.desk("emma").ask("People/GetPerson", people_pb2.GetPersonRequest(id=found.person_id))
    assert found.found_by == "registered"
    assert (person.display_name, person.branch, person.responsible) == ("Anna Petrova", "london", "mia")
    assert (person.emails[0].address, person.phones[0].number) == ("Anna@Example.com", "+442079460018")


async def test_the_e_mail_address_finds_the_person_before_the_phone_number(town: Town) -> None:
    anna = await register(town.desk("emma"), "Anna", email="anna@example.com")
    by_mail, by_phone = str(uuid4()), str(uuid4())
    boris = await register(town.desk("emma"), "Boris", phone="+442079460018")

    await town.tell(
        f"marketing.lead-{by_mail}", captured(by_mail, person=LeadPerson(email="ANNA@example.com", phone="020"))
    )
    await town.tell(
        f"marketing.lead-{by_phone}",
        captured(by_phone, person=LeadPerson(email="b@example.com", phone="+44 20 7946 0018")),
    )

    assert await found_for(town, by_mail) == Found(by_mail, anna, "email")
    assert await found_for(town, by_phone) == Found(by_phone, boris, "phone")


async def test_a_contradiction_is_left_to_an_employee(town: Town) -> None:
    anna = await register(town.desk("emma"), "Anna", email="anna@example.com")
    boris = await register(town.desk("emma"), "Boris", phone="+442079460018")
    lead_id = str(uuid4())
    who = LeadPerson(email="anna@example.com", phone="+442079460018")

    await town.tell(f"marketing.lead-{lead_id}", captured(lead_id, person=who))
    undecided = await found_for(town, lead_id)
    await town.tell(f"marketing.lead-{lead_id}", LeadPersonLinked(lead_id=lead_id, person_id=boris), employee="mia")
    linked = await eventually(lambda: found_for(town, lead_id), lambda found: found.person_id)

    assert undecided == Found(lead_id, candidates=(anna, boris))
    assert linked == Found(lead_id, boris, "employee")


async def test_two_leads_at_one_moment_register_one_person(town: Town) -> None:
    leads = [str(uuid4()) for _ in range(6)]
    who = LeadPerson(name="Anna", email="anna@example.com", phone="+442079460018")

    await asyncio.gather(*(town.tell(f"marketing.lead-{id}", captured(id, person=who)) for id in leads))
    found = [await found_for(town, id) for id in leads]

    assert len({each.person_id for each in found}) == 1
    assert sorted(each.found_by for each in found) == ["email"] * 5 + ["registered"]


async def test_a_person_who_is_told_later_is_found_then(town: Town) -> None:
    lead_id = str(uuid4())
    stream = f"marketing.lead-{lead_id}"
    anna = await register(town.desk("emma"), "Anna", email="anna@example.com")

    await town.tell(stream, captured(lead_id))
    await town.tell(
        stream, LeadUpdated(lead_id=lead_id, fields=("person",), person=LeadPerson(email="anna@example.com"))
    )

    assert await found_for(town, lead_id) == Found(lead_id, anna, "email")


async def test_an_enquiry_becomes_an_interaction(town: Town) -> None:
    lead_id, interaction_id, promise_id = str(uuid4()), str(uuid4()), str(uuid4())
    promise = LeadPromise(id=promise_id, what="Call back", by="mia", due=NOON + timedelta(days=1))
    enquiry = Enquiry(
        interaction_id=interaction_id,
        channel="CALL",
        direction="IN",
        occurred_at=NOON,
        employee="mia",
        summary="Wants forty chairs",
        promises=(promise,),
    )
    who = LeadPerson(name="Anna", email="anna@example.com")

    await town.tell(f"marketing.lead-{lead_id}", captured(lead_id, person=who, enquiry=enquiry))

    emma = town.desk("emma")
    by_lead = interactions_pb2.ListInteractionsRequest(lead_id=[lead_id])
    page = await eventually(lambda: emma.ask("Interactions/ListInteractions", by_lead), lambda page: page.total_size)
    (made,) = page.interactions
    found = await found_for(town, lead_id)
    assert (made.id, made.summary, made.branch, made.employee) == (interaction_id, enquiry.summary, "london", "mia")
    assert (made.person_id, [each.id for each in made.promises]) == (found.person_id, [promise_id])
    timeline = await emma.ask("Timelines/ListPersonTimeline", timeline_pb2.ListTimelineRequest(id=found.person_id))
    assert {"marketing.lead-captured", "contacts.person-registered", "contacts.interaction-recorded"} <= {
        entry.type for entry in timeline.entries
    }
