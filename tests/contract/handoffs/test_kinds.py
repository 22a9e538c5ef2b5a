"""Kinds of handoffs as they are asked for."""

from typing import Any

import pytest
from baton.contacts.v1 import handoffs_pb2 as pb

from runtime.errors import RpcError
from tests.support.handoffs import Handover, State
from tests.support.house import eventually


async def test_leads_to_sales_exist_from_the_start(handover: Handover) -> None:
    listed = await handover.oliver.ask("HandoffKinds/ListHandoffKinds", pb.ListHandoffKindsRequest())
    found = await handover.oliver.ask("HandoffKinds/GetHandoffKind", pb.GetHandoffKindRequest(kind="lead-to-sales"))

    assert list(listed.handoff_kinds) == [found]
    assert listed.total_size == 1
    assert (found.from_department, found.to_department, found.deadline_working_minutes) == ("marketing", "sales", 480)
    assert (found.etag, found.create_time, found.update_time) == ("0", found.create_time, found.create_time)


async def test_nothing_is_recorded_of_it_until_somebody_changes_it(handover: Handover) -> None:
    def within(minutes: int) -> pb.UpdateHandoffKindRequest:
        kind = pb.HandoffKind(kind="lead-to-sales", deadline_working_minutes=minutes)
        return pb.UpdateHandoffKindRequest(handoff_kind=kind, update_mask={"paths": ["deadline_working_minutes"]})

    async def listed() -> list[pb.HandoffKind]:
        found = await handover.oliver.ask("HandoffKinds/ListHandoffKinds", pb.ListHandoffKindsRequest())
        return list(found.handoff_kinds)

    (before,) = await listed()
    await handover.oliver.ask("HandoffKinds/GetHandoffKind", pb.GetHandoffKindRequest(kind="lead-to-sales"))
    assert await handover.manager.ask("HandoffKinds/UpdateHandoffKind", within(480)) == before
    assert await handover.log_of("contacts.handoffkind-lead-to-sales") == []

    changed = await handover.manager.ask("HandoffKinds/UpdateHandoffKind", within(60), if_match='"0"')

    assert (changed.etag, changed.create_time) == ("1", before.create_time)
    await eventually(listed, lambda seen: seen == [changed])


async def test_what_exists_from_the_start_is_filtered_and_paged_as_the_rest(handover: Handover) -> None:
    async def listed(**given: Any) -> pb.ListHandoffKindsResponse:
        return await handover.oliver.ask("HandoffKinds/ListHandoffKinds", pb.ListHandoffKindsRequest(**given))

    kind = pb.HandoffKind(kind="back-to-marketing", from_department="sales", to_department="marketing")
    await handover.manager.ask("HandoffKinds/CreateHandoffKind", pb.CreateHandoffKindRequest(handoff_kind=kind))

    first = await eventually(lambda: listed(page_size=1), lambda page: page.total_size == 2)
    second = await listed(page_size=1, page_token=first.next_page_token)
    assert [each.kind for page in (first, second) for each in page.handoff_kinds] == [
        "back-to-marketing",
        "lead-to-sales",
    ]
    assert [each.kind for each in (await listed(to_department=["sales"])).handoff_kinds] == ["lead-to-sales"]
    assert (await listed(to_department=["contacts"])).total_size == 0
    assert [each.id for each in (await listed(id=["lead-to-sales"])).handoff_kinds] == ["lead-to-sales"]
    assert (await listed(id=["lead-to-sales"], kind=["back-to-marketing"])).total_size == 0


async def test_a_kind_is_defined_changed_and_used(handover: Handover) -> None:
    kind = pb.HandoffKind(kind="person-to-marketing", from_department="sales", to_department="marketing")
    made = await handover.manager.ask("HandoffKinds/CreateHandoffKind", pb.CreateHandoffKindRequest(handoff_kind=kind))
    assert (made.id, made.etag, made.deadline_working_minutes) == ("person-to-marketing", "1", 480)

    wanted = pb.HandoffKind(kind=made.kind, deadline_working_minutes=60)
    request = pb.UpdateHandoffKindRequest(handoff_kind=wanted, update_mask={"paths": ["deadline_working_minutes"]})
    changed = await handover.manager.ask("HandoffKinds/UpdateHandoffKind", request)
    assert (changed.etag, changed.deadline_working_minutes, changed.to_department) == ("2", 60, "marketing")

    await handover.call(handover.manager, person_id="anna")
    asked = await handover.manager.ask(
        "Handoffs/CreateHandoff", pb.CreateHandoffRequest(kind=made.kind, subject={"kind": "person", "id": "anna"})
    )
    assert (asked.from_department, asked.to_department) == ("sales", "marketing")
    await handover.becomes(asked.id, State.DELIVERED)


async def test_a_kind_is_defined_once(handover: Handover) -> None:
    kind = pb.HandoffKind(kind="lead-to-sales", from_department="marketing", to_department="sales")

    with pytest.raises(RpcError) as raised:
        await handover.manager.ask("HandoffKinds/CreateHandoffKind", pb.CreateHandoffKindRequest(handoff_kind=kind))

    assert raised.value.kind.http == 409
