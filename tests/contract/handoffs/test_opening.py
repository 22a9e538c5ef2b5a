"""What a handoff opens to the receiving branch: its subject, and what those who linked it could read themselves."""

from functools import partial
from typing import Any

import pytest
from baton.contacts.v1 import companies_pb2, interactions_pb2, people_pb2, timeline_pb2
from baton.contacts.v1 import handoffs_pb2 as pb
from baton.marketing.v1 import leads_pb2
from baton.sales.v1 import opportunities_pb2

from runtime.errors import RpcError
from tests.support.handoffs import Handover, State, streams
from tests.support.house import Desk, eventually


async def register(desk: Desk, **given: Any) -> str:
    """The id of a person of the desk's branch."""
    request = people_pb2.CreatePersonRequest(person=people_pb2.Person(**given))
    return str((await desk.ask("People/CreatePerson", request)).id)


async def found(desk: Desk, company: str) -> str:
    """The id of a company of the desk's branch."""
    request = companies_pb2.CreateCompanyRequest(company=companies_pb2.Company(name=company))
    return str((await desk.ask("Companies/CreateCompany", request)).id)


async def link(desk: Desk, lead_id: str, person_id: str) -> None:
    await desk.ask("Leads/LinkPerson", leads_pb2.LinkPersonRequest(id=lead_id, person_id=person_id))


async def reads(desk: Desk, person_id: str) -> bool:
    return await answers(desk.ask("People/GetPerson", people_pb2.GetPersonRequest(id=person_id)))


async def answers(asked: Any) -> bool:
    """Whether it is there for who asks."""
    try:
        await asked
    except RpcError as error:
        if error.kind.http != 404:
            raise
        return False
    return True


async def told(desk: Desk, of: str, id: str) -> set[str]:
    """The streams of a timeline; none where it is not there for who asks."""
    request = timeline_pb2.ListTimelineRequest(id=id, page_size=500)
    try:
        timeline = await desk.ask(f"Timelines/List{of}Timeline", request)
    except RpcError as error:
        if error.kind.http != 404:
            raise
        return set()
    return {entry.stream for entry in timeline.entries}


async def offered(handover: Handover, lead_id: str) -> pb.Handoff:
    return await handover.becomes(await handover.qualify(lead_id), State.DELIVERED)


async def test_a_person_of_another_branch_is_proved_and_not_opened(handover: Handover) -> None:
    theirs = await register(handover.leeds, display_name="Anna Petrova")
    lead = await handover.lead()
    await link(handover.mia, lead.id, theirs)

    handoff = await offered(handover, lead.id)

    assert f"contacts.person-{theirs}" in dict(streams(handoff.manifest))
    assert not await reads(handover.oliver, theirs)
    assert f"contacts.person-{theirs}" not in await told(handover.oliver, "Lead", lead.id)
    assert await told(handover.oliver, "Person", theirs) == set()


async def test_a_call_that_names_both_opens_the_call_and_not_the_person(handover: Handover) -> None:
    theirs = await register(handover.leeds, display_name="Anna Petrova")
    lead = await handover.lead()
    call = await handover.call(handover.mia_at_contacts, lead_id=lead.id, person_id=theirs)

    handoff = await offered(handover, lead.id)

    assert f"contacts.person-{theirs}" in dict(streams(handoff.manifest))
    assert f"contacts.interaction-{call.id}" in await told(handover.oliver, "Lead", lead.id)
    assert not await reads(handover.oliver, theirs)


async def test_who_names_a_person_of_another_branch_tells_that_branch_and_reads_nothing(handover: Handover) -> None:
    theirs = await register(handover.leeds, display_name="Anna Petrova")

    call = await handover.call(handover.mia_at_contacts, person_id=theirs)

    assert await eventually(lambda: told(handover.leeds, "Person", theirs), lambda told: len(told) == 2) == {
        f"contacts.person-{theirs}",
        f"contacts.interaction-{call.id}",
    }
    assert not await reads(handover.mia_at_contacts, theirs)


async def test_another_branchs_lead_of_the_same_person_is_not_opened_at_marketing(handover: Handover) -> None:
    theirs = await register(handover.leeds, display_name="Anna Petrova")
    leeds = handover.town.desk("ruth", "marketing", branch="leeds", package="marketing")
    wanted = leads_pb2.CreateLeadRequest(lead=leads_pb2.Lead(source="fair", note="Owes us money"))
    their_lead = await leeds.ask("Leads/CreateLead", wanted)
    await link(leeds, their_lead.id, theirs)
    lead = await handover.lead()
    await link(handover.mia, lead.id, theirs)

    handoff = await offered(handover, lead.id)
    york = handover.town.desk("olga", "marketing", branch="york", package="marketing")

    assert f"marketing.lead-{their_lead.id}" in dict(streams(handoff.manifest))
    assert await eventually(lambda: answers(york.ask("Leads/GetLead", leads_pb2.GetLeadRequest(id=lead.id))))
    assert not await answers(york.ask("Leads/GetLead", leads_pb2.GetLeadRequest(id=their_lead.id)))


