"""What people hand on by hand: a person to marketing, who wants to be called back at once, and leads that are on their
way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from baton.contacts.v1 import handoffs_pb2

from runtime.client import Client
from runtime.messages import fill
from tools.demo.company import Company, Customer, Office
from tools.demo.writing import Writing

#: Nobody answers in a demo, so what has to be answered within a minute is overdue for a newcomer to see.
CALLBACK = "callback"
CALLBACK_MINUTES = 1
CALLBACKS = 4
#: Cards that were filled in at a fair: announced, and not brought by anybody yet.
CARDS = 3


@dataclass
class ByHand:
    writing: Writing
    random: Random
    company: Company

    def tell(self, customers: Sequence[Customer], people: Sequence[str]) -> None:
        """`people` are the ids of the first customers."""
        self.to_marketing(customers[0].office, people[0])
        self.callbacks(customers, people)
        self.cards()

    def to_marketing(self, office: Office, person_id: str) -> None:
        """A seller hands a person on to marketing."""
        asked = {
            "kind": "person-to-marketing",
            "subject": {"kind": "person", "id": person_id},
            "to_department": "marketing",
            "to_branch": office.id,
            "note": office.pick(self.random, "wishes"),
        }
        self._ask(self.writing.who(office.sales[0], office.id, "sales"), asked, "by-hand")

    def callbacks(self, customers: Sequence[Customer], people: Sequence[str]) -> None:
        """The order line of the branch that works around the clock takes calls that sales has to return at once."""
        manager = self.writing.who("demo", "", "admin")
        kind = handoffs_pb2.HandoffKind(
            kind=CALLBACK,
            from_department="contacts",
            to_department="sales",
            deadline_working_minutes=CALLBACK_MINUTES,
        )
        self.writing.once(manager, "/v1/handoffKinds", handoffs_pb2.HandoffKind, kind, CALLBACK)
        known = zip(customers, people, strict=False)
        callers = [(customer.office, id) for customer, id in known if customer.office.working_hours]
        for n, (office, id) in enumerate(callers[:CALLBACKS], 1):
            note = office.pick(self.random, "calls")
            asked = {"kind": CALLBACK, "subject": {"kind": "person", "id": id}, "to_branch": office.id, "note": note}
            self._ask(self.writing.who("order.line", office.id, "clerk"), asked, f"{CALLBACK}-{n}")

    def cards(self) -> None:
        """Leads of a fair, announced to sales before marketing has them: ASKED until somebody brings them."""
        manager = self.writing.who("demo", "", "admin")
        for n, office in enumerate(self.company.offices[:CARDS], 1):
            asked = {
                "kind": "lead-to-sales",
                "subject": {"kind": "lead", "id": str(uuid5(NAMESPACE_URL, f"clay-and-kiln:fair-card-{n}"))},
                "to_branch": office.id,
                "note": office.pick(self.random, "wishes"),
            }
            self._ask(manager, asked, f"card-{n}")

    def _ask(self, who: Client, asked: Mapping[str, Any], name: str) -> None:
        request = fill(handoffs_pb2.CreateHandoffRequest, asked)
        self.writing.once(who, "/v1/handoffs", handoffs_pb2.Handoff, request, name)
