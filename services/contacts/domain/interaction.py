"""An interaction with a customer, and the promises that were made in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, assert_never

from eventlog.decider import Decider, NotThere, Refused
from facts.contacts import (
    InteractionRecorded,
    InteractionUpdated,
    PromiseKept,
    PromiseMade,
    PromisePassedOn,
    PromiseReleased,
)
from services.contacts.domain import fields

OPEN, KEPT, RELEASED = "OPEN", "KEPT", "RELEASED"
CUSTOMER = "CUSTOMER"

#: The id of the n-th promise that a request makes.
PromiseId = Callable[[int], str]


@dataclass(frozen=True)
class Promise:
    id: str
    what: str
    by: str
    due: datetime | None = None
    state: str = OPEN
    released_reason: str = ""


@dataclass(frozen=True)
class Interaction:
    """`imported` is what the row last imported said (its promises as they were made), `row` its digest."""

    id: str = ""
    external_id: str = ""
    person_id: str = ""
    company_id: str = ""
    lead_id: str = ""
    opportunity_id: str = ""
    channel: str = "NOTE"
    direction: str = "IN"
    employee: str = ""
    branch: str = ""
    occurred_at: datetime | None = None
    duration_seconds: int = 0
    summary: str = ""
    promises: tuple[Promise, ...] = ()
    custom: Mapping[str, Any] = field(default_factory=dict)
    imported: Mapping[str, Any] = field(default_factory=dict)
    row: str = ""


InteractionFact = InteractionRecorded | InteractionUpdated | PromiseKept | PromiseReleased | PromisePassedOn
_PLAIN = tuple(name for name in fields.names_of(Interaction) if name != "promises")


def evolve(state: Interaction, fact: InteractionFact) -> Interaction:
    match fact:
        case InteractionRecorded():
            recorded = fields.laid(Interaction(id=fact.interaction_id), fact, _PLAIN)
            return _promised(recorded, fact)
        case InteractionUpdated():
            updated = fields.laid(state, fact, [name for name in fact.fields if name != "promises"])
            return _promised(updated, fact)
        case PromiseKept():
            return _with_promise(state, fact.promise_id, state=KEPT)
        case PromiseReleased():
            return _with_promise(state, fact.promise_id, state=RELEASED, released_reason=fact.reason)
        case PromisePassedOn():
            return _with_promise(state, fact.promise_id, by=fact.by)
        case _:
            assert_never(fact)


INTERACTION = Decider("contacts.interaction", Interaction(), evolve)


def record(
    state: Interaction, id: str, given: Mapping[str, Any], promise_id: PromiseId, enquiry_of: str = ""
) -> Sequence[InteractionFact]:
    """`given` has plain values; each of its promises is a mapping with `what`, `by`, `due`."""
    if state.id:
        raise Refused("this interaction is recorded already")
    asked = replace(Interaction(id=id), **{**given, "promises": ()})
    _must_say_something(asked, given.get("promises", ()))
    made = _asked_promises(asked, given.get("promises", ()), promise_id, keep=frozenset())
    values = {name: getattr(asked, name) for name in _PLAIN}
    return [InteractionRecorded(interaction_id=id, promises=made, enquiry_of=enquiry_of, **values)]


def _must_say_something(asked: Interaction, promises: Sequence[Any]) -> None:
    named = asked.person_id or asked.company_id or asked.lead_id or asked.opportunity_id
    if not (named or fields.is_said(asked.summary) or promises):
        raise Refused("an interaction says whom it was with, or what was said", field="interaction.summary")


def update(state: Interaction, given: Mapping[str, Any], promise_id: PromiseId) -> Sequence[InteractionFact]:
    if not state.id:
        raise NotThere("there is no such interaction")
    plain = {name: value for name, value in given.items() if name != "promises"}
    after = replace(state, **plain)
    changes = fields.told(state, after, plain)
    if after.occurred_at is None:
        raise Refused("an interaction has a time", field="interaction.occurred_at")
    if "promises" in given:
        asked = _asked_promises(after, given["promises"], promise_id, frozenset(each.id for each in state.promises))
        promises = _changed_promises(state, asked)
        changes |= {"promises": promises} if promises else {}
    return [InteractionUpdated(interaction_id=state.id, fields=tuple(changes), **changes)] if changes else []


def take_promises(state: Interaction, said: Sequence[PromiseMade]) -> Sequence[PromiseMade]:
    """The promises of a changed row, among those that there are: what the row before said as well stays as it is now.
    A row takes no promise away."""
    before = {each.id: each for each in state.imported.get("promises", ())}
    anew = {each.id: each for each in said if before.get(each.id) != each}
    there = [anew.pop(each.id, _made(each)) for each in state.promises]
    return [*there, *anew.values()]


def keep(state: Interaction, promise_id: str) -> Sequence[InteractionFact]:
    _open_promise(state, promise_id)
    return [PromiseKept(interaction_id=state.id, promise_id=promise_id)]


def release(state: Interaction, promise_id: str, reason: str) -> Sequence[InteractionFact]:
    _open_promise(state, promise_id)
    return [PromiseReleased(interaction_id=state.id, promise_id=promise_id, reason=reason)]


def pass_on(state: Interaction, promise_ids: Sequence[str], by: str, handoff_id: str) -> Sequence[InteractionFact]:
    """Another employee answers for these promises, as far as they are open and an employee's."""
    return [
        PromisePassedOn(interaction_id=state.id, promise_id=each.id, by=by, handoff_id=handoff_id)
        for each in state.promises
        if each.id in promise_ids and each.state == OPEN and each.by not in (CUSTOMER, by)
    ]


