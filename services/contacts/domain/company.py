"""A company of the shared customer base."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from eventlog.decider import Decider, NotThere, Refused
from facts.contacts import CompanyRegistered, CompanyUpdated, Email, Phone
from services.contacts.domain import fields


@dataclass(frozen=True)
class Company:
    """`imported` is what the row last imported said, `row` its digest."""

    id: str = ""
    external_id: str = ""
    name: str = ""
    legal_name: str = ""
    tax_id: str = ""
    emails: tuple[Email, ...] = ()
    phones: tuple[Phone, ...] = ()
    website: str = ""
    parent_id: str = ""
    tags: tuple[str, ...] = ()
    branch: str = ""
    responsible: str = ""
    note: str = ""
    custom: Mapping[str, Any] = field(default_factory=dict)
    imported: Mapping[str, Any] = field(default_factory=dict)
    row: str = ""


CompanyFact = CompanyRegistered | CompanyUpdated

#: A fact's own `name` is its stored name.
RENAMED = {"name": "company_name"}


def evolve(state: Company, fact: CompanyFact) -> Company:
    match fact:
        case CompanyRegistered():
            return fields.laid(Company(id=fact.company_id), fact, fields.names_of(Company), RENAMED)
        case CompanyUpdated():
            return fields.laid(state, fact, fields.ours(fact.fields, RENAMED), RENAMED)
        case _:
            assert_never(fact)


COMPANY = Decider("contacts.company", Company(), evolve)


def register(state: Company, id: str, given: Mapping[str, Any], above: Collection[str] = ()) -> Sequence[CompanyFact]:
    """`above` are the company that it is to belong to, and whom that belongs to in turn."""
    if state.id:
        raise Refused("this company is registered already")
    asked = _tidy(replace(Company(id=id), **given))
    _must_be_called(asked)
    _must_belong_to_another(asked, above)
    return [CompanyRegistered(company_id=id, **_called(asked, fields.names_of(Company)))]


def update(state: Company, given: Mapping[str, Any], above: Collection[str] = ()) -> Sequence[CompanyFact]:
    if not state.id:
        raise NotThere("there is no such company")
    after = _tidy(replace(state, **given))
    if after.name != state.name:
        _must_be_called(after)
    _must_belong_to_another(after, above)
    changes = fields.told(state, after, given)
    if not changes:
        return []
    told = _called(after, tuple(changes))
    return [CompanyUpdated(company_id=state.id, fields=tuple(told), **told)]


def _must_be_called(company: Company) -> None:
    if not fields.is_said(company.name):
        raise Refused("a company has a name", field="company.name")


def _must_belong_to_another(company: Company, above: Collection[str]) -> None:
    if company.id in {company.parent_id, *above}:
        message = "a company cannot belong to itself, nor to one that belongs to it"
        raise Refused(message, field="company.parent_id")


def typed(given: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the state has them: what a row says is compared so."""
    asked = _tidy(replace(Company(), **given))
    return {name: getattr(asked, name) for name in given}


def _tidy(company: Company) -> Company:
    return replace(
        company,
        emails=fields.emails(company.emails),
        phones=fields.phones(company.phones),
        tags=fields.words(company.tags),
    )


def _called(company: Company, names: Sequence[str]) -> dict[str, Any]:
    return {RENAMED.get(name, name): getattr(company, name) for name in names}
