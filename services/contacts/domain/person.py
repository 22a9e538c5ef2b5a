"""A person of the shared customer base."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, assert_never

from eventlog.decider import Decider, NotThere, Refused
from facts.contacts import Email, PersonRegistered, PersonUpdated, Phone
from services.contacts.domain import fields


@dataclass(frozen=True)
class Person:
    """`imported` is what the row last imported said, `row` its digest."""

    id: str = ""
    external_id: str = ""
    given_name: str = ""
    middle_name: str = ""
    family_name: str = ""
    display_name: str = ""
    emails: tuple[Email, ...] = ()
    phones: tuple[Phone, ...] = ()
    company_id: str = ""
    job_title: str = ""
    birthday: date | None = None
    tags: tuple[str, ...] = ()
    branch: str = ""
    responsible: str = ""
    note: str = ""
    custom: Mapping[str, Any] = field(default_factory=dict)
    imported: Mapping[str, Any] = field(default_factory=dict)
    row: str = ""


PersonFact = PersonRegistered | PersonUpdated


def evolve(state: Person, fact: PersonFact) -> Person:
    match fact:
        case PersonRegistered():
            return fields.laid(Person(id=fact.person_id), fact, fields.names_of(Person))
        case PersonUpdated():
            return fields.laid(state, fact, fact.fields)
        case _:
            assert_never(fact)


PERSON = Decider("contacts.person", Person(), evolve)


def identifiers(person: Person) -> frozenset[tuple[str, str]]:
    """What belongs to one person only: `("email", "anna@example.com")`, `("phone", "+442079460018")`."""
    mails = {("email", email.address.lower()) for email in person.emails}
    return frozenset(mails | {("phone", phone.number) for phone in person.phones if phone.number})


def derived_name(person: Person) -> str:
    """The name to show of somebody who gave none."""
    names = (person.given_name, person.middle_name, person.family_name)
    full = " ".join(part for part in names if fields.is_said(part))
    reachable = [email.address for email in person.emails] + [phone.number or phone.raw for phone in person.phones]
    return full or next(iter(reachable), "")


def register(state: Person, id: str, given: Mapping[str, Any]) -> Sequence[PersonFact]:
    if state.id:
        raise Refused("this person is registered already")
    asked = _tidy(replace(Person(id=id), **given))
    _must_be_known(asked)
    named = asked if fields.is_said(asked.display_name) else replace(asked, display_name=derived_name(asked))
    values = {name: getattr(named, name) for name in fields.names_of(Person)}
    return [PersonRegistered(person_id=id, **values)]


def update(state: Person, given: Mapping[str, Any]) -> Sequence[PersonFact]:
    if not state.id:
        raise NotThere("there is no such person")
    after = _renamed(state, _tidy(replace(state, **given)))
    if _is_known(state):
        _must_be_known(after)
    changes = fields.told(state, after, given)
    return [PersonUpdated(person_id=state.id, fields=tuple(changes), **changes)] if changes else []


def _must_be_known(person: Person) -> None:
    if not _is_known(person):
        message = "a person has at least a name, an e-mail address, a phone number or an external id"
        raise Refused(message, field="person.display_name")


def _is_known(person: Person) -> bool:
    return fields.is_said(person.display_name) or bool(derived_name(person) or person.external_id)


def typed(given: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the state has them: what a row says is compared so."""
    asked = _tidy(replace(Person(), **given))
    return {name: getattr(asked, name) for name in given}


def _tidy(person: Person) -> Person:
    return replace(
        person, emails=fields.emails(person.emails), phones=fields.phones(person.phones), tags=fields.words(person.tags)
    )


def _renamed(before: Person, after: Person) -> Person:
    """A name that was derived follows what it was derived from; a cleared one is derived again."""
    untouched = after.display_name == before.display_name == derived_name(before)
    return (
        replace(after, display_name=derived_name(after))
        if untouched or not fields.is_said(after.display_name)
        else after
    )
