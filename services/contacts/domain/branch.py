"""A branch office. One that nobody described works Monday to Friday 9 to 18 UTC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any, assert_never
from zoneinfo import available_timezones

from eventlog.decider import Decider, NotThere, Refused
from facts.contacts import BranchOpened, BranchUpdated, WorkingDay
from services.contacts.domain import fields

WEEK = tuple(WorkingDay(day=day, opens="09:00", closes="18:00") for day in range(1, 6))


@dataclass(frozen=True)
class Branch:
    """`working_hours` are never empty: a week without hours would have no deadlines."""

    id: str = ""
    name: str = ""
    country: str = ""
    time_zone: str = "UTC"
    working_hours: tuple[WorkingDay, ...] = WEEK
    holidays: tuple[date, ...] = ()
    custom: Mapping[str, Any] = field(default_factory=dict)


BranchFact = BranchOpened | BranchUpdated

#: A fact's own `name` is its stored name.
RENAMED = {"name": "branch_name"}


def evolve(state: Branch, fact: BranchFact) -> Branch:
    match fact:
        case BranchOpened():
            opened = fields.laid(Branch(id=fact.branch_id), fact, fields.names_of(Branch), RENAMED)
            return _with_defaults(opened)
        case BranchUpdated():
            return _with_defaults(fields.laid(state, fact, fields.ours(fact.fields, RENAMED), RENAMED))
        case _:
            assert_never(fact)


BRANCH = Decider("contacts.branch", Branch(), evolve)


def describe(state: Branch, id: str, given: Mapping[str, Any]) -> Sequence[BranchFact]:
    if state.id:
        raise Refused("this branch is described already", field="branch.id")
    asked = _checked(replace(Branch(id=id), **given))
    return [BranchOpened(branch_id=id, **_called(asked, fields.names_of(Branch)))]


def update(state: Branch, given: Mapping[str, Any]) -> Sequence[BranchFact]:
    if not state.id:
        raise NotThere("there is no such branch")
    after = _checked(replace(state, **given))
    changes = fields.told(state, after, given)
    if not changes:
        return []
    told = _called(after, tuple(changes))
    return [BranchUpdated(branch_id=state.id, fields=tuple(told), **told)]


def _with_defaults(branch: Branch) -> Branch:
    return replace(branch, time_zone=branch.time_zone or "UTC", working_hours=branch.working_hours or WEEK)


def _checked(asked: Branch) -> Branch:
    branch = _with_defaults(asked)
    if branch.time_zone not in _time_zones():
        raise Refused("the IANA database knows no such time zone", field="branch.time_zone")
    if any(hours.opens >= hours.closes for hours in branch.working_hours):
        raise Refused("a branch closes later than it opens", field="branch.working_hours")
    in_order = sorted(branch.working_hours, key=lambda hours: (hours.day, hours.opens))
    return replace(branch, working_hours=tuple(in_order), holidays=tuple(sorted(set(branch.holidays))))


@cache
def _time_zones() -> frozenset[str]:
    """Without the machine's own names, which mean something else elsewhere or no place at all."""
    return frozenset(available_timezones()) - {"localtime", "posixrules", "Factory"}


def _called(branch: Branch, names: Sequence[str]) -> dict[str, Any]:
    return {RENAMED.get(name, name): getattr(branch, name) for name in names}
