"""Who is bound to a branch sees the events of what the branch may read, whoever recorded them."""

import asyncio
from contextlib import aclosing

from baton.contacts.v1 import handoffs_pb2 as pb
from baton.contacts.v1 import people_pb2
from baton.log.v1 import log_pb2

from tests.support.handoffs import Handover, State
from tests.support.house import DEADLINE_S, Desk


async def register(desk: Desk, branch: str, name: str) -> str:
    """The stream of a new person."""
    request = people_pb2.CreatePersonRequest(person=people_pb2.Person(given_name=name, branch=branch))
    return f"contacts.person-{(await desk.ask('People/CreatePerson', request)).id}"


async def seen(desk: Desk, department: str, last: str) -> list[str]:
    """The streams of the events that a subscriber gets, in their order, up to the first of the stream `last`."""
    found: list[str] = []
    request = log_pb2.SubscribeRequest(department=department)
    headers = {"authorization": f"Bearer {desk.token}"}
    async with (
        asyncio.timeout(DEADLINE_S),
        aclosing(desk.caller.stream("baton.log.v1.Log/Subscribe", request, headers)) as items,
    ):
        async for item in items:
            found.append(str(item.data["subject"]))
            if found[-1] == last:
                break
    return found


async def test_a_record_is_seen_where_its_branch_is_not_where_it_was_recorded(handover: Handover) -> None:
    of_leeds = await register(handover.manager, "leeds", "Ruth")
    of_london = await register(handover.manager, "london", "Mia")
    of_york = await register(handover.town.desk("boss", "manager"), "york", "Oliver")

    assert await seen(handover.leeds, "contacts", of_leeds) == [of_leeds]
    assert await seen(handover.mia_at_contacts, "contacts", of_london) == [of_london]
    assert await seen(handover.oliver, "contacts", of_york) == [of_york]
    assert await seen(handover.manager, "contacts", of_york) == [of_leeds, of_london, of_york]


async def test_a_token_without_a_branch_sees_nothing_of_branches(handover: Handover) -> None:
    await register(handover.manager, "leeds", "Ruth")
    of_nobody = await register(handover.town.desk("boss", "manager"), "", "Nobody's")

    assert await seen(handover.town.desk("ivan", "clerk"), "contacts", of_nobody) == [of_nobody]


async def test_what_is_offered_shows_its_past_to_the_receiving_branch_until_it_is_returned(handover: Handover) -> None:
    handoff = await handover.delivered()
    lead = f"marketing.lead-{handoff.subject.id}"
    talk = f"contacts.handoff-{handoff.id}"

    assert await seen(handover.oliver, "marketing", lead) == [lead]
    assert talk in await seen(handover.oliver, "contacts", talk)
    own = await register(handover.leeds, "leeds", "Ruth")
    assert await seen(handover.leeds, "contacts", own) == [own]

    await handover.oliver.ask("Handoffs/ReturnHandoff", pb.ReturnHandoffRequest(id=handoff.id, reason="a mistake"))
    await handover.becomes(handoff.id, State.RETURNED)
    of_york = await register(handover.oliver, "york", "Oliver")
    assert lead.replace("marketing", "contacts") not in await seen(handover.oliver, "contacts", of_york)
