"""What is decided about kinds of handoffs."""

from services.contacts.domain import handoff_kind
from services.contacts.domain.handoff_kind import HANDOFF_KIND
from tests.support.deciding import given


def test_a_department_does_not_hand_on_to_itself() -> None:
    asked = {"from_department": "sales", "to_department": "sales"}
    given(HANDOFF_KIND).when(lambda state: handoff_kind.define(state, "k", asked)).refuses("to another one")
    given(HANDOFF_KIND).when(
        lambda state: handoff_kind.redefine(state, "lead-to-sales", {"to_department": "marketing"})
    ).refuses("to another one")