def promise_of(state: Interaction, promise_id: str) -> Promise:
    found = next((each for each in state.promises if each.id == promise_id), None)
    if found is None:
        raise NotThere("there is no such promise")
    return found


def _open_promise(state: Interaction, promise_id: str) -> None:
    found = promise_of(state, promise_id)
    if found.state != OPEN:
        raise Refused(f"only an open promise can be kept or released; this one is {found.state}")


def _asked_promises(
    interaction: Interaction, given: Sequence[Mapping[str, Any]], promise_id: PromiseId, keep: frozenset[str]
) -> tuple[PromiseMade, ...]:
    """Promises with ids: known ones keep theirs, the others get one."""
    return tuple(
        PromiseMade(
            id=each["id"] if each.get("id") in keep else promise_id(n),
            what=each["what"],
            by=each.get("by") or interaction.employee or CUSTOMER,
            due=each.get("due"),
        )
        for n, each in enumerate(given)
    )


def _changed_promises(state: Interaction, asked: Sequence[PromiseMade]) -> tuple[PromiseMade, ...]:
    """What is new or says something else. Closed promises stay as they are; open ones cannot be dropped."""
    named = {each.id: each for each in asked}
    if any(each.state == OPEN and each.id not in named for each in state.promises):
        raise Refused("an open promise is kept or released, not removed", field="interaction.promises")
    known = {each.id: each for each in state.promises}
    for id, promise in named.items():
        if id in known and known[id].state != OPEN and _made(known[id]) != promise:
            raise Refused("a promise that was kept or released does not change", field="interaction.promises")
    return tuple(each for each in named.values() if each.id not in known or _made(known[each.id]) != each)


def _made(promise: Promise) -> PromiseMade:
    return PromiseMade(id=promise.id, what=promise.what, by=promise.by, due=promise.due)


def _promised(state: Interaction, fact: InteractionRecorded | InteractionUpdated) -> Interaction:
    """The promises that a fact tells; those that a row said are remembered."""
    promised = replace(state, promises=_merged(state.promises, fact.promises))
    if not fact.row or not fact.promises:
        return promised
    said = {each.id: each for each in (*state.imported.get("promises", ()), *fact.promises)}
    return replace(promised, imported={**state.imported, "promises": tuple(said.values())})


def _merged(promises: Sequence[Promise], made: Sequence[PromiseMade]) -> tuple[Promise, ...]:
    merged = {each.id: each for each in promises}
    for each in made:
        base = merged.get(each.id, Promise(each.id, each.what, each.by))
        merged[each.id] = replace(base, what=each.what, by=each.by, due=each.due)
    return tuple(merged.values())


def _with_promise(interaction: Interaction, promise_id: str, **changes: Any) -> Interaction:
    return replace(
        interaction,
        promises=tuple(replace(each, **changes) if each.id == promise_id else each for each in interaction.promises),
    )
