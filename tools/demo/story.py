"""What happened at Clay & Kiln: customers, leads, calls and promises, and what became of each handoff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from baton.contacts.v1 import branches_pb2, interactions_pb2

from runtime.messages import fill
from tools.demo.by_hand import ByHand
from tools.demo.company import Company, Customer, Office
from tools.demo.handing import Handing
from tools.demo.writing import Writing
from tools.importer.resources import RESOURCES

SEED = 20_260
COMPANIES, PEOPLE, CALLS, LEADS = 24, 260, 150, 110
#: Leads that were handed to sales, and what became of the handoffs, in turn.
QUALIFIED = 66
FATES = (
    "waits", "accepted", "won", "questioned", "waits", "accepted", "returned", "won", "answered", "waits", "lost",
    "withdrawn", "accepted", "waits", "handed back", "disqualified", "won", "reassigned", "accepted", "waits",
    "returned, asked again", "accepted",
)  # fmt: skip
#: What was done about promises, in turn; nothing about some.
PROMISES = ("keep", "keep", "release", "")
_ASKED = {
    "keep": interactions_pb2.KeepPromiseRequest(),
    "release": interactions_pb2.ReleasePromiseRequest(reason="The customer found it on the website"),
}
_HOURS = 24 * 90


def open_branches(writing: Writing, company: Company) -> datetime:
    """Describe the branches; answers the day on which the first was made."""
    manager = writing.who("demo", "", "admin")
    made = [
        writing.once(manager, "/v1/branches", branches_pb2.Branch, _branch(each), each.id) for each in company.offices
    ]
    return made[0].create_time.ToDatetime(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _branch(office: Office) -> branches_pb2.Branch:
    return fill(
        branches_pb2.Branch,
        {
            "id": office.id,
            "name": office.name,
            "country": office.country,
            "time_zone": office.time_zone,
            "working_hours": office.working_hours,
            "holidays": [] if office.working_hours else office.words["holidays"],
        },
    )


@dataclass
class Story:
    """Tells everything, in the order in which it can have happened. `since` is the day on which it was told first."""

    writing: Writing
    company: Company
    since: datetime
    random: Random = field(default_factory=lambda: Random(SEED))  # noqa: S311 - a story, no secret

    def tell(self) -> None:
        """Write it all. Raises `NotLoaded`, `ClientError`."""
        businesses = self.businesses()
        customers = [self.company.customer(self.random, number) for number in range(1, PEOPLE + 1)]
        people = self.people(customers, businesses)
        self.calls(customers, people)
        leads = self.leads(customers)
        for n, (id, office) in enumerate(leads[:QUALIFIED]):
            self.fate(FATES[n % len(FATES)], id, office, n)
        ByHand(self.writing, self.random, self.company).tell(customers, people)

    def ago(self, hours: float) -> datetime:
        return self.since - timedelta(hours=hours)

    # ------------------------------------------------------------------------------------------------- customers

    def businesses(self) -> Sequence[tuple[str, Office]]:
        """Companies: their ids and branches."""
        made = [self.company.business(number) for number in range(COMPANIES)]
        rows = [
            {
                "employee": office.marketing,
                "values": {
                    "external_id": f"clay-company-{number}",
                    "name": name,
                    "branch": office.id,
                    "responsible": office.sales[number % 2],
                    "tags": ["wholesale"] if number % 3 else ["wholesale", "logo"],
                },
            }
            for number, (office, name) in enumerate(made, 1)
        ]
        ids = self.writing.bring(RESOURCES["companies"], rows)
        return [(id, office) for id, (office, _) in zip(ids, made, strict=True)]

    def people(self, customers: Sequence[Customer], businesses: Sequence[tuple[str, Office]]) -> Sequence[str]:
        """People of the shared customer base: the ids of all customers but the last sixty, who are new."""
        known = customers[: PEOPLE - 60]
        return self.writing.bring(RESOURCES["people"], [self._person(each, businesses) for each in known])

    def _person(self, customer: Customer, businesses: Sequence[tuple[str, Office]]) -> Mapping[str, Any]:
        office = customer.office
        near = [id for id, at in businesses if at is office]
        values: dict[str, Any] = {
            "external_id": f"clay-person-{customer.number}",
            "given_name": customer.given,
            "middle_name": customer.middle,
            "family_name": customer.family,
            "emails": [{"address": customer.email, "kind": "work"}],
            "phones": [{"number": customer.phone, "kind": "work"}],
            "branch": office.id,
            "responsible": office.sales[customer.number % 2],
        }
        if self.random.random() < 0.5:
            values |= {"company_id": self.random.choice(near), "job_title": office.pick(self.random, "jobs")}
        return {"employee": office.marketing, "values": values}

    def calls(self, customers: Sequence[Customer], people: Sequence[str]) -> None:
        """Calls, letters and visits of the last three months, a third of them with a promise."""
        rows = []
        for number in range(1, CALLS + 1):
            which = self.random.randrange(len(people))
            rows.append(self._call(number, customers[which], people[which]))
        self.promises(self.writing.bring(RESOURCES["interactions"], rows), rows)

    def promises(self, ids: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        """Say what became of what employees promised in these calls."""
        made = [(id, row) for id, row in zip(ids, rows, strict=True) if _is_promised(row)]
        for n, (id, row) in enumerate(made):
            verb = PROMISES[n % len(PROMISES)]
            if verb:
                who = self.writing.who(row["employee"], row["values"]["branch"], "clerk")
                self.writing.promise(who, id, verb, _ASKED[verb])

    def _call(self, number: int, customer: Customer, person_id: str) -> Mapping[str, Any]:
        office, random = customer.office, self.random
        employee = random.choice([office.marketing, *office.sales])
        occurred_at = self.ago(random.randrange(1, _HOURS))
        values: dict[str, Any] = {
            "external_id": f"clay-call-{number}",
            "person_id": person_id,
            "channel": random.choice(["CALL", "CALL", "EMAIL", "VISIT", "MESSENGER"]),
            "direction": random.choice(["IN", "OUT"]),
            "employee": employee,
            "branch": office.id,
            "occurred_at": occurred_at,
            "duration_seconds": random.randrange(40, 900),
            "summary": office.pick(random, "calls"),
        }
        if number % 3 == 0:
            values["promises"] = [self._promise(office, random.choice([employee, "CUSTOMER"]), occurred_at)]
        return {"employee": employee, "values": values}

    def _promise(self, office: Office, by: str, made_at: datetime) -> dict[str, Any]:
        return {"what": office.pick(self.random, "promises"), "by": by, "due": made_at + timedelta(days=7)}

    # ----------------------------------------------------------------------------------------------------- leads

    def leads(self, customers: Sequence[Customer]) -> Sequence[tuple[str, Office]]:
        """Leads, half of them of people who are known already: their ids and branches."""
        chosen = [customers[-number] if number % 2 else customers[number] for number in range(1, LEADS + 1)]
        rows = [self._lead(number, customer) for number, customer in enumerate(chosen, 1)]
        ids = self.writing.bring(RESOURCES["leads"], rows)
        return [(id, customer.office) for id, customer in zip(ids, chosen, strict=True)]

    def _lead(self, number: int, customer: Customer) -> Mapping[str, Any]:
        office, random = customer.office, self.random
        captured_at = self.ago(random.randrange(2, 24 * 20))
        wish = office.pick(random, "wishes")
        values: dict[str, Any] = {
            "external_id": f"clay-lead-{number}",
            "source": random.choice(self.company.document["marketing"]["sources"]),
            "landing_page": random.choice(self.company.document["marketing"]["landingPages"]),
            "campaign": "spring" if number % 4 == 0 else "",
            "branch": office.id,
            "owner": office.marketing,
            "person": {"name": customer.name, "email": customer.email, "phone": customer.phone},
            "captured_at": captured_at,
            "consents": [{"channel": "EMAIL", "purpose": "newsletter", "granted": number % 3 > 0, "at": captured_at}],
        }
        if number % 4:
            values["enquiry"] = {
                "channel": "CALL" if number % 3 == 0 else "WEB",
                "direction": "IN",
                "occurred_at": captured_at,
                "summary": wish,
                "promises": [self._promise(office, office.marketing, captured_at)] if number % 3 == 0 else [],
            }
        return {"employee": office.marketing, "values": values}

    # -------------------------------------------------------------------------------------------------- handoffs

    def fate(self, fate: str, lead_id: str, office: Office, n: int) -> None:
        """Hand a lead to sales, and let happen what becomes of it."""
        handing = Handing(self.writing, self.random, office, lead_id, n)
        handing.qualify()
        if fate != "waits":
            handing.delivered()
            getattr(handing, fate.partition(",")[0].replace(" ", "_"))()
        if fate.endswith("asked again"):
            handing.again()


def _is_promised(call: Mapping[str, Any]) -> bool:
    return any(each["by"] == call["employee"] for each in call["values"].get("promises", ()))
