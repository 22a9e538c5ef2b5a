"""What a kind of handoff requires and nobody filled in. It informs and never blocks."""

from collections.abc import Mapping, Sequence
from typing import Any

from eventlog.decider import Invalid
from facts.common import Brief, Money
from facts.contacts import CompanyRegistered, InteractionRecorded, PersonRegistered
from facts.marketing import Enquiry, LeadCaptured, LeadCompany, LeadPerson
from facts.sales import OpportunityOpened

#: A fact's own `name` is its stored name.
RENAMED = {"company_name": "name"}
#: Fields of facts that nobody fills in.
BOOKKEEPING = {"row", "opened_at", "enquiry_of"}
#: What the handoff itself says, and what its subject may: a path's first name.
OF_HANDOFF = {"assignee", "brief", "note", "person_id"}
OF_SUBJECT = {
    RENAMED.get(name, name)
    for record in (LeadCaptured, OpportunityOpened, PersonRegistered, CompanyRegistered, InteractionRecorded)
    for name in record.model_fields
    if name not in BOOKKEEPING
}
#: Where a path goes on: into which names. Into `custom` it goes on anyhow.
INTO = {"brief": Brief, "person": LeadPerson, "company": LeadCompany, "enquiry": Enquiry, "amount": Money}


def missing(required: Sequence[str], known: Mapping[str, Any]) -> tuple[str, ...]:
    """Those of the required paths (`brief.nextStep`, `person.email`) that lead to nothing, in the kind's order."""
    named = {RENAMED.get(name, name): value for name, value in known.items()}
    return tuple(path for path in required if not _found(path, named))


def check(required: Sequence[str], before: Sequence[str], field: str) -> None:
    """Raises `Invalid` for a path, new since `before`, that leads nowhere whatever the handoff is about."""
    for n, path in enumerate(required):
        wrong = "" if path in before else _wrong(path)
        if wrong:
            raise Invalid(wrong, field=f"{field}[{n}]")


def _wrong(path: str) -> str:
    first, _, rest = path.partition(".")
    top = _snake_case(first)
    if top not in OF_HANDOFF | OF_SUBJECT:
        return f"expected a path that begins with one of {_listed(OF_HANDOFF | OF_SUBJECT)}"
    if not rest or top == "custom":
        return ""
    if top not in INTO:
        return f"expected {first} alone: nothing stands in it by name"
    inner = INTO[top].model_fields
    return "" if _snake_case(rest) in inner else f"expected {first} alone, or with one of {_listed(inner)} behind a dot"


def _listed(names: Any) -> str:
    return ", ".join(sorted(map(_camel_case, names)))


def _found(path: str, known: Any) -> bool:
    for name in path.split("."):
        if not isinstance(known, Mapping):
            return False
        known = known.get(name, known.get(_snake_case(name)))
    return known not in (None, "", [], {}, ())


def _snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
