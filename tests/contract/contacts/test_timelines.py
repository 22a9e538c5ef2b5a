"""Timelines: everything every department knows of a subject."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from baton.contacts.v1 import interactions_pb2, people_pb2
from baton.contacts.v1 import timeline_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp

from facts.common import Subject
from facts.contacts import Asking, HandoffOffered, HandoffReturned
from facts.marketing import LeadCaptured, LeadPerson, LeadTouched, Touch
from facts.sales import OpportunityOpened
from runtime.errors import RpcError
from tests.support.house import Desk, Town, eventually

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def timeline(desk: Desk, kind: str, id: str, **more: Any) -> pb.ListTimelineResponse:
    return await desk.ask(f"Timelines/List{kind}Timeline", pb.ListTimelineRequest(id=id, **more))


async def types(desk: Desk, kind: str, id: str) -> list[str]:
    try:
        return [entry.type.partition(".")[2] for entry in (await timeline(desk, kind, id)).entries]
    except RpcError as error:
        if error.kind.http == 404:
            return []
        raise


async def told_lead(town: Town, lead_id: str, **fields: Any) -> None:
    await town.tell(
        f"marketing.lead-{lead_id}",
        LeadCaptured(lead_id=lead_id, branch="london", source="web", captured_at=NOON, **fields),
        LeadTouched(lead_id=lead_id, touch=Touch(at=NOON, campaign="spring")),
    )


async def test_a_lead_has_a_timeline_before_anybody_knows_whose_it_is(town: Town) -> None:
    emma, lead_id = town.desk("emma"), str(uuid4())

    await told_lead(town, lead_id)
    await eventually(lambda: types(emma, "Lead", lead_id), lambda seen: len(seen) == 2)

    newest, oldest = (await timeline(emma, "Lead", lead_id)).entries
    assert (newest.type, newest.title, newest.summary) == ("marketing.lead-touched", "Lead touched", "spring")
    assert (oldest.title, oldest.summary, oldest.department) == ("Lead captured", "from web", "marketing")
    assert (oldest.stream, oldest.version) == (f"marketing.lead-{lead_id}", 1)
    assert oldest.occurred_at.ToDatetime(UTC) == NOON
    assert oldest.data["source"] == "web"


async def test_a_person_is_told_with_leads_interactions_and_opportunities(town: Town) -> None:
    emma, lead_id, opportunity_id = town.desk("emma"), str(uuid4()), str(uuid4())
    await told_lead(town, lead_id, person=LeadPerson(name="Anna", email="anna@example.com"))
    opened = OpportunityOpened(
        opportunity_id=opportunity_id,
        lead_ids=(lead_id,),
        branch="london",
        pipeline="default",
        stage="NEW",
        opened_at=NOON + timedelta(days=1),
    )
    await town.tell(f"sales.opportunity-{opportunity_id}", opened)
    people = await eventually(
        lambda: emma.ask("People/ListPeople", people_pb2.ListPeopleRequest()), lambda page: page.people
    )
    call = interactions_pb2.Interaction(
        lead_id=lead_id, channel="CALL", promises=[interactions_pb2.Interaction.MadePromise(what="Call back")]
    )
    made = await emma.ask("Interactions/CreateInteraction", interactions_pb2.CreateInteractionRequest(interaction=call))
    keep = interactions_pb2.KeepPromiseRequest(id=made.promises[0].id)
    await emma.ask("Promises/KeepPromise", keep)

    wanted = {
        "person-registered",
        "lead-person-found",
        "lead-captured",
        "lead-touched",
        "opportunity-opened",
        "interaction-recorded",
        "promise-kept",
    }
    subjects = [("Person", people.people[0].id), ("Lead", lead_id), ("Opportunity", opportunity_id)]
    for subject in subjects:
        seen = await eventually(partial(types, emma, *subject), lambda seen: set(seen) >= wanted)
        assert len(seen) == len(wanted), subject


async def test_as_of_shows_what_was_recorded_until_then(town: Town) -> None:
    emma, lead_id = town.desk("emma"), str(uuid4())
    await told_lead(town, lead_id)
    await eventually(lambda: types(emma, "Lead", lead_id), lambda seen: len(seen) == 2)
    entries = (await timeline(emma, "Lead", lead_id)).entries
    first = min(entry.recorded_at.ToMicroseconds() for entry in entries)
    later, before = Timestamp(), Timestamp()
    later.FromMicroseconds(first + 60_000_000)
    before.FromMicroseconds(first - 1)

    assert len((await timeline(emma, "Lead", lead_id, as_of=later)).entries) == 2
    assert len((await timeline(emma, "Lead", lead_id, as_of=before)).entries) == 0


async def test_a_timeline_pages_without_gap_or_repeat(town: Town) -> None:
    emma, lead_id = town.desk("emma"), str(uuid4())
    for _ in range(3):
        await told_lead(town, lead_id)
    await eventually(lambda: types(emma, "Lead", lead_id), lambda seen: len(seen) == 6)

    seen, token = [], ""
    while True:
        page = await timeline(emma, "Lead", lead_id, page_size=4, page_token=token)
        seen += [(entry.stream, entry.version) for entry in page.entries]
        token = page.next_page_token
        if not token:
            break

    assert sorted(seen) == [(f"marketing.lead-{lead_id}", version) for version in range(1, 7)]


async def test_a_clerk_reads_the_timelines_of_the_own_branch_only(town: Town) -> None:
    lead_id = str(uuid4())
    await told_lead(town, lead_id)
    await eventually(lambda: types(town.desk("emma"), "Lead", lead_id))

    own = await types(town.desk("emma", "clerk", branch="london"), "Lead", lead_id)
    other = await types(town.desk("ivan", "clerk", branch="moscow"), "Lead", lead_id)

    assert (len(own), other) == (2, [])
    with pytest.raises(RpcError) as nobody:
        await timeline(town.desk("emma"), "Person", str(uuid4()))
    assert nobody.value.kind.http == 404


async def test_what_is_offered_is_read_until_it_is_returned(town: Town) -> None:
    lead_id, handoff_id = str(uuid4()), str(uuid4())
    oleg = town.desk("oleg", "clerk", branch="moscow")
    await told_lead(town, lead_id)
    call = interactions_pb2.Interaction(lead_id=lead_id, branch="london", channel="CALL")
    create = interactions_pb2.CreateInteractionRequest(interaction=call)
    made = await town.desk("emma").ask("Interactions/CreateInteraction", create)
    read = interactions_pb2.GetInteractionRequest(id=made.id)

    async def sees() -> bool:
        try:
            await oleg.ask("Interactions/GetInteraction", read)
        except RpcError:
            return bool(await types(oleg, "Lead", lead_id))
        return True

    before = await sees()
    await town.tell(f"contacts.handoff-{handoff_id}", offered(handoff_id, lead_id))
    await eventually(sees)
    await eventually(lambda: types(oleg, "Lead", lead_id))
    returned = HandoffReturned(
        handoff_id=handoff_id, subject=subject(lead_id), from_department="marketing", reason="", returned_by="oleg"
    )
    await town.tell(f"contacts.handoff-{handoff_id}", returned)

    assert not before
    await eventually(sees, lambda seen: not seen)


def subject(lead_id: str) -> Subject:
    return Subject(kind="lead", id=lead_id)


def offered(handoff_id: str, lead_id: str) -> HandoffOffered:
    return HandoffOffered(
        handoff_id=handoff_id,
        kind="lead-to-sales",
        from_department="marketing",
        to_department="sales",
        subject=subject(lead_id),
        from_branch="london",
        to_branch="moscow",
        asking=Asking(department="marketing", stream=f"marketing.lead-{lead_id}", version=1, event_id=str(uuid4())),
        asked_at=NOON,
        basis={"marketing": "1.1"},
        manifest=(),
        deadline=NOON,
    )
