"""While something about its subject is parked in contacts, nobody says what is news for a handoff: later it is said."""

from uuid import uuid4

import orjson
import pytest
from baton.contacts.v1 import handoffs_pb2 as pb
from baton.marketing.v1 import leads_pb2

from eventlog.reactions import Due, NotYet
from facts.common import Subject
from runtime.errors import RpcError
from services.contacts.handoff_queries import HandoffQueries
from services.contacts.reactions.judging import Judging
from tests.support.examples_handoffs import HANDOFF_OFFERED
from tests.support.handoffs import Handover, State, qualified_again, streams
from tests.support.house import Desk, eventually

PARK = """
INSERT INTO views.parked (source, tenant, stream, version, generation, position, event_id, type, schema, recorded_at,
    data, metadata, digest, kind, reason, parked_at)
VALUES ('marketing', $1, $2, 1, 1, 1, gen_random_uuid(), 'marketing.lead-touched', 1, now(),
    '', $3, '', 'poison', 'a test', now())
"""


async def park(handover: Handover, lead_id: str) -> None:
    """As if contacts could not handle a fact about the lead."""
    metadata = orjson.dumps({"subjects": [f"lead:{lead_id}"]})
    views = handover.town.houses.running["contacts"].house.views
    await views.execute(PARK, handover.town.tenant, f"marketing.other-{lead_id}", metadata)


async def discard(handover: Handover) -> None:
    """As if what is parked had been handled or discarded."""
    views = handover.town.houses.running["contacts"].house.views
    await views.execute("DELETE FROM views.parked WHERE tenant = $1", handover.town.tenant)


def about(handover: Handover, lead_id: str) -> Due:
    return Due("supplement", {"subjects": [f"lead:{lead_id}"]}, handover.town.tenant, uuid4(), "", "", None)


async def test_what_is_told_meanwhile_is_supplemented_when_nothing_is_parked_any_more(handover: Handover) -> None:
    delivered = await handover.delivered()
    await park(handover, delivered.subject.id)
    call = await handover.call(handover.mia_at_contacts, lead_id=delivered.subject.id)
    contacts = handover.town.houses.running["contacts"]

    async def reasons() -> list[str]:
        rows = await contacts.house.views.fetch(
            "SELECT last_error FROM views.todos WHERE tenant = $1", handover.town.tenant
        )
        return [row["last_error"] for row in rows]

    await eventually(reasons, lambda found: "something about the subject is parked" in found)
    assert not (await handover.get(delivered.id)).supplements

    await discard(handover)

    def tells_the_call(found: pb.Handoff) -> bool:
        return any((f"contacts.interaction-{call.id}", 1) in streams(part.receipt) for part in found.supplements)

    await handover.until(delivered.id, tells_the_call)


async def test_one_that_waits_holds_up_no_other(handover: Handover) -> None:
    waits, free = await handover.delivered(), await handover.delivered()
    await park(handover, waits.subject.id)
    for each in (waits, free):
        await handover.call(handover.mia_at_contacts, lead_id=each.subject.id)
    house = handover.town.houses.running["contacts"].house
    dues = [about(handover, each.subject.id) for each in (waits, free)]

    left = await Judging(house, HandoffQueries(house.views)).supplement(dues)

    assert [(due, type(wrong)) for due, wrong in left.items()] == [(dues[0].command_id, NotYet)]
    await handover.until(free.id, lambda found: found.supplements)
    await discard(handover)


async def test_a_receipt_is_judged_meanwhile_and_what_came_with_it_supplemented_later(handover: Handover) -> None:
    lead, handoff_id = await handover.lead(), str(uuid4())
    await park(handover, lead.id)
    # Support runs nowhere here: its receipt is given by hand.
    offered = HANDOFF_OFFERED.model_copy(
        update={"handoff_id": handoff_id, "subject": Subject(kind="lead", id=lead.id), "to_department": "support"}
    )
    await handover.town.tell(f"contacts.handoff-{handoff_id}", offered)
    call = await handover.call(handover.mia_at_contacts, lead_id=lead.id)
    house = handover.town.houses.running["contacts"].house
    entries = [entry.model_dump() for entry in offered.manifest]
    told = {"handoff_id": handoff_id, "part": "offer", "department": "support", "entries": entries}
    receipt = Due("judge", told, handover.town.tenant, uuid4(), "", "", None)
    judging = Judging(house, HandoffQueries(house.views))

    (waits,) = (await judging.judge([receipt])).values()

    assert isinstance(waits, NotYet)
    judged = await handover.get(handoff_id)
    assert (judged.state, list(judged.supplements)) == (State.DELIVERED, [])

    await discard(handover)
    assert await judging.judge([receipt]) == {receipt.command_id: None}
    supplements = (await handover.get(handoff_id)).supplements
    assert any((f"contacts.interaction-{call.id}", 1) in streams(part.manifest) for part in supplements)


