"""Kinds of handoffs as they are asked for."""

import pytest
from baton.contacts.v1 import handoffs_pb2 as pb

from runtime.errors import RpcError
from tests.support.handoffs import Handover, State


async def test_leads_to_sales_exist_from_the_start(handover: Handover) -> None:
    listed = await handover.oliver.ask("HandoffKinds/ListHandoffKinds", pb.ListHandoffKindsRequest())
    found = await handover.oliver.ask("HandoffKinds/GetHandoffKind", pb.GetHandoffKindRequest(kind="lead-to-sales"))

    assert list(listed.handoff_kinds) == [found]
    assert (found.from_department, found.to_department, found.deadline_working_minutes) == ("marketing", "sales", 480)


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
