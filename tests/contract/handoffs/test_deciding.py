"""What people decide about a handoff, in which states, and who."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import pytest
from baton.common.v1 import imports_pb2
from baton.contacts.v1 import acceptances_pb2, branches_pb2
from baton.contacts.v1 import handoffs_pb2 as pb
from baton.marketing.v1 import leads_pb2
from baton.sales.v1 import opportunities_pb2

from runtime.errors import RpcError
from services.contacts.common.terms import Terms
from services.contacts.domain.handoff_kind import HandoffKind
from tests.support.handoffs import Handover, State
from tests.support.house import Desk, eventually

IN_2018 = datetime(2018, 3, 6, 19, 38, 55, tzinfo=UTC)


async def refused(awaited: Any) -> tuple[int, str]:
    """HTTP status and words of a refusal."""
    with pytest.raises(RpcError) as raised:
        await awaited
    return raised.value.kind.http, str(raised.value)


async def decide(desk: Desk, verb: str, id: str, **given: Any) -> pb.Handoff:
    return await desk.ask(f"Handoffs/{verb}Handoff", getattr(pb, f"{verb}HandoffRequest")(id=id, **given))


async def test_accepting_opens_an_opportunity_for_who_accepts(handover: Handover) -> None:
    delivered = await handover.delivered()

    accepted = await handover.accept(delivered.id)

    assert (accepted.state, accepted.accepted_by, accepted.owner) == (State.ACCEPTED, "oliver", "oliver")
    assert accepted.history[-1].what == "accepted"
    opened = str(uuid5(UUID(delivered.id), "opportunity"))
    assert list(accepted.opportunity_ids) == [opened]
    sales = handover.town.desk("oliver", "sales", branch="york", package="sales")
    await eventually(
        lambda: sales.ask("Opportunities/ListOpportunities", opportunities_pb2.ListOpportunitiesRequest(id=[opened])),
        lambda listed: listed.opportunities,
    )
    assert list((await handover.get(delivered.id)).opportunity_ids) == [opened]


async def test_accepting_may_name_another_owner_and_another_time(handover: Handover) -> None:
    delivered = await handover.delivered()

    accepted = await handover.accept(delivered.id, owner="olga", accepted_at=IN_2018)

    assert (accepted.owner, accepted.accepted_at.ToJsonString()) == ("olga", "2018-03-06T19:38:55Z")


async def test_accepting_into_an_opportunity_links_the_lead_to_it(handover: Handover) -> None:
    delivered = await handover.delivered()
    sales = handover.town.desk("oliver", "sales", branch="york", package="sales")
    wanted = opportunities_pb2.Opportunity(title="Forty chairs")
    there = await sales.ask(
        "Opportunities/CreateOpportunity", opportunities_pb2.CreateOpportunityRequest(opportunity=wanted)
    )

    await handover.accept(delivered.id, opportunity_id=there.id)

    shown = await handover.until(delivered.id, lambda found: found.opportunity_ids)
    assert list(shown.opportunity_ids) == [there.id]
    request = opportunities_pb2.GetOpportunityRequest(id=there.id)
    linked = await eventually(lambda: sales.ask("Opportunities/GetOpportunity", request), lambda found: found.lead_ids)
    assert list(linked.lead_ids) == [delivered.subject.id]


async def test_what_another_department_accepts_opens_no_opportunity(handover: Handover) -> None:
    await handover.call(handover.manager, person_id="anna")
    request = pb.CreateHandoffRequest(subject={"kind": "person", "id": "anna"}, to_department="marketing")
    asked = await handover.manager.ask("Handoffs/CreateHandoff", request)
    await handover.becomes(asked.id, State.DELIVERED)

    assert (await handover.accept(asked.id, handover.manager)).state == State.ACCEPTED
    (*_, accepted) = await handover.log_of(f"contacts.handoff-{asked.id}")
    assert b"opportunity" not in accepted.data.replace(b'"opportunity_id":""', b"")


async def test_a_question_waits_for_its_answer(handover: Handover) -> None:
    delivered = await handover.delivered()

    asked = await decide(handover.oliver, "Ask", delivered.id, question="Which colour?")
    assert (asked.state, asked.questions[0].question, asked.questions[0].asked_by) == (
        State.QUESTIONED,
        "Which colour?",
        "oliver",
    )
    question = asked.questions[0].id
    answered = await decide(handover.mia_at_contacts, "Answer", asked.id, question_id=question, answer="Green")

    assert (answered.state, answered.questions[0].answer) == (State.DELIVERED, "Green")
    assert answered.questions[0].answered_by == "mia"
    assert (await refused(decide(handover.mia_at_contacts, "Answer", asked.id, question_id=question, answer="Red")))[
        0
    ] == 409


async def test_two_questions_need_two_answers(handover: Handover) -> None:
    delivered = await handover.delivered()
    await decide(handover.oliver, "Ask", delivered.id, question="Which colour?")
    asked = await decide(handover.oliver, "Ask", delivered.id, question="How many?")
    first, second = (question.id for question in asked.questions)

    half = await decide(handover.mia_at_contacts, "Answer", asked.id, question_id=first, answer="Green")
    whole = await decide(handover.mia_at_contacts, "Answer", asked.id, question_id=second, answer="Forty")

    assert (half.state, whole.state) == (State.QUESTIONED, State.DELIVERED)


async def test_a_questioned_handoff_may_be_accepted(handover: Handover) -> None:
    delivered = await handover.delivered()
    await decide(handover.oliver, "Ask", delivered.id, question="Which colour?")

    assert (await handover.accept(delivered.id)).state == State.ACCEPTED


async def test_a_returned_handoff_is_over(handover: Handover) -> None:
    delivered = await handover.delivered()

    returned = await decide(handover.oliver, "Return", delivered.id, reason="No budget")

    assert (returned.state, returned.history[-1].note) == (State.RETURNED, "No budget")
    assert await refused(handover.accept(delivered.id)) == (
        409,
        "only a handoff that is DELIVERED or QUESTIONED can be accepted; this one is RETURNED",
    )


async def test_what_was_accepted_is_handed_back_not_returned(handover: Handover) -> None:
    delivered = await handover.delivered()
    await handover.accept(delivered.id)

    assert (await refused(decide(handover.oliver, "Return", delivered.id, reason="Moved")))[0] == 409
    back = await decide(handover.oliver, "HandBack", delivered.id, reason="Moved away")

    assert (back.state, back.history[-1].what) == (State.RETURNED, "handed back")


async def test_a_reassigned_handoff_belongs_to_the_other_branch(handover: Handover) -> None:
    delivered = await handover.delivered()

    moved = await decide(handover.oliver, "Reassign", delivered.id, to_branch="leeds", to_employee="ruth")

    assert (moved.state, moved.to_branch, moved.assignee) == (State.DELIVERED, "leeds", "ruth")
    assert (await refused(handover.get(delivered.id, handover.oliver)))[0] == 404
    assert (await refused(handover.accept(delivered.id)))[0] == 404
    assert (await handover.accept(delivered.id, handover.leeds)).state == State.ACCEPTED


async def test_the_deadline_is_that_of_the_branch_where_the_handoff_is_by_then(
    handover: Handover, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leeds opens on Sundays only. The handoff goes there while somebody gives it to Ruth, wherever it is."""
    hours = [branches_pb2.WorkingDay(day=7, opens="09:00", closes="10:00")]
    delivered = await handover.delivered()
    sundays_only = branches_pb2.Branch(id="leeds", name="Leeds", working_hours=hours)
    await handover.town.desk("root", "admin").ask(
        "Branches/CreateBranch", branches_pb2.CreateBranchRequest(branch=sundays_only)
    )
    work_out, worked_out = Terms.deadline, []

    async def meanwhile(terms: Terms, tenant: str, branch: str, kind: HandoffKind) -> datetime:
        found = await work_out(terms, tenant, branch, kind)
        if tenant == handover.town.tenant:
            worked_out.append(branch)
        if worked_out == ["york"]:
            await decide(handover.manager, "Reassign", delivered.id, to_branch="leeds")
        return found

    monkeypatch.setattr(Terms, "deadline", meanwhile)
    given = await decide(handover.manager, "Reassign", delivered.id, to_employee="ruth")

    assert (given.to_branch, given.assignee) == ("leeds", "ruth")
    assert given.deadline.ToDatetime().isoweekday() == 7
    assert worked_out == ["york", "leeds", "leeds"]


