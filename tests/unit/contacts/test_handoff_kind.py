"""What is decided about kinds of handoffs, and what may be required of a handoff."""

from collections.abc import Mapping

import pytest
from baton.contacts.v1 import handoffs_pb2 as pb
from pydantic import BaseModel

from facts.common import Brief, Money
from facts.contacts import CompanyRegistered, InteractionRecorded, PersonRegistered
from facts.marketing import Enquiry, LeadCaptured, LeadCompany, LeadPerson
from facts.sales import OpportunityOpened
from runtime.listing import camel_case
from runtime.validation import violations
from services.contacts.domain import handoff_kind
from services.contacts.domain.handoff_kind import HANDOFF_KIND
from services.contacts.domain.handoff_required import RENAMED, missing
from tests.support.deciding import given

#: Fields of facts that nobody fills in.
BOOKKEEPING = {"row", "opened_at", "enquiry_of"}
RECORDS = (LeadCaptured, OpportunityOpened, PersonRegistered, CompanyRegistered, InteractionRecorded)
#: Where a path goes on, and into what.
INTO: Mapping[str, type[BaseModel]] = {
    "brief": Brief, "person": LeadPerson, "company": LeadCompany, "enquiry": Enquiry, "amount": Money,
}  # fmt: skip


def wrong(*required: str) -> dict[str, str]:
    kind = pb.HandoffKind(kind="k", from_department="marketing", to_department="sales", required=required)
    return {each.field: each.detail for each in violations(pb.CreateHandoffKindRequest(handoff_kind=kind))}


def test_a_department_does_not_hand_on_to_itself() -> None:
    asked = {"from_department": "sales", "to_department": "sales"}
    given(HANDOFF_KIND).when(lambda state: handoff_kind.define(state, "k", asked)).refuses("to another one")
    given(HANDOFF_KIND).when(
        lambda state: handoff_kind.redefine(state, "lead-to-sales", {"to_department": "marketing"})
    ).refuses("to another one")


@pytest.mark.parametrize("path", ["nope", "brief.nope", "note.first", "phones.number"])
def test_what_can_never_be_filled_in_is_not_required(path: str) -> None:
    allowed = (
        "must be a path to a field of the handoff (note, brief.nextStep, assignee, personId) or of its subject "
        "(such as person.email, amount or custom.budget)"
    )
    assert wrong("note", path) == {"handoff_kind.required[1]": allowed}


def test_whatever_a_record_says_may_be_required() -> None:
    said = {RENAMED.get(name, name) for record in RECORDS for name in record.model_fields} - BOOKKEEPING
    inner = [f"{name}.{camel_case(field)}" for name, model in INTO.items() for field in model.model_fields]
    paths = ["note", "brief", "assignee", "personId", "custom.budget", *map(camel_case, sorted(said)), *inner]

    assert [found for n in range(0, len(paths), 50) for found in wrong(*paths[n : n + 50])] == []


def test_a_company_has_a_name() -> None:
    assert missing(["name", "legalName"], {"company_name": "Mugs Ltd"}) == ("legalName",)
