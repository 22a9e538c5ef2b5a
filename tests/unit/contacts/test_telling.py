"""Facts are told to people in plain words."""

import pytest

import facts.contacts
import facts.marketing
import facts.sales
from facts.registry import REGISTRY, Fact
from services.contacts.api import telling
from tests.support import examples, examples_contacts
from tests.support.examples_contacts import INTERACTION_RECORDED, PERSON_REGISTERED, PERSON_UPDATED

DEPARTMENTS = (facts.contacts, facts.marketing, facts.sales)
#: Rules and locks tell nothing about a customer; they are in nobody's timeline.
NOT_TOLD = ("contacts.identifier-", "contacts.handoff-claimed", "contacts.branch-", "contacts.handoff-kind-")


def test_every_fact_about_a_customer_is_worded() -> None:
    modules = {module.__name__ for module in DEPARTMENTS}
    heard = {name for name, fact in REGISTRY.facts.items() if fact.__module__ in modules}

    assert {name for name in heard if not name.startswith(NOT_TOLD)} - telling.TOLD.keys() == set()


EXAMPLES = [*examples_contacts.EXAMPLES, *(each for each in vars(examples).values() if isinstance(each, Fact))]


@pytest.mark.parametrize("fact", EXAMPLES, ids=lambda fact: fact.name)
def test_what_is_told_can_be_told_without_anything_optional_too(fact: Fact) -> None:
    data = fact.model_dump(mode="json", exclude_defaults=True)

    assert telling.title(fact.name)[0].isupper()
    assert isinstance(telling.summary(fact.name, data), str)
    assert isinstance(telling.summary(fact.name, {}), str)


def test_a_call_is_told_with_its_promises() -> None:
    data = INTERACTION_RECORDED.model_dump(mode="json")
    assert telling.summary(INTERACTION_RECORDED.name, data) == (
        "call in · Asked for the wholesale price list · promised by emma.clarke: Send the new price list"
        " · promised by CUSTOMER: Choose two samples"
    )


def test_a_person_is_told_by_name_and_addresses() -> None:
    assert telling.summary(PERSON_REGISTERED.name, PERSON_REGISTERED.model_dump(mode="json")) == (
        "Anna Sergeevna Petrova · Head of purchasing · anna.petrova@example.com · +442079460018"
    )
    assert telling.summary(PERSON_UPDATED.name, PERSON_UPDATED.model_dump(mode="json")) == (
        "Changed: family name, birthday"
    )


def test_a_fact_that_nobody_has_worded_is_told_by_its_name() -> None:
    assert telling.title("support.case-opened") == "Case opened"