async def test_the_asker_withdraws_before_it_is_accepted_only(handover: Handover) -> None:
    first, second = await handover.delivered(), await handover.delivered()
    await handover.accept(second.id)

    withdrawn = await decide(handover.mia_at_contacts, "Withdraw", first.id, reason="By mistake")

    assert withdrawn.state == State.WITHDRAWN
    status, words = await refused(decide(handover.mia_at_contacts, "Withdraw", second.id, reason="By mistake"))
    assert (status, words.endswith("can be withdrawn; this one is ACCEPTED")) == (409, True)


async def test_a_kind_says_where_it_goes(handover: Handover) -> None:
    lead = await handover.lead()
    request = pb.CreateHandoffRequest(
        kind="lead-to-sales", subject={"kind": "lead", "id": lead.id}, to_department="contacts"
    )

    status, words = await refused(handover.mia_at_contacts.ask("Handoffs/CreateHandoff", request))

    assert (status, words) == (409, "a handoff of the kind lead-to-sales goes to sales")


async def test_each_side_decides_what_is_its_own(handover: Handover) -> None:
    delivered = await handover.delivered()
    asked = await decide(handover.oliver, "Ask", delivered.id, question="Which colour?")

    for awaited in (
        handover.accept(delivered.id, handover.mia_at_contacts),
        decide(handover.mia_at_contacts, "Return", delivered.id, reason="No"),
        decide(handover.oliver, "Withdraw", delivered.id, reason="No"),
        decide(handover.oliver, "Answer", delivered.id, question_id=asked.questions[0].id, answer="Red"),
    ):
        assert (await refused(awaited))[0] == 403