async def test_a_company_of_another_branch_is_not_opened_by_a_person_who_claims_to_work_there(
    handover: Handover,
) -> None:
    company_id = await found(handover.leeds, "Petrov Ltd")
    ours = await register(handover.mia_at_contacts, display_name="Ivan Petrov", company_id=company_id)
    lead = await handover.lead()
    await link(handover.mia, lead.id, ours)

    await offered(handover, lead.id)

    assert await reads(handover.oliver, ours)
    request = companies_pb2.GetCompanyRequest(id=company_id)
    assert not await answers(handover.oliver.ask("Companies/GetCompany", request))


async def test_naming_another_branchs_lead_in_an_own_opportunity_tells_nothing_of_it(handover: Handover) -> None:
    lead = await handover.lead(note="Only for London")
    ruth = handover.town.desk("ruth", "sales", branch="leeds", package="sales")
    wanted = opportunities_pb2.Opportunity(title="Forty chairs", lead_ids=[lead.id])
    request = opportunities_pb2.CreateOpportunityRequest(opportunity=wanted)
    own = (await ruth.ask("Opportunities/CreateOpportunity", request)).id

    everything = await eventually(partial(told, handover.manager, "Opportunity", own), lambda seen: len(seen) > 1)

    assert f"marketing.lead-{lead.id}" in everything
    assert await told(handover.leeds, "Opportunity", own) == {f"sales.opportunity-{own}"}


async def test_linking_another_branchs_person_to_an_own_lead_tells_nothing_of_them(handover: Handover) -> None:
    theirs = await register(handover.leeds, display_name="Anna Petrova")
    lead = await handover.lead()
    await link(handover.mia, lead.id, theirs)

    person = f"contacts.person-{theirs}"
    await eventually(partial(told, handover.manager, "Lead", lead.id), lambda seen: person in seen)

    assert person not in await told(handover.mia_at_contacts, "Lead", lead.id)


@pytest.mark.parametrize("who", ["the branch that looks after them", "somebody who sees the tenant"])
async def test_a_person_is_opened_when_who_linked_them_could_read_them(handover: Handover, who: str) -> None:
    own = who == "the branch that looks after them"
    person = await register(handover.mia_at_contacts if own else handover.leeds, display_name="Anna Petrova")
    lead = await handover.lead()
    manager = handover.town.desk("grace", "manager", branch="london", package="marketing")
    await link(handover.mia if own else manager, lead.id, person)

    await offered(handover, lead.id)

    assert await reads(handover.oliver, person)
    assert f"contacts.person-{person}" in await told(handover.oliver, "Lead", lead.id)


async def test_a_person_whom_contacts_found_by_address_is_opened_whoever_looks_after_them(handover: Handover) -> None:
    person = await register(handover.leeds, display_name="Anna Petrova", emails=[{"address": "anna@petrov.example"}])
    lead = await handover.lead(person={"email": "Anna@Petrov.example"})

    handoff = await offered(handover, lead.id)

    assert handoff.person_id == person
    assert await reads(handover.oliver, person)


async def test_what_was_handed_to_a_branch_may_be_handed_on_by_it(handover: Handover) -> None:
    person = await register(handover.mia_at_contacts, display_name="Anna Petrova")
    lead = await handover.lead()
    await link(handover.mia, lead.id, person)
    accepted = await handover.accept((await offered(handover, lead.id)).id)
    (opportunity_id,) = (
        await eventually(lambda: handover.get(accepted.id), lambda seen: bool(seen.opportunity_ids))
    ).opportunity_ids

    subject = {"kind": "opportunity", "id": opportunity_id}
    request = pb.CreateHandoffRequest(kind="to-leeds", subject=subject, to_department="contacts", to_branch="leeds")
    await handover.becomes((await handover.oliver.ask("Handoffs/CreateHandoff", request)).id, State.DELIVERED)

    assert await eventually(partial(reads, handover.leeds, person))


async def test_an_earlier_deal_with_the_company_of_the_person_is_opened_with_the_acceptance(handover: Handover) -> None:
    company_id = await found(handover.mia_at_contacts, "Petrov Ltd")
    emails = [{"address": "anna@petrov.example"}]
    await register(handover.mia_at_contacts, display_name="Anna", emails=emails, company_id=company_id)
    london = handover.town.desk("lena", "sales", branch="london", package="sales")
    wanted = opportunities_pb2.Opportunity(title="Forty chairs", company_id=company_id)
    request = opportunities_pb2.CreateOpportunityRequest(opportunity=wanted)
    earlier = (await london.ask("Opportunities/CreateOpportunity", request)).id
    lead = await handover.lead(person={"email": "anna@petrov.example"})

    await handover.accept((await offered(handover, lead.id)).id)

    york = handover.town.desk("oliver", "sales", branch="york", package="sales")
    look = opportunities_pb2.GetOpportunityRequest(id=earlier)
    assert await eventually(lambda: answers(york.ask("Opportunities/GetOpportunity", look)))


