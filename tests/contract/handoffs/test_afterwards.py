"""What comes after the offer: closing manifests, supplements, promises, late ones, several of one person."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest
from baton.contacts.v1 import handoffs_pb2 as pb
from baton.contacts.v1 import interactions_pb2
from baton.marketing.v1 import leads_pb2
from baton.sales.v1 import opportunities_pb2

from runtime.call import Call
from runtime.errors import RpcError
from services.contacts.api.naming import Naming
from services.contacts.handoff_queries import HandoffQueries, Of, Snapshot
from tests.support.handoffs import Clock, Handover, State, streams
from tests.support.house import Desk, eventually


async def test_what_was_recorded_since_the_offer_is_closed_with_the_acceptance(handover: Handover) -> None:
    delivered = await handover.delivered()
    call = await handover.call(handover.oliver, lead_id=delivered.subject.id)

    accepted = await handover.accept(delivered.id)

    assert (f"contacts.interaction-{call.id}", 1) in streams(accepted.closing.manifest)
    closed = await handover.until(accepted.id, lambda found: found.closing.delivered)
    assert list(closed.closing.receipt) == list(closed.closing.manifest)
    assert closed.state == State.ACCEPTED


async def test_the_opportunity_that_is_accepted_into_is_closed_with_the_acceptance(handover: Handover) -> None:
    for _ in range(3):
        delivered = await handover.delivered()
        opportunity_id = await opened_for(handover, delivered.subject.id)

        accepted = await handover.accept(delivered.id, opportunity_id=opportunity_id)

        assert (f"sales.opportunity-{opportunity_id}", 1) in streams(accepted.closing.manifest)


async def test_what_is_recorded_while_the_opportunity_is_looked_up_is_closed_too(
    handover: Handover, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered = await handover.delivered()
    opportunity_id = await opened_for(handover, delivered.subject.id)
    calls, look_up = [], Naming.is_writable

    async def meanwhile(naming: Naming, subject: str, call: Call) -> bool:
        found = await look_up(naming, subject, call)
        calls.append(await handover.call(handover.oliver, lead_id=delivered.subject.id))
        return found

    monkeypatch.setattr(Naming, "is_writable", meanwhile)
    accepted = await handover.accept(delivered.id, opportunity_id=opportunity_id)

    assert [(f"contacts.interaction-{each.id}", 1) in streams(accepted.closing.manifest) for each in calls] == [True]


async def test_nothing_is_accepted_on_a_look_from_before_its_offer(
    handover: Handover, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered = await handover.delivered()
    settled = HandoffQueries.settled

    async def early(queries: HandoffQueries, at: Of) -> Snapshot:
        return replace(await settled(queries, at), rows={}, concerning={}, withheld={})

    with monkeypatch.context() as before:
        before.setattr(HandoffQueries, "settled", early)
        with pytest.raises(RpcError, match="not shown here yet") as raised:
            await handover.accept(delivered.id, keep_promises=["of nobody"])
    assert raised.value.kind.http == 503

    call = await handover.call(handover.oliver, lead_id=delivered.subject.id)
    accepted = await handover.accept(delivered.id)
    assert (f"contacts.interaction-{call.id}", 1) in streams(accepted.closing.manifest)


async def opened_for(handover: Handover, lead_id: str) -> str:
    """The id of an opportunity that sales opened for a lead."""
    sales = handover.town.desk("oliver", "sales", branch="york", package="sales")
    wanted = opportunities_pb2.Opportunity(title="Forty chairs", lead_ids=[lead_id])
    request = opportunities_pb2.CreateOpportunityRequest(opportunity=wanted)
    return str((await sales.ask("Opportunities/CreateOpportunity", request)).id)


async def test_a_call_remembered_later_is_a_supplement_with_a_receipt_of_its_own(handover: Handover) -> None:
    delivered = await handover.delivered()
    await handover.accept(delivered.id)

    call = await handover.call(handover.mia_at_contacts, lead_id=delivered.subject.id, summary="I remember now")

    told = await handover.until(delivered.id, lambda found: any(part.delivered for part in found.supplements))
    assert (f"contacts.interaction-{call.id}", 1) in streams(told.supplements[-1].receipt)
    assert told.state == State.ACCEPTED


async def test_what_is_linked_later_is_a_supplement_with_all_that_it_brings(handover: Handover) -> None:
    anna = str(uuid4())
    call = await handover.call(handover.mia_at_contacts, person_id=anna)
    delivered = await handover.delivered()
    link = leads_pb2.LinkPersonRequest(id=delivered.subject.id, person_id=anna)

    await handover.mia.ask("Leads/LinkPerson", link)

    def brings_the_call(found: pb.Handoff) -> bool:
        return any((f"contacts.interaction-{call.id}", 1) in streams(part.receipt) for part in found.supplements)

    told = await handover.until(delivered.id, brings_the_call)
    assert told.person_id == anna


async def test_what_the_receiving_department_tells_itself_is_no_supplement(handover: Handover) -> None:
    delivered = await handover.delivered()
    accepted = await handover.accept(delivered.id)
    await eventually(lambda: handover.log_of(f"sales.opportunity-{accepted.opportunity_ids[0]}"), bool)

    await handover.call(handover.mia_at_contacts, lead_id=delivered.subject.id)
    shown = await handover.until(delivered.id, lambda found: found.supplements)
    assert [
        stream for part in shown.supplements for stream, _ in streams(part.manifest) if stream.startswith("sales")
    ] == []


async def test_open_promises_pass_to_the_new_owner_except_those_that_are_kept(handover: Handover) -> None:
    delivered = await handover.delivered()
    made = [
        interactions_pb2.Interaction.MadePromise(what=what, by=by)
        for what, by in (("Send the catalogue", "mia"), ("Ask the factory", "mia"), ("Pay", "CUSTOMER"))
    ]
    call = await handover.call(handover.mia_at_contacts, lead_id=delivered.subject.id, promises=made)
    kept = call.promises[1].id

    await handover.accept(delivered.id, keep_promises=[kept])

    async def promises() -> list[str]:
        request = interactions_pb2.GetInteractionRequest(id=call.id)
        found = await handover.manager.ask("Interactions/GetInteraction", request)
        return [promise.by for promise in found.promises]

    await eventually(promises, lambda found: found == ["oliver", "mia", "CUSTOMER"])


async def test_only_open_promises_about_the_subject_are_kept(handover: Handover) -> None:
    delivered = await handover.delivered()
    made = [interactions_pb2.Interaction.MadePromise(what="Send the catalogue", by="mia")]
    about_another = await handover.call(handover.mia_at_contacts, summary="Another lead", promises=made)

    for promise in ("nope", about_another.promises[0].id):
        with pytest.raises(RpcError) as refused:
            await handover.accept(delivered.id, keep_promises=[promise])
        assert (refused.value.kind.http, promise in str(refused.value)) == (409, True)
    assert (await handover.get(delivered.id)).state == State.DELIVERED


async def test_nothing_is_accepted_in_the_future(handover: Handover) -> None:
    delivered = await handover.delivered()

    with pytest.raises(RpcError) as refused:
        await handover.accept(delivered.id, accepted_at=datetime(2099, 1, 1, tzinfo=UTC))

    assert refused.value.kind.http == 409
    assert (await handover.get(delivered.id)).state == State.DELIVERED


async def test_a_promise_that_passed_on_is_in_the_list_of_the_branch_that_took_over(handover: Handover) -> None:
    delivered = await handover.delivered()
    yesterday = datetime.now(UTC) - timedelta(days=1)
    made = interactions_pb2.Interaction.MadePromise(what="Send the catalogue", by="mia", due=yesterday)
    call = await handover.call(handover.mia_at_contacts, lead_id=delivered.subject.id, promises=[made])

    await handover.accept(delivered.id)

    async def mine(desk: Desk, by: str) -> list[interactions_pb2.Promise]:
        request = interactions_pb2.ListPromisesRequest(by=[by], branch=["york"], overdue=[True])
        return list((await desk.ask("Promises/ListPromises", request)).promises)

    (promise,) = await eventually(partial(mine, handover.oliver, "oliver"))
    assert (promise.id, promise.branch) == (call.promises[0].id, "york")
    seen = interactions_pb2.GetInteractionRequest(id=call.id)
    assert (await handover.mia_at_contacts.ask("Interactions/GetInteraction", seen)).branch == "london"

    handed_back = pb.HandBackHandoffRequest(id=delivered.id, reason="They want London after all")
    await handover.oliver.ask("Handoffs/HandBackHandoff", handed_back)
    kept = await handover.oliver.ask("Promises/KeepPromise", interactions_pb2.KeepPromiseRequest(id=promise.id))
    assert kept.state == interactions_pb2.Promise.KEPT
    assert await eventually(partial(mine, handover.oliver, "oliver"), lambda found: not found) == []


async def test_several_handoffs_of_one_person_know_each_other(handover: Handover) -> None:
    anna = {"name": "Anna", "email": "anna@example.com"}
    ids = [await handover.qualify((await handover.lead(person=anna)).id) for _ in range(2)]
    for id in ids:
        await handover.becomes(id, State.DELIVERED)

    first, second = [await handover.get(id) for id in ids]
    assert (list(first.related), list(second.related)) == ([second.id], [first.id])
    listed = await handover.manager.ask("Handoffs/ListHandoffs", pb.ListHandoffsRequest(related=[first.id]))
    assert [handoff.id for handoff in listed.handoffs] == [second.id]
    listed = await handover.manager.ask("Handoffs/ListHandoffs", pb.ListHandoffsRequest(person_id=[first.person_id]))
    assert listed.total_size == 2

    await handover.accept(first.id)
    assert list((await handover.until(second.id, lambda found: not found.related)).related) == []


async def test_a_handoff_that_nobody_takes_is_overdue(handover: Handover, clock: Clock) -> None:
    late, taken = await handover.delivered(), await handover.delivered()
    await handover.accept(taken.id)

    clock.ahead = timedelta(days=5)
    assert (await handover.get(late.id)).overdue
    handover.town.houses.running["contacts"].reactor.wake()

    told = await handover.until(late.id, lambda found: found.history[-1].what == "overdue")
    assert told.overdue
    assert not (await handover.get(taken.id)).overdue
    listed = await handover.manager.ask("Handoffs/ListHandoffs", pb.ListHandoffsRequest(overdue=[True]))
    assert [handoff.id for handoff in listed.handoffs] == [late.id]
    clock.ahead = timedelta()


async def test_the_receiving_branch_reads_what_is_offered_until_it_gives_it_back(handover: Handover) -> None:
    lead = await handover.lead()
    request = leads_pb2.GetLeadRequest(id=lead.id)
    oliver = handover.town.desk("oliver", "sales", branch="york", package="marketing")
    handoff = await handover.becomes(await handover.qualify(lead.id), State.DELIVERED)

    assert (await oliver.ask("Leads/GetLead", request)).id == lead.id
    await handover.oliver.ask("Handoffs/ReturnHandoff", pb.ReturnHandoffRequest(id=handoff.id, reason="No budget"))

    async def still_seen() -> bool:
        listed = await oliver.ask("Leads/ListLeads", leads_pb2.ListLeadsRequest(id=[lead.id]))
        return bool(listed.total_size)

    await eventually(still_seen, lambda seen: not seen)