async def test_a_disqualified_lead_takes_its_handoff_along(handover: Handover) -> None:
    lead = await handover.lead()
    handoff_id = await handover.qualify(lead.id)
    await handover.mia.ask("Leads/DisqualifyLead", leads_pb2.DisqualifyLeadRequest(id=lead.id, reason="Seeks a job"))

    withdrawal = withdrawal_of(await handover.becomes(handoff_id, State.WITHDRAWN))

    assert (withdrawal.employee, withdrawal.note) == ("mia", "Seeks a job")


def withdrawal_of(handoff: pb.Handoff) -> Any:
    """The last step of a handoff, but for receipts of supplements that were on their way."""
    steps = list(handoff.history)
    while steps[-1].what == "delivered" and steps[-1].note.startswith("supplement-"):
        steps.pop()
    assert steps[-1].what == "withdrawn"
    return steps[-1]


async def test_a_disqualified_lead_takes_what_was_asked_by_hand_along_too(handover: Handover) -> None:
    lead = await handover.lead()
    first = await handover.qualify(lead.id)
    await handover.becomes(first, State.DELIVERED)
    request = pb.CreateHandoffRequest(subject={"kind": "lead", "id": lead.id}, kind="second-look", to_branch="york")
    second = await handover.mia_at_contacts.ask("Handoffs/CreateHandoff", request)
    await handover.becomes(second.id, State.DELIVERED)

    await handover.mia.ask("Leads/DisqualifyLead", leads_pb2.DisqualifyLeadRequest(id=lead.id, reason="Seeks a job"))

    for id in (first, second.id):
        assert withdrawal_of(await handover.becomes(id, State.WITHDRAWN)).note == "Seeks a job"


async def test_the_same_command_again_has_the_same_answer_whatever_happened_since(handover: Handover) -> None:
    delivered = await handover.delivered()
    request = pb.ReassignHandoffRequest(id=delivered.id, to_branch="leeds")
    first = await handover.oliver.reply("Handoffs/ReassignHandoff", request, idempotency_key="once")

    again = await handover.oliver.reply("Handoffs/ReassignHandoff", request, idempotency_key="once")

    assert again.message == first.message
    assert again.metadata["idempotency-replayed"] == "true"


async def test_what_was_asked_has_its_answer_also_when_its_kind_changed_since(handover: Handover) -> None:
    lead = await handover.lead()
    request = pb.CreateHandoffRequest(kind="visit", subject={"kind": "lead", "id": lead.id}, to_department="sales")

    async def ask(**key: str) -> pb.Handoff:
        return await handover.mia_at_contacts.ask("Handoffs/CreateHandoff", request, **key)

    first = await ask(idempotency_key="once")
    kind = pb.HandoffKind(kind="visit", from_department="marketing", to_department="contacts")
    await handover.manager.ask("HandoffKinds/CreateHandoffKind", pb.CreateHandoffKindRequest(handoff_kind=kind))

    assert (await ask(idempotency_key="once")).id == first.id
    assert await refused(ask()) == (409, "a handoff of the kind visit goes to contacts")


async def test_a_stale_version_is_refused(handover: Handover) -> None:
    delivered = await handover.delivered()

    reply = handover.oliver.reply(
        "Handoffs/AcceptHandoff", pb.AcceptHandoffRequest(id=delivered.id), if_match=f'"{int(delivered.etag) - 1}"'
    )

    assert (await refused(reply))[0] == 412


async def test_values_of_your_own_are_kept(handover: Handover) -> None:
    delivered = await handover.delivered()
    wanted = pb.Handoff(id=delivered.id, custom={"route": "north"})

    changed = await handover.oliver.ask(
        "Handoffs/UpdateHandoff", pb.UpdateHandoffRequest(handoff=wanted, update_mask={"paths": ["custom.route"]})
    )

    assert dict(changed.custom) == {"route": "north"}


