"""Opportunities as they are asked for."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from baton.common.v1.imports_pb2 import ImportResult
from baton.common.v1.types_pb2 import Money
from baton.sales.v1 import opportunities_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from facts.common import ManifestEntry, Subject
from facts.contacts import Asking, HandoffAccepted, HandoffOffered, HandoffReturned
from runtime.errors import RpcError
from tests.support.examples import ACCEPTED_AT, CLOSED_AT, COMPANY, OPPORTUNITY_OPENED, PERSON
from tests.support.house import Desk, Town, eventually

MUGS: dict[str, Any] = {
    "title": "300 mugs with a logo",
    "branch": "leeds",
    "lead_ids": ["lead-1", "lead-2"],
    "amount": {"currency": "GBP", "amount": "1450.00"},
    "expected_close": "2026-04-30",
    "custom": {"segment": "gifts"},
}


@pytest.fixture
def oliver(town: Town) -> Desk:
    return town.desk("oliver", package="sales")


async def ask(desk: Desk, verb: str, id: str, **fields: Any) -> pb.Opportunity:
    """`ask(oliver, "Win", id, amount=…)`."""
    request = "LinkLead" if verb == "LinkLead" else f"{verb}Opportunity"
    return await desk.ask(f"Opportunities/{request}", getattr(pb, f"{request}Request")(id=id, **fields))


async def create(desk: Desk, **fields: Any) -> pb.Opportunity:
    request = pb.CreateOpportunityRequest(opportunity=pb.Opportunity(**{**MUGS, **fields}))
    return await desk.ask("Opportunities/CreateOpportunity", request)


async def change(desk: Desk, id: str, paths: Sequence[str] = (), **fields: Any) -> pb.Opportunity:
    request = pb.UpdateOpportunityRequest(
        opportunity=pb.Opportunity(id=id, **fields), update_mask=FieldMask(paths=paths)
    )
    return await desk.ask("Opportunities/UpdateOpportunity", request)


async def listed(desk: Desk, count: int, **filters: Any) -> list[pb.Opportunity]:
    """A list, once it has as many."""
    request = pb.ListOpportunitiesRequest(**filters)
    page = await eventually(
        lambda: desk.ask("Opportunities/ListOpportunities", request), lambda page: page.total_size == count
    )
    return list(page.opportunities)


async def status(awaited: Any) -> int:
    """The HTTP status of a refused request."""
    with pytest.raises(RpcError) as raised:
        await awaited
    return raised.value.kind.http


def accepted(handoff_id: str, opportunity_id: str, **more: Any) -> HandoffAccepted:
    told: dict[str, Any] = {
        "kind": "lead-to-sales",
        "to_department": "sales",
        "subject": Subject(kind="lead", id="lead-9"),
        "person_id": PERSON,
        "company_id": COMPANY,
        "to_branch": "leeds",
        "owner": "oliver",
        "opens": True,
        "accepted_by": "mia",
        "accepted_at": ACCEPTED_AT,
        "basis": {},
        "closing": (),
    }
    return HandoffAccepted(handoff_id=handoff_id, opportunity_id=opportunity_id, **{**told, **more})


async def test_an_opportunity_is_opened_and_read_again(oliver: Desk) -> None:
    made = await create(oliver)
    assert (made.pipeline, made.stage, made.state, made.owner) == ("default", "new", pb.Opportunity.OPEN, "oliver")
    assert (made.amount.amount, made.expected_close, made.etag) == ("1450.00", "2026-04-30", "1")
    assert await ask(oliver, "Get", made.id) == made
    assert await listed(oliver, 1, lead_ids=["lead-2"], expected_close=["2026-04-30"]) == [made]


async def test_an_update_changes_moves_and_links(oliver: Desk) -> None:
    made = await create(oliver)
    after = await change(
        oliver,
        made.id,
        ["stage", "lead_ids", "expected_close", "custom.gift"],
        stage="proposal",
        lead_ids=["lead-1", "lead-2", "lead-3"],
        custom={"gift": True},
    )
    assert (after.stage, list(after.lead_ids), after.expected_close) == ("proposal", ["lead-1", "lead-2", "lead-3"], "")
    assert dict(after.custom) == {"segment": "gifts", "gift": True}
    assert await change(oliver, made.id, ["stage"], stage="proposal") == after
    await eventually(lambda: listed(oliver, 1, stage=["proposal"]), lambda rows: rows == [after])


async def test_what_does_not_exist_or_cannot_be_undone_is_refused(oliver: Desk) -> None:
    made = await create(oliver)
    assert await status(create(oliver, pipeline="spring")) == 409
    assert await status(create(oliver, stage="haggling")) == 409
    assert await status(change(oliver, made.id, ["lead_ids"])) == 409
    assert await status(ask(oliver, "Move", made.id, stage="haggling")) == 409
    assert await status(ask(oliver, "Reopen", made.id)) == 409
    assert await status(ask(oliver, "Win", str(uuid4()))) == 404


async def test_it_is_moved_won_reopened_and_lost(oliver: Desk) -> None:
    id = (await create(oliver)).id
    assert (await ask(oliver, "Move", id, stage="negotiation")).stage == "negotiation"
    won = await ask(oliver, "Win", id, amount={"currency": "GBP", "amount": "1500"}, closed_at=CLOSED_AT)
    assert (won.state, won.amount.amount) == (pb.Opportunity.WON, "1500")
    assert won.closed_at.ToDatetime(UTC) == CLOSED_AT
    assert await status(ask(oliver, "Win", id)) == 409
    assert await status(ask(oliver, "Move", id, stage="new")) == 409
    again = await ask(oliver, "Reopen", id, note="The supplier cancelled")
    assert (again.state, again.stage, again.HasField("closed_at")) == (pb.Opportunity.OPEN, "negotiation", False)
    lost = await ask(oliver, "Lose", id, reason="Too expensive")
    assert (lost.state, lost.lost_reason) == (pb.Opportunity.LOST, "Too expensive")
    await eventually(lambda: listed(oliver, 1, state=[pb.Opportunity.LOST]), lambda rows: rows == [lost])


async def test_nothing_is_won_for_less_than_nothing_or_closed_in_the_future(oliver: Desk) -> None:
    made = await create(oliver)
    less, late = {"currency": "EUR", "amount": "-5"}, datetime.now(UTC) + timedelta(days=2)

    assert await status(ask(oliver, "Win", made.id, amount=less)) == 409
    assert await status(create(oliver, amount=less)) == 409
    assert await status(change(oliver, made.id, amount=less)) == 409
    assert await status(ask(oliver, "Win", made.id, closed_at=late)) == 409
    assert await status(ask(oliver, "Lose", made.id, reason="No budget", closed_at=late)) == 409
    assert (await ask(oliver, "Win", made.id, amount={"currency": "EUR", "amount": "0"})).state == pb.Opportunity.WON


async def test_several_leads_belong_to_one(oliver: Desk) -> None:
    made = await create(oliver, lead_ids=[])
    await ask(oliver, "LinkLead", made.id, lead_id="lead-7")
    both = await ask(oliver, "LinkLead", made.id, lead_id="lead-8")
    assert (list(both.lead_ids), both.etag) == (["lead-7", "lead-8"], "3")
    assert (await ask(oliver, "LinkLead", made.id, lead_id="lead-7")).etag == "3"


async def test_an_accepted_handoff_opens_one(town: Town, oliver: Desk) -> None:
    handoff_id, id = str(uuid4()), str(uuid4())
    await town.tell(f"contacts.handoff-{handoff_id}", accepted(handoff_id, id), employee="mia")
    (found,) = await listed(oliver, 1, handoff_id=[handoff_id])
    assert (found.id, list(found.lead_ids), found.person_id, found.company_id) == (id, ["lead-9"], PERSON, COMPANY)
    assert (found.branch, found.owner, found.state) == ("leeds", "oliver", pb.Opportunity.OPEN)


async def test_an_accepted_handoff_links_its_lead_to_one_that_is_named(town: Town, oliver: Desk) -> None:
    made, handoff_id = await create(oliver), str(uuid4())
    await town.tell(f"contacts.handoff-{handoff_id}", accepted(handoff_id, made.id, opens=False))
    linked = await eventually(lambda: ask(oliver, "Get", made.id), lambda seen: len(seen.lead_ids) == 3)
    assert linked.lead_ids[2] == "lead-9"


async def test_what_another_department_accepted_opens_nothing(town: Town, oliver: Desk) -> None:
    for to_department in ("support", "sales"):
        handoff_id = str(uuid4())
        fact = accepted(handoff_id, str(uuid4()), to_department=to_department)
        await town.tell(f"contacts.handoff-{handoff_id}", fact)
    assert len(await listed(oliver, 1)) == 1


async def test_a_branch_sees_and_writes_its_own_only(town: Town, oliver: Desk) -> None:
    made = await create(oliver)
    ivan = town.desk("ivan", "sales", branch="moscow", package="sales")
    assert [await status(each) for each in (ask(ivan, "Get", made.id), ask(ivan, "Win", made.id), create(ivan))] == [
        404,
        404,
        403,
    ]
    assert await listed(ivan, 0) == []
    assert (await create(ivan, branch="")).branch == "moscow"


async def test_an_offered_handoff_lets_the_receiving_branch_read(town: Town, oliver: Desk) -> None:
    made, handoff_id = await create(oliver), str(uuid4())
    support = town.desk("sue", "support", branch="derby", package="sales")
    subject = Subject(kind="person", id=PERSON)
    offered = HandoffOffered(
        handoff_id=handoff_id,
        kind="by-hand",
        from_department="sales",
        to_department="support",
        subject=subject,
        from_branch="leeds",
        to_branch="derby",
        asking=Asking(department="contacts", stream=f"contacts.handoff-{handoff_id}", version=1, event_id=str(uuid4())),
        asked_at=ACCEPTED_AT,
        basis={},
        manifest=(ManifestEntry(stream=f"sales.opportunity-{made.id}", version=1, digest="0a" * 32),),
        deadline=ACCEPTED_AT,
    )
    await town.tell(f"contacts.handoff-{handoff_id}", offered)
    assert await listed(support, 1) == [made]
    assert await ask(support, "Get", made.id) == made
    told: dict[str, Any] = {"subject": subject, "from_department": "sales", "reason": "No", "returned_by": "sue"}
    await town.tell(f"contacts.handoff-{handoff_id}", HandoffReturned(handoff_id=handoff_id, **told))
    assert await listed(support, 0) == []
    assert await status(ask(support, "Get", made.id)) == 404


async def test_the_pipeline_is_listed(oliver: Desk) -> None:
    pipelines = (await oliver.ask("Pipelines/ListPipelines", pb.ListPipelinesRequest())).pipelines
    stages = [(stage.id, stage.probability) for stage in pipelines[0].stages]
    assert stages == [("new", "0.1"), ("qualified", "0.3"), ("proposal", "0.5"), ("negotiation", "0.8")]
    assert await oliver.ask("Pipelines/GetPipeline", pb.GetPipelineRequest(id="default")) == pipelines[0]
    assert (pipelines[0].etag, pipelines[0].create_time) == ("0", pipelines[0].update_time)
    assert pipelines[0].HasField("create_time")
    assert pipelines[0].HasField("custom")

    async def total(**given: Any) -> int:
        return int((await oliver.ask("Pipelines/ListPipelines", pb.ListPipelinesRequest(**given))).total_size)

    since = pipelines[0].create_time
    assert await total(id=["default", "spring"], order_by="createTime desc") == 1
    assert [
        await total(id=["spring"]),
        await total(create_time_after=since),
        await total(update_time_before=since),
    ] == [0] * 3
    assert await status(total(order_by="stages")) == 400
    assert await status(oliver.ask("Pipelines/GetPipeline", pb.GetPipelineRequest(id="spring"))) == 404


def deal(digest: str, **fields: Any) -> pb.OpportunityRow:
    told = {"external_id": "deal-1", "owner": "sr-1", "amount": {"currency": "BRL", "amount": "12.50"}}
    won = pb.WinStep(closed_at=datetime(2018, 3, 6, 19, 38, 55, tzinfo=UTC))
    id, said = fields.pop("opportunity_id", ""), {**told, **fields}
    return pb.OpportunityRow(
        line=2,
        digest=digest * 32,
        employee="sr-1",
        opportunity=pb.Opportunity(**said),
        win=won,
        opportunity_id=id,
    )


async def bring(desk: Desk, row: pb.OpportunityRow) -> ImportResult:
    request = pb.ImportOpportunitiesRequest(import_id="deals", rows=[row])
    return (await desk.ask("Opportunities/ImportOpportunities", request)).results[0]


async def test_a_deal_is_imported_and_won(oliver: Desk) -> None:
    made = await bring(oliver, deal("aa", custom={"profile": ["cat", "wolf"]}))
    found = await ask(oliver, "Get", made.id)
    assert (made.outcome, found.state, found.amount.amount) == (ImportResult.CREATED, pb.Opportunity.WON, "12.50")
    assert dict(found.custom)["profile"] == ["cat", "wolf"]
    assert (await bring(oliver, deal("aa", custom={"profile": ["cat", "wolf"]}))).outcome == ImportResult.UNCHANGED
    changed = await bring(oliver, deal("bb", title="Mugs"))
    after = await ask(oliver, "Get", made.id)
    assert (changed.outcome, after.title, dict(after.custom)) == (ImportResult.UPDATED, "Mugs", {})
    assert after.closed_at == found.closed_at


async def test_a_wrong_deal_is_rejected_with_the_field_that_is_wrong(oliver: Desk) -> None:
    late, less = deal("aa"), deal("bb")
    late.win.closed_at.FromDatetime(datetime.now(UTC) + timedelta(days=2))
    less.win.amount.CopyFrom(Money(currency="BRL", amount="-1"))
    rows = [late, less, deal("cc", stage="haggling"), deal("dd", expected_close="2026-02-30")]

    rejected = [await bring(oliver, row) for row in rows]

    assert {each.outcome for each in rejected} == {ImportResult.REJECTED}
    assert [each.field for each in rejected] == [
        "win.closed_at",
        "win.amount.amount",
        "opportunity.stage",
        "opportunity.expected_close",
    ]


async def test_the_stage_that_is_wrong_is_named_where_it_stands(oliver: Desk) -> None:
    made = await create(oliver)

    async def named(awaited: Any) -> list[str]:
        with pytest.raises(RpcError) as refused:
            await awaited
        return [each.field for each in refused.value.violations]

    assert await named(create(oliver, stage="haggling")) == ["opportunity.stage"]
    assert await named(change(oliver, made.id, stage="haggling")) == ["opportunity.stage"]
    assert await named(ask(oliver, "Move", made.id, stage="haggling")) == ["stage"]


async def test_a_deal_waits_for_the_handoff_that_opens_it(town: Town, oliver: Desk) -> None:
    handoff_id, id = str(uuid4()), str(uuid4())
    row = deal("aa", opportunity_id=id)
    assert (await bring(oliver, row)).outcome == ImportResult.NOT_YET
    await town.tell(f"contacts.handoff-{handoff_id}", accepted(handoff_id, id))
    await listed(oliver, 1, handoff_id=[handoff_id])
    assert (await bring(oliver, row)).outcome == ImportResult.CREATED
    found = await ask(oliver, "Get", id)
    assert (found.state, found.external_id, list(found.lead_ids)) == (pb.Opportunity.WON, "deal-1", ["lead-9"])
    assert found.owner == "sr-1"
    assert (await bring(oliver, row)).outcome == ImportResult.UNCHANGED


async def test_a_deal_is_not_kept_waiting_by_what_was_remembered(town: Town, oliver: Desk) -> None:
    """The stream was looked up before the handoff opened it, and another process did that."""
    id = str(uuid4())
    row = deal("aa", opportunity_id=id)
    assert (await bring(oliver, row)).outcome == ImportResult.NOT_YET
    opened = OPPORTUNITY_OPENED.model_copy(update={"opportunity_id": id})
    await town.tell(f"sales.opportunity-{id}", opened)
    assert (await bring(oliver, row)).outcome == ImportResult.CREATED