async def test_what_is_withdrawn_before_it_is_offered_is_never_offered(handover: Handover) -> None:
    lead = await handover.lead()
    await park(handover, lead.id)
    first = await handover.qualify(lead.id)
    request = pb.WithdrawHandoffRequest(id=first, reason="Not yet")

    withdrawn = await handover.mia_at_contacts.ask("Handoffs/WithdrawHandoff", request)
    await discard(handover)

    assert (withdrawn.state, [step.what for step in withdrawn.history]) == (State.WITHDRAWN, ["asked", "withdrawn"])
    second = await eventually(lambda: qualified_again(handover, lead.id))
    await handover.becomes(second, State.DELIVERED)
    assert [event.type for event in await handover.log_of(f"contacts.handoff-{first}")] == [
        "contacts.handoff-withdrawn"
    ]


async def test_what_is_withdrawn_before_it_is_offered_is_shown_to_its_own_and_to_nobody_else(
    handover: Handover,
) -> None:
    lead = await handover.lead()
    await park(handover, lead.id)
    id = await handover.qualify(lead.id)
    update = pb.UpdateHandoffRequest(handoff=pb.Handoff(id=id))
    update.handoff.custom.update({"seen": "no"})

    asked = await handover.mia_at_contacts.ask("Handoffs/UpdateHandoff", update)
    assert (asked.state, dict(asked.custom)) == (State.ASKED, {"seen": "no"})
    await handover.mia_at_contacts.ask("Handoffs/WithdrawHandoff", pb.WithdrawHandoffRequest(id=id, reason="Not yet"))
    assert (await handover.get(id, handover.mia_at_contacts)).state == State.WITHDRAWN
    assert [await refused(handover.mia_at_contacts, id), await refused(handover.leeds, id)] == [409, 404]
    await discard(handover)


async def refused(desk: Desk, id: str) -> int:
    with pytest.raises(RpcError) as refusal:
        await desk.ask("Handoffs/WithdrawHandoff", pb.WithdrawHandoffRequest(id=id, reason="Again"))
    return refusal.value.kind.http


async def test_a_disqualified_lead_takes_along_what_is_asked_and_what_is_offered_each_by_itself(
    handover: Handover,
) -> None:
    delivered = await handover.delivered()
    lead_id = delivered.subject.id
    await park(handover, lead_id)
    request = pb.CreateHandoffRequest(subject={"kind": "lead", "id": lead_id}, kind="second-look", to_branch="york")
    asked = await handover.mia_at_contacts.ask("Handoffs/CreateHandoff", request)
    third = await handover.lead()
    await park(handover, third.id)
    never_offered = await handover.qualify(third.id)

    for id in (lead_id, third.id):
        await handover.mia.ask("Leads/DisqualifyLead", leads_pb2.DisqualifyLeadRequest(id=id, reason="Seeks a job"))

    for id in (delivered.id, asked.id, never_offered):
        withdrawn = await handover.becomes(id, State.WITHDRAWN)
        assert (withdrawn.history[-1].what, withdrawn.history[-1].note) == ("withdrawn", "Seeks a job")
    await discard(handover)
    types = [event.type for event in await handover.log_of(f"contacts.handoff-{never_offered}")]
    assert types == ["contacts.handoff-withdrawn"]


async def test_the_other_side_withdraws_nothing_that_is_asked(handover: Handover) -> None:
    lead = await handover.lead()
    await park(handover, lead.id)
    handoff_id = await handover.qualify(lead.id)
    request = pb.WithdrawHandoffRequest(id=handoff_id, reason="Not for us")
    asked = await handover.get(handoff_id)

    for desk, status in ((handover.oliver, 403), (handover.leeds, 404)):
        with pytest.raises(RpcError) as refused:
            await desk.ask("Handoffs/WithdrawHandoff", request)
        assert refused.value.kind.http == status

    assert (await handover.get(handoff_id)).state == asked.state == State.ASKED
    await discard(handover)