async def test_nobody_decides_on_what_is_not_there(handover: Handover) -> None:
    assert (await refused(handover.accept("16fd2706-8baf-433b-82eb-8c7fada847da")))[0] == 404
    assert (await refused(handover.get("nothing")))[0] == 404


async def test_acceptances_are_imported_once(handover: Handover) -> None:
    delivered, other = await handover.delivered(), await handover.delivered()
    await decide(handover.oliver, "Return", other.id, reason="No budget")
    rows = [
        acceptances_pb2.AcceptanceRow(
            line=line,
            digest=str(line) * 64,
            employee="sdr-7",
            acceptance={"handoff_id": id, "owner": "sr-3", "accepted_at": IN_2018},
        )
        for line, id in ((2, delivered.id), (3, other.id), (4, "16fd2706-8baf-433b-82eb-8c7fada847da"))
    ]
    request = acceptances_pb2.ImportAcceptancesRequest(import_id="deals", rows=rows)

    first = await handover.manager.ask("Acceptances/ImportAcceptances", request)
    again = await handover.manager.ask("Acceptances/ImportAcceptances", request)

    outcome = imports_pb2.ImportResult.Outcome
    assert [each.outcome for each in first.results] == [outcome.CREATED, outcome.REJECTED, outcome.NOT_YET]
    assert [each.outcome for each in again.results] == [outcome.UNCHANGED, outcome.REJECTED, outcome.NOT_YET]
    accepted = await handover.get(delivered.id)
    assert (accepted.accepted_by, accepted.owner, accepted.accepted_at.ToJsonString()) == (
        "sdr-7",
        "sr-3",
        "2018-03-06T19:38:55Z",
    )


async def test_lists_filter_by_what_a_handoff_says(handover: Handover) -> None:
    first, second = await handover.delivered(note="Chairs"), await handover.delivered()
    await handover.accept(second.id)

    async def found(**filters: Any) -> list[str]:
        listed = await handover.manager.ask("Handoffs/ListHandoffs", pb.ListHandoffsRequest(**filters))
        return [handoff.id for handoff in listed.handoffs]

    opportunity = str(uuid5(UUID(second.id), "opportunity"))
    await eventually(lambda: found(opportunity_ids=[opportunity]), bool)
    both = {first.id, second.id}
    assert await found(state=[State.DELIVERED]) == [first.id]
    assert await found(subject_id=[first.subject.id]) == [first.id]
    assert await found(note=["Chairs"]) == [first.id]
    assert await found(accepted_by=["oliver"]) == [second.id]
    assert await found(opportunity_ids=[opportunity]) == [second.id]
    assert set(await found(to_branch=["york"], kind=["lead-to-sales"], overdue=[False])) == both
    assert await found(overdue=[True]) == []
    assert await found(order_by="createTime desc") == [second.id, first.id]
    assert await found(person_id=["nobody"]) == []
    assert set(await found(person_id=[""])) == both


async def test_a_list_shows_what_a_read_by_id_shows(handover: Handover) -> None:
    delivered = await handover.delivered(note="Chairs", brief={"wants": "Forty chairs", "next_step": "Call"})
    asked = await decide(handover.oliver, "Ask", delivered.id, question="Which colour?")
    await decide(handover.mia_at_contacts, "Answer", asked.id, question_id=asked.questions[0].id, answer="Green")
    accepted = await handover.accept(delivered.id)

    async def listed() -> pb.Handoff:
        page = await handover.manager.ask("Handoffs/ListHandoffs", pb.ListHandoffsRequest(id=[delivered.id]))
        return page.handoffs[0]

    shown = await eventually(listed, lambda found: int(found.etag) >= int(accepted.etag) and found.opportunity_ids)
    assert shown == await handover.get(delivered.id)


async def test_a_question_asked_again_is_answered_as_it_was_though_the_handoff_went_on(handover: Handover) -> None:
    delivered = await handover.delivered()
    request = pb.AskHandoffRequest(id=delivered.id, question="Which colour?")
    first = await handover.oliver.reply("Handoffs/AskHandoff", request, idempotency_key="which")
    await handover.accept(delivered.id)
    listed = pb.ListHandoffsRequest(id=[delivered.id], state=[State.ACCEPTED])
    await eventually(lambda: handover.manager.ask("Handoffs/ListHandoffs", listed), lambda page: page.total_size)

    again = await handover.oliver.reply("Handoffs/AskHandoff", request, idempotency_key="which")

    assert again.message == first.message
