"""From asked to delivered: what is offered, and what proves that it came."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

import pytest
from baton.contacts.v1 import branches_pb2, companies_pb2, people_pb2
from baton.contacts.v1 import handoffs_pb2 as pb
from baton.marketing.v1 import leads_pb2

from eventlog.errors import Behind
from eventlog.events import Place
from eventlog.reactions import Due, NotYet
from runtime.department import Heard
from runtime.errors import RpcError
from runtime.etags import version_of
from services.contacts.handoff_queries import HandoffQueries
from services.contacts.queries import Row
from services.contacts.reactions.judging import Judging
from tests.support.handoffs import Handover, State, streams


async def test_a_qualified_lead_is_offered_and_delivered_with_everything_known(handover: Handover) -> None:
    lead = await handover.lead()

    delivered = await handover.becomes(await handover.qualify(lead.id, note="Forty chairs"), State.DELIVERED)

    assert (delivered.from_department, delivered.to_department) == ("marketing", "sales")
    assert (delivered.from_branch, delivered.to_branch, delivered.asked_by) == ("london", "york", "mia")
    assert (delivered.kind, delivered.subject.kind, delivered.subject.id) == ("lead-to-sales", "lead", lead.id)
    assert delivered.note == "Forty chairs"
    assert streams(delivered.manifest) == [(f"marketing.lead-{lead.id}", 2)]
    assert list(delivered.receipt) == list(delivered.manifest)
    assert [step.what for step in delivered.history] == ["asked", "offered", "delivered"]
    (_, qualified) = await handover.log_of(f"marketing.lead-{lead.id}")
    assert delivered.manifest[0].digest == qualified.digest.hex()


async def test_the_offer_tells_of_the_person_of_the_enquiry_and_of_what_was_promised(handover: Handover) -> None:
    promise = leads_pb2.Enquiry.PromiseMade(what="Send the catalogue", by="mia")
    enquiry = leads_pb2.Enquiry(channel="CALL", direction="IN", summary="Asked for chairs", promises=[promise])
    lead = await handover.lead(person={"name": "Anna", "email": "anna@example.com"}, enquiry=enquiry)

    delivered = await handover.becomes(await handover.qualify(lead.id), State.DELIVERED)

    assert delivered.person_id
    found = {stream.partition("-")[0] for stream, _ in streams(delivered.manifest)}
    assert found == {"marketing.lead", "contacts.lead", "contacts.person", "contacts.interaction"}
    assert list(delivered.receipt) == list(delivered.manifest)


async def test_what_is_handed_on_by_hand_is_offered_too(handover: Handover) -> None:
    call = await handover.call(handover.mia_at_contacts, person_id="anna")
    request = pb.CreateHandoffRequest(
        subject={"kind": "person", "id": "anna"}, to_department="sales", to_branch="york", note="Moves to York"
    )

    asked = await handover.mia_at_contacts.ask("Handoffs/CreateHandoff", request)

    assert (asked.state, asked.kind, asked.asked_by) == (State.ASKED, "person-to-sales", "mia")
    assert version_of(asked.etag) == 1
    delivered = await handover.becomes(asked.id, State.DELIVERED)
    assert (delivered.from_department, delivered.note, delivered.person_id) == ("marketing", "Moves to York", "anna")
    assert streams(delivered.manifest) == [(f"contacts.interaction-{call.id}", 1)]


async def test_what_is_handed_on_already_is_not_handed_on_again(handover: Handover) -> None:
    open_one = await handover.delivered()
    request = pb.CreateHandoffRequest(subject={"kind": "lead", "id": open_one.subject.id}, to_branch="york")

    with pytest.raises(RpcError) as refused:
        await handover.mia_at_contacts.ask("Handoffs/CreateHandoff", request)

    assert (refused.value.kind.http, open_one.id in str(refused.value)) == (409, True)
    reason = pb.WithdrawHandoffRequest(id=open_one.id, reason="By mistake")
    await handover.mia_at_contacts.ask("Handoffs/WithdrawHandoff", reason)
    again = await handover.mia_at_contacts.ask("Handoffs/CreateHandoff", request)
    assert (again.state, again.previous_id) == (State.ASKED, open_one.id)
    returned = await handover.becomes(again.id, State.DELIVERED)
    assert returned.previous_id == open_one.id
    await handover.oliver.ask("Handoffs/ReturnHandoff", pb.ReturnHandoffRequest(id=again.id, reason="No budget"))
    third = await handover.mia_at_contacts.ask("Handoffs/CreateHandoff", request)
    assert third.previous_id == again.id


async def test_of_several_who_hand_on_the_same_at_once_one_does(
    handover: Handover, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = await handover.lead()
    request = pb.CreateHandoffRequest(kind="visit", subject={"kind": "lead", "id": lead.id}, to_branch="york")
    look, together = HandoffQueries.of_kind, asyncio.Barrier(4)

    async def at_once(queries: HandoffQueries, tenant: str, subject: tuple[str, str], kind: str) -> Sequence[Row]:
        """Nobody goes on before everybody has seen that nothing is open."""
        found = await look(queries, tenant, subject, kind)
        if not found:
            await together.wait()
        return found

    monkeypatch.setattr(HandoffQueries, "of_kind", at_once)
    asking = [handover.mia_at_contacts.ask("Handoffs/CreateHandoff", request) for _ in range(together.parties)]
    answers = await asyncio.gather(*asking, return_exceptions=True)

    (asked,) = [answer for answer in answers if isinstance(answer, pb.Handoff)]
    refusals = [(each.kind.http, str(each)) for each in answers if isinstance(each, RpcError)]
    words = f"handoff {asked.id} of this kind and subject is still open; decide on it first"
    assert refusals == [(409, words)] * 3


async def test_the_same_command_twice_at_once_hands_on_once(handover: Handover) -> None:
    lead = await handover.lead()
    request = pb.CreateHandoffRequest(kind="visit", subject={"kind": "lead", "id": lead.id}, to_branch="york")
    asking = [handover.mia_at_contacts.ask("Handoffs/CreateHandoff", request, idempotency_key="once") for _ in range(4)]

    answers = await asyncio.gather(*asking)

    assert len({answer.id for answer in answers}) == 1


async def test_who_has_no_branch_hands_on_for_that_of_the_subject(handover: Handover) -> None:
    delivered = await handover.delivered()
    request = pb.CreateHandoffRequest(subject={"kind": "lead", "id": delivered.subject.id}, kind="second-look")

    asked = await handover.town.desk("grace", "manager").ask("Handoffs/CreateHandoff", request)

    assert (asked.from_branch, asked.to_branch) == ("london", "london")


async def test_contacts_and_marketing_receive_as_sales_does(handover: Handover) -> None:
    call = await handover.call(handover.mia_at_contacts, person_id="anna")
    for department in ("contacts", "marketing"):
        request = pb.CreateHandoffRequest(subject={"kind": "person", "id": "anna"}, to_department=department)
        asked = await handover.manager.ask("Handoffs/CreateHandoff", request)
        delivered = await handover.becomes(asked.id, State.DELIVERED)
        assert (f"contacts.interaction-{call.id}", 1) in streams(delivered.receipt)
        assert [event.type for event in await handover.log_of(f"{department}.receipt-{asked.id}")] == [
            f"{department}.handoff-received"
        ]


async def test_what_the_kind_requires_and_nobody_filled_in_is_told_and_blocks_nothing(handover: Handover) -> None:
    kind = pb.HandoffKind(
        kind="lead-to-sales", required=["brief.nextStep", "person.phone", "note", "source", "custom.budget"]
    )
    await handover.manager.ask(
        "HandoffKinds/UpdateHandoffKind",
        pb.UpdateHandoffKindRequest(handoff_kind=kind, update_mask={"paths": ["required"]}),
    )
    lead = await handover.lead(person={"email": "anna@example.com"})

    delivered = await handover.becomes(await handover.qualify(lead.id, note="Soon"), State.DELIVERED)

    assert list(delivered.missing) == ["brief.nextStep", "person.phone", "custom.budget"]


async def test_the_deadline_is_in_the_receiving_branchs_working_hours(handover: Handover) -> None:
    hours = [branches_pb2.WorkingDay(day=day, opens="00:00", closes="24:00") for day in range(1, 8)]
    branch = branches_pb2.Branch(id="york", time_zone="Europe/London", working_hours=hours)
    await handover.town.desk("root", "admin").ask(
        "Branches/CreateBranch", branches_pb2.CreateBranchRequest(branch=branch)
    )

    delivered = await handover.delivered()

    waited = delivered.deadline.ToDatetime() - delivered.history[1].at.ToDatetime()
    assert abs(waited.total_seconds() - 8 * 3600) < 5


async def test_an_earlier_conversation_is_part_of_the_next_offer(handover: Handover) -> None:
    lead = await handover.lead()
    first = await handover.becomes(await handover.qualify(lead.id), State.DELIVERED)
    await handover.oliver.ask("Handoffs/ReturnHandoff", pb.ReturnHandoffRequest(id=first.id, reason="No budget"))

    async def requalified() -> str:
        return await handover.qualify(lead.id)

    again = await handover.becomes(await handover.once_returned(lead.id, requalified), State.DELIVERED)

    assert again.previous_id == first.id
    assert f"contacts.handoff-{first.id}" in [stream for stream, _ in streams(again.manifest)]
    assert list(again.receipt) == list(again.manifest)


async def test_a_handoff_is_only_seen_by_its_two_branches(handover: Handover) -> None:
    delivered = await handover.delivered()

    for desk, seen in ((handover.mia_at_contacts, 1), (handover.oliver, 1), (handover.leeds, 0)):
        listed = await desk.ask("Handoffs/ListHandoffs", pb.ListHandoffsRequest(id=[delivered.id]))
        assert listed.total_size == seen


class Lagging(Heard):
    """As if the department did not show yet what it has just recorded."""

    async def wait_for(self, department: str, place: Place, timeout_s: float) -> None:
        raise Behind(f"{department} is not heard up to {place} yet")


async def test_no_receipt_is_judged_before_what_its_offer_links_is_shown(handover: Handover) -> None:
    """An offer names the company where the person works, which nothing that the lead named did."""
    house = replace(handover.town.houses.running["contacts"].house, hearing=Lagging())
    handoff = await handover.delivered()
    args = {"handoff_id": handoff.id, "part": "offer", "department": "sales", "entries": []}

    with pytest.raises(NotYet):
        await Judging(house, HandoffQueries(house.views)).judge(
            [Due("judge", args, handover.town.tenant, uuid4(), "", "", None)]
        )


async def test_a_company_that_only_the_offer_names_is_told_of(handover: Handover) -> None:
    request = companies_pb2.CreateCompanyRequest(company=companies_pb2.Company(name="Petrov Ltd"))
    company_id = (await handover.mia_at_contacts.ask("Companies/CreateCompany", request)).id
    person = people_pb2.Person(display_name="Anna", emails=[{"address": "anna@petrov.example"}], company_id=company_id)
    await handover.mia_at_contacts.ask("People/CreatePerson", people_pb2.CreatePersonRequest(person=person))
    lead = await handover.lead(person={"email": "anna@petrov.example"})

    def tells_the_company(found: pb.Handoff) -> bool:
        return any((f"contacts.company-{company_id}", 1) in streams(part.receipt) for part in found.supplements)

    await handover.until(await handover.qualify(lead.id), tells_the_company)
