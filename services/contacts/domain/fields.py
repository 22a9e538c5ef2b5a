"""What the records of contacts share: fields that are given, compared and laid into a state."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from facts.contacts import Email, Phone

S = TypeVar("S")


def changed(state: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """The given values that differ from the state's."""
    return {name: value for name, value in given.items() if getattr(state, name) != value}


def laid(state: S, fact: Any, names: Sequence[str], renamed: Mapping[str, str] | None = None) -> S:
    """The state with these fields of a fact; `renamed` are fields that the fact calls otherwise."""
    called = renamed or {}
    return replace(state, **{name: getattr(fact, called.get(name, name)) for name in names})  # type: ignore[type-var]


def ours(names: Sequence[str], renamed: Mapping[str, str]) -> tuple[str, ...]:
    """A fact's field names as the state has them."""
    back = {theirs: ours for ours, theirs in renamed.items()}
    return tuple(back.get(name, name) for name in names)


def names_of(state: type) -> tuple[str, ...]:
    """The fields that a request may give: all but the id."""
    return tuple(field.name for field in fields(state) if field.name != "id")


def emails(given: Sequence[Mapping[str, Any] | Email]) -> tuple[Email, ...]:
    """Each address once; those that differ in case only are the same."""
    found: dict[str, Email] = {}
    for item in given:
        email = item if isinstance(item, Email) else Email(**item)
        found.setdefault(email.address.lower(), email)
    return tuple(found.values())


def phones(given: Sequence[Phone]) -> tuple[Phone, ...]:
    """Each number once; what is no number is told apart by what was given."""
    found: dict[str, Phone] = {}
    for phone in given:
        if phone.number or phone.raw:
            found.setdefault(phone.number or phone.raw, phone)
    return tuple(found.values())


def words(items: Sequence[str]) -> tuple[str, ...]:
    """Tags: each once, in the order given, without the empty ones."""
    return tuple(dict.fromkeys(item.strip() for item in items if item.strip()))
