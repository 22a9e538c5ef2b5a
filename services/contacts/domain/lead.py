"""Whose lead it is: found by e-mail address, else by phone number, else registered anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from eventlog.decider import Decider
from facts.contacts import LeadPersonFound, LeadPersonUndecided

LeadFact = LeadPersonFound | LeadPersonUndecided

BY_EMAIL, BY_PHONE, REGISTERED, BY_EMPLOYEE = "email", "phone", "registered", "employee"


@dataclass(frozen=True)
class LeadPerson:
    """What contacts knows of a lead. `found_by` is how the person was found; an employee's word is final."""

    lead_id: str = ""
    person_id: str = ""
    found_by: str = ""
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Owners:
    """Who has the lead's e-mail address, and who its phone number; "" is nobody."""

    email: str = ""
    phone: str = ""


def evolve(state: LeadPerson, fact: LeadFact) -> LeadPerson:
    match fact:
        case LeadPersonFound():
            return LeadPerson(fact.lead_id, fact.person_id, fact.found_by)
        case LeadPersonUndecided():
            return LeadPerson(fact.lead_id, candidates=fact.candidates)
        case _:
            assert_never(fact)


LEAD_PERSON = Decider("contacts.lead", LeadPerson(), evolve)


def is_new(state: LeadPerson, owners: Owners) -> bool:
    """Nobody is known for the lead, and nobody has its identifiers."""
    return not (state.person_id or state.candidates or owners.email or owners.phone)


def find(state: LeadPerson, lead_id: str, owners: Owners) -> Sequence[LeadFact]:
    """What is to be recorded when the identifiers' owners are these; nothing when it is known already."""
    found = tuple(dict.fromkeys(owner for owner in (owners.email, owners.phone) if owner))
    if not found or state.found_by == BY_EMPLOYEE or state.person_id in found:
        return []
    if len(found) > 1:
        return [] if state.candidates == found else [LeadPersonUndecided(lead_id=lead_id, candidates=found)]
    return [LeadPersonFound(lead_id=lead_id, person_id=found[0], found_by=BY_EMAIL if owners.email else BY_PHONE)]


def register(lead_id: str, person_id: str) -> Sequence[LeadFact]:
    return [LeadPersonFound(lead_id=lead_id, person_id=person_id, found_by=REGISTERED)]


def link(state: LeadPerson, lead_id: str, person_id: str) -> Sequence[LeadFact]:
    """An employee decided."""
    if state.person_id == person_id and state.found_by == BY_EMPLOYEE:
        return []
    return [LeadPersonFound(lead_id=lead_id, person_id=person_id, found_by=BY_EMPLOYEE)]