async def test_what_is_opened_is_in_lists_and_search_and_is_read_only(handover: Handover) -> None:
    lead = await handover.lead(person={"name": "Anna Petrova", "email": "anna@petrov.example"})
    promises = [{"what": "Send the catalogue", "by": "mia"}]
    handoff = await handover.becomes(await handover.qualify(lead.id), State.DELIVERED)
    person = handoff.person_id
    call = await handover.call(handover.mia_at_contacts, lead_id=lead.id, person_id=person, promises=promises)
    elsewhere = await handover.call(handover.leeds, summary="About somebody else")
    york = handover.town.desk("oliver", "sales", "marketing", branch="york", package="marketing")

    async def listed(desk: Desk) -> list[list[str]]:
        """What its lists and its search show."""
        pages = [
            (await desk.ask("People/ListPeople", people_pb2.ListPeopleRequest(id=[person]))).people,
            (await desk.ask("People/SearchPeople", people_pb2.SearchPeopleRequest(query="petrov"))).people,
            (await desk.ask("Interactions/ListInteractions", pb_interactions(lead_id=[lead.id]))).interactions,
            (await desk.ask("Interactions/ListInteractions", pb_interactions())).interactions,
            (await desk.ask("Promises/ListPromises", pb_promises(person_id=[person]))).promises,
        ]
        return [[each.id for each in page] for page in pages]

    opened = [[person], [person], [call.id], [call.id], [call.promises[0].id]]
    assert await eventually(lambda: listed(handover.oliver), lambda seen: seen == opened) == opened
    assert await listed(handover.leeds) == [[], [], [], [elsewhere.id], []]

    touch, rename = leads_pb2.TouchLeadRequest(id=lead.id), leads_pb2.Lead(id=lead.id, note="Ours")
    writes = {
        "its person": (handover.oliver, "People/UpdatePerson", pb_person(id=person, note="Ours")),
        "its call": (handover.oliver, "Interactions/UpdateInteraction", pb_call(id=call.id, summary="Ours")),
        "its lead": (york, "Leads/UpdateLead", leads_pb2.UpdateLeadRequest(lead=rename)),
        "a touch of it": (york, "Leads/TouchLead", touch),
    }
    assert {
        what: await refusal(desk.ask(method, asked)) for what, (desk, method, asked) in writes.items()
    } == dict.fromkeys(writes, (403, "of the branch london: yours may read it, not change it"))

    await handover.oliver.ask("Handoffs/ReturnHandoff", pb.ReturnHandoffRequest(id=handoff.id, reason="No budget"))
    closed: list[list[str]] = [[]] * 5
    assert await eventually(lambda: listed(handover.oliver), lambda seen: seen == closed) == closed
    status, _ = await refusal(handover.oliver.ask("People/UpdatePerson", pb_person(id=person, note="Ours")))
    assert status == 404


async def refusal(asked: Any) -> tuple[int, str]:
    """HTTP status of a refusal, and what it says after naming the record."""
    with pytest.raises(RpcError) as raised:
        await asked
    return raised.value.kind.http, str(raised.value).partition(" is ")[2]


def pb_interactions(**given: Any) -> interactions_pb2.ListInteractionsRequest:
    return interactions_pb2.ListInteractionsRequest(**given)


def pb_promises(**given: Any) -> interactions_pb2.ListPromisesRequest:
    return interactions_pb2.ListPromisesRequest(**given)


def pb_person(**given: Any) -> people_pb2.UpdatePersonRequest:
    return people_pb2.UpdatePersonRequest(person=people_pb2.Person(**given))


def pb_call(**given: Any) -> interactions_pb2.UpdateInteractionRequest:
    return interactions_pb2.UpdateInteractionRequest(interaction=interactions_pb2.Interaction(**given))


async def test_the_asking_branch_reads_on_what_it_handed_on_and_nothing_that_it_could_not_read(
    handover: Handover,
) -> None:
    ours = await register(handover.mia_at_contacts, display_name="Ivan Petrov")
    theirs = await register(handover.leeds, display_name="Anna Petrova")
    for person in (ours, theirs):
        lead = await handover.lead()
        await link(handover.mia, lead.id, person)
        await offered(handover, lead.id)

    moved = people_pb2.UpdatePersonRequest(person=people_pb2.Person(id=ours, branch="york"))
    await handover.manager.ask("People/UpdatePerson", moved)

    assert await reads(handover.mia_at_contacts, ours)
    assert not await reads(handover.mia_at_contacts, theirs)
