"""Leads as they are asked for."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from baton.marketing.v1 import leads_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from facts.common import ManifestEntry, Subject
from facts.contacts import (
    Asking,
    HandoffAccepted,
    HandoffOffered,
    HandoffReassigned,
    HandoffReturned,
    HandoffWithdrawn,
    LeadPersonFound,
    LeadPersonUndecided,
)
from runtime.errors import RpcError
from tests.support.examples import CALLED_AT, COMPANY, PERSON, QUALIFIED_AT
from tests.support.house import Desk, Town, eventually

ANNA: dict[str, Any] = {
    "source": "organic_search",
    "branch": "london",
    "person": {"name": "Anna Petrova", "email": "anna.petrova@example.com"},
    "enquiry": {
        "channel": "CALL",
        "summary": "Asked for the wholesale price list",
        "promises": [{"what": "Send the price list", "due": QUALIFIED_AT}, {"what": "Call back", "by": "CUSTOMER"}],
    },
    "captured_at": CALLED_AT,
    "custom": {"shelf": "B4", "cups": 3},
}


@pytest.fixture
def emma(town: Town) -> Desk:
    return town.desk("emma", package="marketing")


async def capture(desk: Desk, **fields: Any) -> pb.Lead:
    return await desk.ask("Leads/CreateLead", pb.CreateLeadRequest(lead=pb.Lead(**{**ANNA, **fields})))


async def read(desk: Desk, id: str) -> pb.Lead:
    return await desk.ask("Leads/GetLead", pb.GetLeadRequest(id=id))


async def change(desk: Desk, id: str, paths: Sequence[str] = (), **fields: Any) -> pb.Lead:
    request = pb.UpdateLeadRequest(lead=pb.Lead(id=id, **fields), update_mask=FieldMask(paths=paths))
    return await desk.ask("Leads/UpdateLead", request)


async def qualify(desk: Desk, id: str, **fields: Any) -> pb.Lead:
    return await desk.ask("Leads/QualifyLead", pb.QualifyLeadRequest(id=id, **fields))


async def refusal(awaited: Any) -> tuple[int, str]:
    """The HTTP status and the words of a refused request."""
    with pytest.raises(RpcError) as raised:
        await awaited
    return raised.value.kind.http, str(raised.value)


async def listed(desk: Desk, count: int, **filters: Any) -> list[str]:
    """Ids of a list, once it has as many."""
    request = pb.ListLeadsRequest(**filters)
    page = await eventually(lambda: desk.ask("Leads/ListLeads", request), lambda page: page.total_size == count)
    return [lead.id for lead in page.leads]


def offered(lead: pb.Lead, to_branch: str, handoff_id: str = "", **more: Any) -> HandoffOffered:
    return HandoffOffered(
        handoff_id=handoff_id or lead.handoff_id,
        kind="lead-to-sales",
        from_department="marketing",
        to_department="support",
        subject=Subject(kind="lead", id=lead.id),
        from_branch=lead.branch,
        to_branch=to_branch,
        asking=Asking(department="marketing", stream=f"marketing.lead-{lead.id}", version=2, event_id=str(uuid4())),
        asked_at=QUALIFIED_AT,
        basis={"marketing": "1.2"},
        manifest=(ManifestEntry(stream=f"marketing.lead-{lead.id}", version=2, digest="0a" * 32),),
        deadline=QUALIFIED_AT,
        **more,
    )


def returned(lead: pb.Lead, **more: Any) -> HandoffReturned:
    subject = Subject(kind="lead", id=lead.id)
    told = {"from_department": "marketing", "reason": "Orders below our minimum", "returned_by": "oliver"}
    return HandoffReturned(**{"handoff_id": lead.handoff_id, "subject": subject, **told, **more})


async def test_a_lead_is_captured_with_its_enquiry_and_read_again(emma: Desk) -> None:
    reply = await emma.reply("Leads/CreateLead", pb.CreateLeadRequest(lead=pb.Lead(**ANNA)))
    made = reply.message

    assert (made.state, made.etag, reply.metadata["etag"]) == (pb.Lead.NEW, "1", '"1"')
    assert reply.metadata["baton-position"].startswith("marketing:1.")
    assert made.captured_at.ToDatetime(UTC) == made.enquiry.occurred_at.ToDatetime(UTC) == CALLED_AT
    assert [promise.by for promise in made.enquiry.promises] == ["emma", "CUSTOMER"]
    assert len({promise.id for promise in made.enquiry.promises} | {made.enquiry.interaction_id}) == 3
    assert dict(made.custom) == {"shelf": "B4", "cups": 3}
    assert await read(emma, made.id) == made
    request = pb.ListLeadsRequest(source=["organic_search"])
    page = await eventually(lambda: emma.ask("Leads/ListLeads", request), lambda page: page.leads)
    assert list(page.leads) == [made]


async def test_the_same_request_again_captures_nobody_twice(emma: Desk) -> None:
    request, key = pb.CreateLeadRequest(lead=pb.Lead(**ANNA)), str(uuid4())
    first = await emma.reply("Leads/CreateLead", request, idempotency_key=key)
    again = await emma.reply("Leads/CreateLead", request, idempotency_key=key)
    assert again.message == first.message
    assert again.metadata["idempotency-replayed"] == "true"


async def test_an_update_changes_what_the_mask_names(emma: Desk) -> None:
    made = await capture(emma)
    after = await change(
        emma,
        made.id,
        ["person.phone", "custom.shelf", "custom.hue", "campaign"],
        person={"phone": "1"},
        custom={"hue": 1},
    )
    assert (after.person.name, after.person.phone) == ("Anna Petrova", "1")
    assert dict(after.custom) == {"cups": 3, "hue": 1}
    assert after.etag == "2"
    assert await read(emma, made.id) == after


async def test_an_update_that_changes_nothing_is_none(emma: Desk) -> None:
    made = await capture(emma)
    assert await change(emma, made.id, source="organic_search") == made
    told = pb.Lead()
    told.CopyFrom(made)
    assert await emma.ask("Leads/UpdateLead", pb.UpdateLeadRequest(lead=told)) == made


async def test_whose_lead_it_is_arrives_under_an_entity_tag_of_its_own(town: Town, emma: Desk) -> None:
    made = await capture(emma)
    await town.tell(f"contacts.lead-{made.id}", LeadPersonFound(lead_id=made.id, person_id=PERSON, found_by="email"))
    request = pb.GetLeadRequest(id=made.id)

    found = await eventually(lambda: emma.reply("Leads/GetLead", request), lambda reply: reply.message.person_id)
    (row,) = (await emma.ask("Leads/ListLeads", pb.ListLeadsRequest(id=[made.id]))).leads

    assert found.metadata["etag"] == f'"{found.message.etag}"' == f'"{row.etag}"' != '"1"'
    assert (await emma.ask("Leads/GetLead", request, if_match='"1"')).etag == found.message.etag
    assert (await change(emma, made.id, note="Calls back", etag=made.etag)).etag.startswith("2-")
    assert (await refusal(change(emma, made.id, note="Called", etag=found.message.etag)))[0] == 412


async def test_a_stale_if_match_changes_nothing(emma: Desk) -> None:
    made = await capture(emma)
    await change(emma, made.id, note="called")
    request = pb.UpdateLeadRequest(lead=pb.Lead(id=made.id, note="called twice"))
    status, _ = await refusal(emma.ask("Leads/UpdateLead", request, if_match='"1"'))
    assert status == 412
    assert (await emma.ask("Leads/UpdateLead", request, if_match='"2"')).etag == "3"


async def test_an_enquiry_is_told_once(emma: Desk) -> None:
    made = await capture(emma)
    assert (await refusal(change(emma, made.id, enquiry={"summary": "Something else"})))[0] == 409
    silent = await emma.ask("Leads/CreateLead", pb.CreateLeadRequest(lead=pb.Lead(source="fair")))
    told = await change(emma, silent.id, ["enquiry.summary"], enquiry={"summary": "Called later"})
    assert (told.enquiry.channel, told.enquiry.summary) == (pb.Enquiry.WEB, "Called later")
    assert told.enquiry.interaction_id


async def test_a_lead_is_touched(emma: Desk) -> None:
    made = await capture(emma)
    touched = await emma.ask("Leads/TouchLead", pb.TouchLeadRequest(id=made.id, channel="EMAIL", campaign="spring"))
    assert [(touch.channel, touch.campaign) for touch in touched.touches] == [("EMAIL", "spring")]
    again = await emma.ask("Leads/TouchLead", pb.TouchLeadRequest(id=made.id, at=CALLED_AT, channel="WEB"))
    assert [touch.channel for touch in again.touches] == ["EMAIL", "WEB"]
    row = await eventually(
        lambda: emma.ask("Leads/ListLeads", pb.ListLeadsRequest(id=[made.id])),
        lambda page: page.leads and page.leads[0].etag == "3",
    )
    assert row.leads[0] == again


async def test_a_qualified_lead_has_a_handoff(emma: Desk) -> None:
    made = await capture(emma)
    after = await qualify(emma, made.id, note="Hot", brief={"wants": "300 mugs"}, to_branch="leeds")
    assert after.state == pb.Lead.QUALIFIED
    assert after.handoff_id
    status, words = await refusal(qualify(emma, made.id))
    assert (status, after.handoff_id in words) == (409, True)
    assert await listed(emma, 1, handoff_id=[after.handoff_id], state=[pb.Lead.QUALIFIED]) == [made.id]


@pytest.mark.parametrize("end", [HandoffAccepted, HandoffWithdrawn])
async def test_a_settled_handoff_makes_room_for_another(town: Town, emma: Desk, end: Any) -> None:
    lead = await qualify(emma, (await capture(emma)).id)
    facts: dict[type, Callable[[], Any]] = {
        HandoffWithdrawn: lambda: HandoffWithdrawn(
            handoff_id=lead.handoff_id, subject=Subject(kind="lead", id=lead.id), reason="Later", withdrawn_by="emma"
        ),
        HandoffAccepted: lambda: HandoffAccepted(
            handoff_id=lead.handoff_id,
            kind="lead-to-sales",
            to_department="sales",
            subject=Subject(kind="lead", id=lead.id),
            to_branch="leeds",
            owner="oliver",
            opportunity_id=str(uuid4()),
            opens=True,
            accepted_by="oliver",
            accepted_at=QUALIFIED_AT,
            basis={},
            closing=(),
        ),
    }
    await town.tell(f"contacts.handoff-{lead.handoff_id}", offered(lead, "leeds"), facts[end]())

    async def again() -> pb.Lead | None:
        try:
            return await qualify(emma, lead.id)
        except RpcError:
            return None

    after = await eventually(again)
    assert after.handoff_id != lead.handoff_id


async def test_a_returned_lead_is_marketings_again(town: Town, emma: Desk) -> None:
    lead = await qualify(emma, (await capture(emma)).id)
    await town.tell(f"contacts.handoff-{lead.handoff_id}", offered(lead, "leeds"), returned(lead), employee="oliver")
    after = await eventually(lambda: read(emma, lead.id), lambda seen: seen.state == pb.Lead.RETURNED)
    assert after.etag == "3"
    assert (await qualify(emma, lead.id)).state == pb.Lead.QUALIFIED


async def test_a_lead_is_given_back_while_a_handoff_asked_for_by_hand_is_open(town: Town, emma: Desk) -> None:
    lead = await qualify(emma, (await capture(emma)).id)
    by_hand = offered(lead, "leeds", str(uuid4()))
    await town.tell(f"contacts.handoff-{by_hand.handoff_id}", by_hand)

    await town.tell(f"contacts.handoff-{lead.handoff_id}", offered(lead, "leeds"), returned(lead), employee="oliver")

    after = await eventually(lambda: read(emma, lead.id), lambda seen: seen.state == pb.Lead.RETURNED)
    assert after.handoff_id == lead.handoff_id


async def test_a_return_of_a_lead_that_nobody_captured_stops_nothing(town: Town, emma: Desk) -> None:
    stranger = pb.Lead(id=str(uuid4()), handoff_id=str(uuid4()))
    await town.tell(f"contacts.handoff-{stranger.handoff_id}", offered(stranger, "leeds"), returned(stranger))
    lead = await qualify(emma, (await capture(emma)).id)
    await town.tell(f"contacts.handoff-{lead.handoff_id}", offered(lead, "leeds"), returned(lead))
    await eventually(lambda: read(emma, lead.id), lambda seen: seen.state == pb.Lead.RETURNED)


async def test_a_disqualified_lead_stays_so(emma: Desk) -> None:
    lead = await qualify(emma, (await capture(emma)).id)
    request = pb.DisqualifyLeadRequest(id=lead.id, reason="Looks for a job")
    assert (await emma.ask("Leads/DisqualifyLead", request)).state == pb.Lead.DISQUALIFIED
    assert (await refusal(emma.ask("Leads/DisqualifyLead", request)))[0] == 409
    assert (await refusal(qualify(emma, lead.id)))[0] == 409


async def test_whose_lead_it_is_comes_from_contacts(town: Town, emma: Desk) -> None:
    lead, doubtful = await capture(emma), await capture(emma)
    await town.tell(f"contacts.lead-{lead.id}", LeadPersonFound(lead_id=lead.id, person_id=PERSON, found_by="email"))
    another = str(uuid4())
    candidates = (PERSON, another)
    await town.tell(f"contacts.lead-{doubtful.id}", LeadPersonUndecided(lead_id=doubtful.id, candidates=candidates))

    assert await listed(emma, 1, person_id=[PERSON]) == [lead.id]
    assert await listed(emma, 1, person_candidates=[another]) == [doubtful.id]
    assert (await read(emma, lead.id)).person_id == PERSON
    assert list((await read(emma, doubtful.id)).person_candidates) == list(candidates)

    decided = await emma.ask("Leads/LinkPerson", pb.LinkPersonRequest(id=doubtful.id, person_id=another))
    assert (decided.person_id, list(decided.person_candidates)) == (another, [])
    assert await listed(emma, 1, person_id=[another]) == [doubtful.id]


async def test_nobody_is_linked_whose_id_is_none(emma: Desk) -> None:
    lead = await capture(emma)
    link = emma.ask("Leads/LinkPerson", pb.LinkPersonRequest(id=lead.id, person_id="x"))
    assert await refusal(link) == (400, "person_id: must be an id such as 0d8743a1-dd72-533d-b90c-850c28206657")


async def test_what_was_captured_was_captured_by_now(emma: Desk) -> None:
    lead = await capture(emma, captured_at=datetime.now(UTC) + timedelta(hours=13))
    refused = (409, "what happened is at most a day ahead of now")
    late = datetime.now(UTC) + timedelta(days=2)

    assert await refusal(capture(emma, captured_at=late)) == refused
    assert await refusal(change(emma, lead.id, captured_at=late)) == refused
    touches = [pb.Touch(channel="EMAIL"), pb.Touch(channel="EMAIL", at=late)]
    assert await refusal(capture(emma, touches=touches)) == refused
    assert await refusal(change(emma, lead.id, touches=touches)) == refused
    assert await refusal(capture(emma, enquiry=pb.Enquiry(channel="CALL", occurred_at=late))) == refused
    assert await refusal(capture(emma, consents=[pb.Consent(channel="EMAIL", granted=True, at=late)])) == refused


async def test_the_company_is_that_of_the_handoff_asked_last(town: Town, emma: Desk) -> None:
    lead = await qualify(emma, (await capture(emma)).id)
    later = offered(lead, "leeds", str(uuid4()), company_id=COMPANY)
    earlier = offered(lead, "leeds", company_id="of-before").model_copy(update={"asked_at": CALLED_AT})
    await town.tell(f"contacts.handoff-{later.handoff_id}", later)
    await town.tell(f"contacts.handoff-{lead.handoff_id}", earlier)
    await listed(town.desk("olga", "sales", branch="leeds", package="marketing"), 1)
    assert (await read(emma, lead.id)).company_id == COMPANY
    assert await listed(emma, 1, company_id=[COMPANY]) == [lead.id]


async def test_a_branch_sees_and_writes_its_own_leads_only(town: Town, emma: Desk) -> None:
    lead = await capture(emma)
    ivan = town.desk("ivan", "clerk", branch="moscow", package="marketing")
    mary = town.desk("mary", "clerk", branch="london", package="marketing")

    assert [(await refusal(each))[0] for each in (
        read(ivan, lead.id), change(ivan, lead.id, note="mine"), qualify(ivan, lead.id), capture(ivan, branch="london"),
        change(mary, lead.id, branch="moscow"),
        read(town.desk("eve", package="marketing", tenant="another"), lead.id),
    )] == [404, 404, 404, 403, 403, 404]  # fmt: skip
    assert (await change(mary, lead.id, note="mine")).note == "mine"
    own = await ivan.ask("Leads/CreateLead", pb.CreateLeadRequest(lead=pb.Lead(source="fair")))
    assert own.branch == "moscow"
    assert await listed(ivan, 1) == [own.id]
    assert await listed(mary, 1) == [lead.id]


async def test_an_offered_handoff_lets_the_receiving_branch_read(town: Town, emma: Desk) -> None:
    lead = await qualify(emma, (await capture(emma)).id)
    stream = f"contacts.handoff-{lead.handoff_id}"
    leeds, derby = (town.desk("olga", "sales", branch=branch, package="marketing") for branch in ("leeds", "derby"))

    await town.tell(stream, offered(lead, "leeds"))
    assert await listed(leeds, 1) == [lead.id]
    assert await read(leeds, lead.id) == lead
    assert (await refusal(change(leeds, lead.id, note="mine")))[0] == 403
    assert (await refusal(read(derby, lead.id)))[0] == 404

    passed_on = HandoffReassigned(handoff_id=lead.handoff_id, to_branch="derby", assignee="", deadline=QUALIFIED_AT)
    await town.tell(stream, passed_on)
    assert await listed(derby, 1) == [lead.id]
    assert (await refusal(read(leeds, lead.id)))[0] == 404

    await town.tell(stream, returned(lead))
    assert await listed(derby, 0) == []


async def test_leads_are_listed_by_time_and_in_order(emma: Desk) -> None:
    march = datetime(2026, 3, 10, tzinfo=UTC)
    late = await capture(emma, captured_at=march, source="fair")
    early = await capture(emma)
    assert await listed(emma, 2, order_by="capturedAt") == [early.id, late.id]
    assert await listed(emma, 1, captured_at_after=CALLED_AT) == [late.id]
    assert await listed(emma, 2, source=["fair", "organic_search"], order_by="source desc") == [early.id, late.id]


async def test_an_unknown_lead_is_not_there(emma: Desk) -> None:
    assert (await refusal(read(emma, str(uuid4()))))[0] == 404
    assert (await refusal(qualify(emma, "🙂")))[0] == 404


async def test_touches_are_replaced_whole(emma: Desk) -> None:
    lead = await capture(emma, touches=[{"channel": "fair"}])
    await emma.ask("Leads/TouchLead", pb.TouchLeadRequest(id=lead.id, channel="mail"))

    cleared = await change(emma, lead.id, ["touches"])

    assert list(cleared.touches) == list((await read(emma, lead.id)).touches) == []
