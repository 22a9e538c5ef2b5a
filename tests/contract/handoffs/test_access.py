"""A handoff opens nothing to a branch that asked for it itself, and nothing to one that it was taken from."""

from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from baton.contacts.v1 import handoffs_pb2 as pb
from baton.contacts.v1 import timeline_pb2
from baton.marketing.v1 import leads_pb2
from baton.sales.v1 import opportunities_pb2

from facts.marketing import LeadCaptured
from runtime.errors import RpcError
from tests.support.handoffs import Handover, State, qualified_again, streams
from tests.support.house import DEADLINE_S, Desk, eventually


async def status(awaited: Any) -> int:
    """HTTP status of a refusal."""
    with pytest.raises(RpcError) as raised:
        await awaited
    return raised.value.kind.http


async def hand_on(desk: Desk, lead_id: str, to_branch: str) -> pb.Handoff:
    request = pb.CreateHandoffRequest(
        kind="lead-to-sales", subject={"kind": "lead", "id": lead_id}, to_department="sales", to_branch=to_branch
    )
    return await desk.ask("Handoffs/CreateHandoff", request)


async def timeline(desk: Desk, of: str, id: str) -> list[str]:
    request = timeline_pb2.ListTimelineRequest(id=id)
    return [entry.type for entry in (await desk.ask(f"Timelines/List{of}Timeline", request)).entries]


async def test_nobody_hands_another_branchs_lead_to_himself(handover: Handover) -> None:
    lead = await handover.lead()
    clerk = handover.town.desk("ivan", "clerk", branch="leeds")

    assert await status(hand_on(clerk, lead.id, "leeds")) == 404
    assert await status(hand_on(clerk, str(uuid4()), "leeds")) == 404
    assert await status(timeline(clerk, "Lead", lead.id)) == 404


async def test_the_own_branchs_lead_is_handed_on_as_soon_as_it_is_captured(handover: Handover) -> None:
    asked = await hand_on(handover.mia_at_contacts, (await handover.lead()).id, "york")

    assert (asked.state, asked.from_branch) == (State.ASKED, "london")


async def test_what_was_offered_to_a_branch_is_handed_on_by_it(handover: Handover) -> None:
    delivered = await handover.delivered()
    await handover.accept(delivered.id)

    assert (await hand_on(handover.oliver, delivered.subject.id, "leeds")).from_branch == "york"


async def test_what_nobody_recorded_anything_about_is_offered_when_it_arrives(handover: Handover) -> None:
    lead_id = str(uuid4())
    asked = await hand_on(handover.manager, lead_id, "york")
    assert asked.state == State.ASKED
    offers = handover.town.houses.running["contacts"].house.views
    waits = "SELECT last_error FROM todos WHERE tenant = $1 AND kind = 'offer'"
    await eventually(lambda: offers.fetchval(waits, handover.town.tenant), lambda why: "nobody recorded" in (why or ""))

    captured = LeadCaptured(lead_id=lead_id, branch="london", captured_at=datetime.now(UTC))
    await handover.town.tell(f"marketing.lead-{lead_id}", captured)

    delivered = await handover.becomes(asked.id, State.DELIVERED)
    assert streams(delivered.manifest) == [(f"marketing.lead-{lead_id}", 1)]


async def test_a_person_whom_nobody_registered_is_not_handed_on(handover: Handover) -> None:
    for kind in ("person", "company"):
        request = pb.CreateHandoffRequest(subject={"kind": kind, "id": str(uuid4())}, to_branch="york")
        assert await status(handover.manager.ask("Handoffs/CreateHandoff", request)) == 404


async def test_what_waits_for_its_subject_can_be_withdrawn(handover: Handover) -> None:
    asked = await hand_on(handover.manager, str(uuid4()), "york")

    request = pb.WithdrawHandoffRequest(id=asked.id, reason="Misspelt")
    withdrawn = await handover.manager.ask("Handoffs/WithdrawHandoff", request)

    assert withdrawn.state == State.WITHDRAWN
    assert [step.what for step in withdrawn.history] == ["asked", "withdrawn"]
    assert (await handover.becomes(asked.id, State.WITHDRAWN)).manifest == []


async def test_nobody_accepts_into_another_branchs_opportunity(handover: Handover) -> None:
    delivered = await handover.delivered()
    leeds = handover.town.desk("ruth", "sales", branch="leeds", package="sales")
    wanted = opportunities_pb2.Opportunity(title="Forty chairs")
    theirs = await leeds.ask(
        "Opportunities/CreateOpportunity", opportunities_pb2.CreateOpportunityRequest(opportunity=wanted)
    )

    assert await status(handover.accept(delivered.id, opportunity_id=theirs.id)) == 404
    assert await status(handover.accept(delivered.id, opportunity_id=str(uuid4()))) == 404
    assert (await handover.get(delivered.id)).state == State.DELIVERED


async def test_nobody_accepts_into_an_opportunity_that_nobody_recorded(handover: Handover) -> None:
    delivered = await handover.delivered()
    nowhere = str(uuid4())
    await handover.call(handover.manager, opportunity_id=nowhere)

    assert await status(handover.accept(delivered.id, handover.manager, opportunity_id=nowhere)) == 404
    assert (await handover.get(delivered.id)).state == State.DELIVERED


async def test_the_timeline_of_a_handoff_is_seen_by_who_sees_the_handoff(handover: Handover) -> None:
    delivered = await handover.delivered()
    before = await timeline(handover.oliver, "Handoff", delivered.id)

    request = pb.ReassignHandoffRequest(id=delivered.id, to_branch="leeds")
    await handover.oliver.ask("Handoffs/ReassignHandoff", request)

    assert "contacts.handoff-delivered" in before
    assert await status(timeline(handover.oliver, "Handoff", delivered.id)) == 404
    for desk in (handover.mia_at_contacts, handover.leeds, handover.manager):
        await eventually(
            partial(timeline, desk, "Handoff", delivered.id), lambda seen: "contacts.handoff-reassigned" in seen
        )


async def test_a_handoff_is_found_as_soon_as_marketing_has_named_it(handover: Handover) -> None:
    for _ in range(3):
        handoff_id = await handover.qualify((await handover.lead()).id)

        assert (await handover.get(handoff_id, handover.mia_at_contacts)).id == handoff_id


async def test_an_old_handoff_handed_back_leaves_the_lead_with_the_newer_one(handover: Handover) -> None:
    first = await handover.delivered()
    await handover.accept(first.id)
    lead_id = first.subject.id
    second = await eventually(lambda: qualified_again(handover, lead_id))
    await handover.becomes(second, State.DELIVERED)
    await handover.accept(second)

    await handover.oliver.ask("Handoffs/HandBackHandoff", pb.HandBackHandoffRequest(id=first.id, reason="Moved"))

    await eventually(lambda: _nothing_to_do_at_marketing(handover))
    lead = await handover.mia.ask("Leads/GetLead", leads_pb2.GetLeadRequest(id=lead_id))
    assert (lead.state, lead.handoff_id) == (leads_pb2.Lead.State.QUALIFIED, second)


async def _nothing_to_do_at_marketing(handover: Handover) -> bool:
    """Whether marketing has heard everything that contacts recorded, and did what follows from it."""
    house = handover.town.houses.running["marketing"].house
    await house.hearing.wait_for("contacts", await house.feeds["contacts"].head(), DEADLINE_S)
    return not await house.views.fetch("SELECT FROM todos WHERE tenant = $1", handover.town.tenant)
