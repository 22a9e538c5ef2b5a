"""What is decided about people."""

from dataclasses import replace

import pytest

from eventlog.decider import NotThere
from facts.contacts import Email, IdentifierClaimed, IdentifierReleased, PersonRegistered, PersonUpdated, Phone
from services.contacts.domain import person
from services.contacts.domain.claim import CLAIM, claim, release
from services.contacts.domain.person import PERSON
from tests.support.deciding import given
from tests.support.examples_contacts import ANNA, BORIS, IDENTIFIER_CLAIMED, IDENTIFIER_RELEASED, PERSON_REGISTERED

MAIL, PHONE = Email(address="Anna@Example.com"), Phone(number="+442079460018", raw="020 7946 0018")


def test_a_person_is_shown_by_the_names_given() -> None:
    given(PERSON).when(
        lambda state: person.register(state, ANNA, {"given_name": "Anna", "family_name": "Petrova"})
    ).then(PersonRegistered(person_id=ANNA, given_name="Anna", family_name="Petrova", display_name="Anna Petrova"))


def test_somebody_without_a_name_is_shown_by_the_address() -> None:
    given(PERSON).when(lambda state: person.register(state, ANNA, {"emails": [MAIL], "phones": [PHONE]})).then(
        PersonRegistered(person_id=ANNA, display_name="Anna@Example.com", emails=(MAIL,), phones=(PHONE,))
    )


@pytest.mark.parametrize("nothing", ["   ", "\u200b", "\u00a0\u2060"])
def test_what_nobody_sees_is_no_name(nothing: str) -> None:
    blank = {"display_name": nothing, "given_name": nothing, "family_name": nothing}
    given(PERSON).when(lambda state: person.register(state, ANNA, blank)).refuses("at least a name")
    anna = PersonRegistered(person_id=ANNA, display_name="Anna")
    given(PERSON, anna).when(lambda state: person.update(state, blank)).refuses("at least a name")
    reachable = {**blank, "emails": [MAIL]}
    (fact,) = given(PERSON).when(lambda state: person.register(state, ANNA, reachable)).facts
    assert fact.display_name == "Anna@Example.com"


def test_an_address_that_differs_in_case_only_is_kept_once() -> None:
    twice = [MAIL, Email(address="anna@example.com", kind="home")]
    (fact,) = given(PERSON).when(lambda state: person.register(state, ANNA, {"emails": twice})).facts
    assert fact.emails == (MAIL,)


def test_a_person_is_registered_once() -> None:
    given(PERSON, PERSON_REGISTERED).when(lambda state: person.register(state, ANNA, {})).refuses("already")


def test_only_what_differs_is_told() -> None:
    given(PERSON, PERSON_REGISTERED).when(
        lambda state: person.update(state, {"job_title": "Director", "branch": state.branch})
    ).then(PersonUpdated(person_id=ANNA, fields=("job_title",), job_title="Director"))


def test_nothing_new_is_no_fact() -> None:
    given(PERSON, PERSON_REGISTERED).when(lambda state: person.update(state, {"given_name": "Anna"})).then()


def test_a_name_that_was_derived_follows() -> None:
    given(PERSON, PERSON_REGISTERED).when(lambda state: person.update(state, {"family_name": "Ivanova"})).then(
        PersonUpdated(
            person_id=ANNA,
            fields=("family_name", "display_name"),
            family_name="Ivanova",
            display_name="Anna Sergeevna Ivanova",
        )
    )


def test_a_name_that_was_chosen_stays() -> None:
    chosen = PERSON_REGISTERED.model_copy(update={"display_name": "Anya"})
    given(PERSON, chosen).when(lambda state: person.update(state, {"family_name": "Ivanova"})).then(
        PersonUpdated(person_id=ANNA, fields=("family_name",), family_name="Ivanova")
    )


def test_nobody_is_not_changed() -> None:
    given(PERSON).when(lambda state: person.update(state, {"note": "x"})).refuses("no such person", NotThere)


def test_what_belongs_to_one_person_is_known_by_its_plain_form() -> None:
    anna = given(PERSON, PERSON_REGISTERED).state
    raw = Phone(number="", raw="ask at the desk")
    assert person.identifiers(replace(anna, emails=(MAIL,), phones=(PHONE, raw))) == {
        ("email", "anna@example.com"),
        ("phone", "+442079460018"),
    }


def test_a_free_address_is_claimed() -> None:
    given(CLAIM).when(lambda state: claim(state, "email", ANNA)).then(IDENTIFIER_CLAIMED)
    given(CLAIM, IDENTIFIER_CLAIMED, IDENTIFIER_RELEASED).when(lambda state: claim(state, "email", BORIS)).then(
        IdentifierClaimed(kind="email", person_id=BORIS)
    )


def test_another_persons_address_is_refused() -> None:
    given(CLAIM, IDENTIFIER_CLAIMED).when(lambda state: claim(state, "email", BORIS)).refuses("belongs to one person")


def test_only_the_owner_gives_an_address_up() -> None:
    given(CLAIM, IDENTIFIER_CLAIMED).when(lambda state: release(state, "email", BORIS)).then()
    given(CLAIM, IDENTIFIER_CLAIMED).when(lambda state: release(state, "email", ANNA)).then(
        IdentifierReleased(kind="email", person_id=ANNA)
    )
