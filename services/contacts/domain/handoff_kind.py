"""What handing on of one kind means: between whom, how soon, what is to be filled in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from eventlog.decider import Decider, NotThere, Refused
from facts.contacts import HandoffKindDefined

DEADLINE_WORKING_MINUTES = 480
#: Departments that hand on and receive: those that record facts about customers.
DEPARTMENTS = ("marketing", "sales", "contacts")


@dataclass(frozen=True)
class HandoffKind:
    kind: str = ""
    from_department: str = ""
    to_department: str = ""
    deadline_working_minutes: int = DEADLINE_WORKING_MINUTES
    required: tuple[str, ...] = ()
    custom: Mapping[str, Any] = field(default_factory=dict)


#: Exists from the start, for every tenant: no fact says so until somebody changes it.
LEAD_TO_SALES = HandoffKind("lead-to-sales", "marketing", "sales")
#: When the start was: the same moment for everybody, before anything was recorded.
THE_START = datetime(2026, 1, 1, tzinfo=UTC)


def evolve(state: HandoffKind, fact: HandoffKindDefined) -> HandoffKind:
    """Every definition is whole: it takes the place of the one before."""
    return HandoffKind(
        kind=fact.kind,
        from_department=fact.from_department,
        to_department=fact.to_department,
        deadline_working_minutes=fact.deadline_working_minutes,
        required=fact.required,
        custom=fact.custom,
    )


HANDOFF_KIND = Decider("contacts.handoffkind", HandoffKind(), evolve)


def meant(state: HandoffKind, kind: str) -> HandoffKind:
    """What is defined, else what exists from the start; of a kind that nobody defined, the defaults."""
    if state.kind:
        return state
    return LEAD_TO_SALES if kind == LEAD_TO_SALES.kind else HandoffKind(kind)


def known(state: HandoffKind, kind: str) -> HandoffKind:
    """What is defined, or exists from the start. Raises `NotThere`."""
    if not state.kind and kind != LEAD_TO_SALES.kind:
        raise NotThere("there is no such kind of handoff")
    return meant(state, kind)


def created(kind: str, recorded_at: datetime | None) -> datetime | None:
    """Since when a kind exists whose first definition was recorded then."""
    return THE_START if kind == LEAD_TO_SALES.kind else recorded_at


def receiver(kind: HandoffKind, asked: str) -> str:
    """The department that a handoff of this kind goes to, when `asked` is the one that was named, or "".
    Raises `Refused`."""
    if kind.to_department and asked not in ("", kind.to_department):
        raise Refused(f"a handoff of the kind {kind.kind} goes to {kind.to_department}", field="to_department")
    return asked or kind.to_department or "sales"


def define(state: HandoffKind, kind: str, given: Mapping[str, Any]) -> Sequence[HandoffKindDefined]:
    """A kind that did not exist."""
    if state.kind or kind == LEAD_TO_SALES.kind:
        raise Refused("this kind of handoff exists already", field="handoff_kind.kind")
    return [_defined(_checked(replace(HandoffKind(), **{**given, "kind": kind})))]


def redefine(state: HandoffKind, kind: str, given: Mapping[str, Any]) -> Sequence[HandoffKindDefined]:
    """Change the values given; nothing where nothing differs."""
    before = known(state, kind)
    after = _checked(replace(before, **{**given, "kind": kind}))
    return [] if after == before else [_defined(after)]


def _checked(asked: HandoffKind) -> HandoffKind:
    for name in ("from_department", "to_department"):
        if getattr(asked, name) not in DEPARTMENTS:
            raise Refused(f"expected one of {', '.join(DEPARTMENTS)}", field=f"handoff_kind.{name}")
    if asked.from_department == asked.to_department:
        raise Refused("a department hands on to another one", field="handoff_kind.to_department")
    minutes = asked.deadline_working_minutes or DEADLINE_WORKING_MINUTES
    return replace(asked, deadline_working_minutes=minutes, required=tuple(dict.fromkeys(asked.required)))


def _defined(kind: HandoffKind) -> HandoffKindDefined:
    return HandoffKindDefined(
        kind=kind.kind,
        from_department=kind.from_department,
        to_department=kind.to_department,
        deadline_working_minutes=kind.deadline_working_minutes,
        required=kind.required,
        custom=dict(kind.custom),
    )
