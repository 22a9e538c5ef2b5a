"""Whose lead is it?"""

from facts.contacts import LeadPersonFound
from services.contacts.domain import lead
from services.contacts.domain.lead import LEAD_PERSON, Owners
from tests.support.deciding import given
from tests.support.examples_contacts import ANNA, BORIS, LEAD, LEAD_PERSON_FOUND, LEAD_PERSON_UNDECIDED

BY_EMPLOYEE = LeadPersonFound(lead_id=LEAD, person_id=BORIS, found_by="employee")


def test_the_e_mail_address_decides() -> None:
    given(LEAD_PERSON).when(lambda state: lead.find(state, LEAD, Owners(email=ANNA))).then(LEAD_PERSON_FOUND)
    given(LEAD_PERSON).when(lambda state: lead.find(state, LEAD, Owners(ANNA, ANNA))).then(LEAD_PERSON_FOUND)


def test_else_the_phone_number_decides() -> None:
    given(LEAD_PERSON).when(lambda state: lead.find(state, LEAD, Owners(phone=ANNA))).then(
        LeadPersonFound(lead_id=LEAD, person_id=ANNA, found_by="phone")
    )


def test_a_contradiction_names_the_candidates() -> None:
    given(LEAD_PERSON).when(lambda state: lead.find(state, LEAD, Owners(ANNA, BORIS))).then(LEAD_PERSON_UNDECIDED)
    given(LEAD_PERSON, LEAD_PERSON_UNDECIDED).when(lambda state: lead.find(state, LEAD, Owners(ANNA, BORIS))).then()


def test_an_employees_word_is_final() -> None:
    given(LEAD_PERSON, BY_EMPLOYEE).when(lambda state: lead.find(state, LEAD, Owners(email=ANNA))).then()
    given(LEAD_PERSON, LEAD_PERSON_FOUND).when(lambda state: lead.link(state, LEAD, BORIS)).then(BY_EMPLOYEE)
    given(LEAD_PERSON, BY_EMPLOYEE).when(lambda state: lead.link(state, LEAD, BORIS)).then()


def test_a_corrected_address_finds_another_person() -> None:
    given(LEAD_PERSON, LEAD_PERSON_FOUND).when(lambda state: lead.find(state, LEAD, Owners(email=BORIS))).then(
        LeadPersonFound(lead_id=LEAD, person_id=BORIS, found_by="email")
    )


def test_somebody_new_is_registered_only_where_nobody_is_known() -> None:
    assert lead.is_new(given(LEAD_PERSON).state, Owners())
    assert not lead.is_new(given(LEAD_PERSON).state, Owners(phone=ANNA))
    assert not lead.is_new(given(LEAD_PERSON, LEAD_PERSON_FOUND).state, Owners())
    assert not lead.is_new(given(LEAD_PERSON, LEAD_PERSON_UNDECIDED).state, Owners())
