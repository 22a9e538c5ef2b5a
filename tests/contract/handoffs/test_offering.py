"""From asked to delivered: what is offered, and what proves that it came."""

from tests.support.handoffs import Handover, State, streams


async def test_a_qualified_lead_is_offered_and_delivered_with_everything_known(handover: Handover) -> None:
    lead = await handover.lead()

    delivered = await handover.becomes(await handover.qualify(lead.id, note="Forty chairs"), State.DELIVERED)

    assert (delivered.from_department, delivered.to_department) == ("marketing", "sales")
    assert (delivered.from_branch, delivered.to_branch, delivered.asked_by) == ("london", "york", "mia")
    assert (delivered.kind, delivered.subject.kind, delivered.subject.id) == ("lead-to-sales", "lead", lead.id)
    assert delivered.note == "Forty chairs"
    assert streams(delivered.manifest) == [(f"marketing.lead-{lead.id}", 2)]
    assert list(delivered.receipt) == list(delivered.manifest)
    assert [step.what for step in delivered.history] == ["asked", "offered", "delivered"]
    (_, qualified) = await handover.log_of(f"marketing.lead-{lead.id}")
    assert delivered.manifest[0].digest == qualified.digest.hex()
