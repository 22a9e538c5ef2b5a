"""What the records of contacts share: fields that are given, compared and laid into a state."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar
from unicodedata import category

from facts.contacts import Email, Phone
from facts.updates import changes, said

S = TypeVar("S")


def is_said(text: str) -> bool:
    """Whether somebody sees something of it: spaces, and what has no width, say nothing."""
    return any(category(letter)[0] not in "ZC" for letter in text)


def told(state: Any, after: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """What an update tells of a record that is to be as `after`; all that is given, where an imported row gives it."""
    wanted = {name: getattr(after, name) for name in names_of(type(state))}
    return changes(state, wanted, always=given if "row" in given else ())


def laid(state: S, fact: Any, names: Sequence[str], renamed: Mapping[str, str] | None = None) -> S:
    """The state with these fields of a fact; `renamed` are fields that the fact calls otherwise. What a row says is
    remembered in `imported`."""
    called = renamed or {}
    values = {name: getattr(fact, called.get(name, name)) for name in names}
    return replace(state, **values, **imported(state, fact, values))  # type: ignore[type-var]


def imported(state: Any, fact: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the row last imported said, where the fact tells of a row."""
    if not getattr(fact, "row", ""):
        return {}
    unsaid, of_row = type(state)(), {name: value for name, value in values.items() if name != "row"}
    before = state.imported
    return {"imported": said(before, of_row, {name: getattr(unsaid, name) for name in {**before, **of_row}})}


def ours(names: Sequence[str], renamed: Mapping[str, str]) -> tuple[str, ...]:
    """A fact's field names as the state has them."""
    back = {theirs: ours for ours, theirs in renamed.items()}
    return tuple(back.get(name, name) for name in names)


def names_of(state: type) -> tuple[str, ...]:
    """The fields that a request may give: all but the id, and what is remembered of a row."""
    return tuple(field.name for field in fields(state) if field.name not in ("id", "imported"))


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
