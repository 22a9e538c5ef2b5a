"""What can be imported. The messages of a resource say the rest: its row's fields are its steps."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from google.protobuf.message import Message


@dataclass(frozen=True)
class Resource:
    """`name` as users say it; `noun` and `plural` as the messages are called; `path` of its collection. `unique` are
    the lists, and what of their items belongs to one record only: whose row is taken first, has it."""

    name: str
    noun: str
    plural: str
    path: str
    module: str
    unique: tuple[tuple[str, str], ...] = ()

    def message(self, name: str) -> type[Message]:
        found: type[Message] = getattr(import_module(self.module), name)
        return found

    @property
    def resource(self) -> type[Message]:
        return self.message(self.noun)

    @property
    def row(self) -> type[Message]:
        return self.message(f"{self.noun}Row")

    @property
    def request(self) -> type[Any]:
        return self.message(f"Import{self.plural}Request")

    @property
    def response(self) -> type[Any]:
        return self.message(f"Import{self.plural}Response")

    @property
    def listed(self) -> type[Any]:
        return self.message(f"List{self.plural}Response")

    @property
    def import_path(self) -> str:
        return f"{self.path}:import"

    @property
    def field(self) -> str:
        """The row's field that holds the resource: `lead`."""
        return self.noun.lower()

    @property
    def items(self) -> str:
        """The field of a list that holds the resources: `leads`."""
        return self.plural.lower()


RESOURCES = {
    each.name: each
    for each in (
        Resource("leads", "Lead", "Leads", "/v1/leads", "baton.marketing.v1.leads_pb2"),
        Resource("deals", "Opportunity", "Opportunities", "/v1/opportunities", "baton.sales.v1.opportunities_pb2"),
        Resource(
            "people",
            "Person",
            "People",
            "/v1/people",
            "baton.contacts.v1.people_pb2",
            (("emails", "address"), ("phones", "number")),
        ),
        Resource("companies", "Company", "Companies", "/v1/companies", "baton.contacts.v1.companies_pb2"),
        Resource(
            "interactions", "Interaction", "Interactions", "/v1/interactions", "baton.contacts.v1.interactions_pb2"
        ),
    )
}

#: Who took over the handoff of a deal's lead.
ACCEPTANCE = Resource("acceptances", "Acceptance", "Acceptances", "/v1/handoffs", "baton.contacts.v1.acceptances_pb2")
