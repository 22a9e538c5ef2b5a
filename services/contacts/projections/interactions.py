"""Interactions, and the promises made in them."""

from collections.abc import Iterable, Sequence
from typing import Any

from eventlog.projections import At, Change, Insert, Min, Projection, Update
from facts.contacts import (
    InteractionRecorded,
    InteractionUpdated,
    PromiseKept,
    PromiseMade,
    PromisePassedOn,
    PromiseReleased,
)
from services.columns import mark
from services.contacts.projections.records import columns_of, made, updated

INTERACTIONS = Projection(
    "interactions",
    tables={"interactions": ("tenant", "id"), "promises": ("tenant", "interaction_id", "id")},
    sources=("contacts",),
)

_NOT_COLUMNS = frozenset({"promises", "enquiry_of"})
_COLUMNS = tuple(name for name in columns_of(InteractionRecorded, "interaction_id") if name not in _NOT_COLUMNS)
#: What a promise shows of its interaction, and the columns that show it.
_OF_INTERACTION = {
    "person_id": "person_id",
    "lead_id": "lead_id",
    "opportunity_id": "opportunity_id",
    "branch": "made_in_branch",
    "custom": "custom",
}


@INTERACTIONS.on(InteractionRecorded)
def recorded(fact: InteractionRecorded, at: At) -> Iterable[Change]:
    yield Insert("interactions", made(fact, fact.interaction_id, at, _COLUMNS))
    yield from _promises(fact.interaction_id, fact.promises, at)
    yield from _shown_by_promises(fact, at, list(_OF_INTERACTION))


@INTERACTIONS.on(InteractionUpdated)
def interaction_updated(fact: InteractionUpdated, at: At) -> Iterable[Change]:
    names = [name for name in fact.fields if name not in _NOT_COLUMNS]
    yield Update("interactions", {"tenant": at.tenant, "id": fact.interaction_id}, updated(fact, at, names))
    yield from _promises(fact.interaction_id, fact.promises, at)
    yield from _shown_by_promises(fact, at, [name for name in names if name in _OF_INTERACTION])


@INTERACTIONS.on(PromiseKept)
def kept(fact: PromiseKept, at: At) -> Iterable[Change]:
    yield from _promise(fact, at, {"state": "KEPT"})


@INTERACTIONS.on(PromiseReleased)
def released(fact: PromiseReleased, at: At) -> Iterable[Change]:
    yield from _promise(fact, at, {"state": "RELEASED", "released_reason": fact.reason})


@INTERACTIONS.on(PromisePassedOn)
def passed_on(fact: PromisePassedOn, at: At) -> Iterable[Change]:
    """It is the new owner's, so it moves to the branch that took over, for which the fact is recorded. The
    interaction stays where it was."""
    moved = {"passed_to_branch": at.branch} if at.branch else {}
    yield from _promise(fact, at, {"by": fact.by, **moved})


def _promises(interaction_id: str, promises: Sequence[PromiseMade], at: At) -> Iterable[Change]:
    for n, promise in enumerate(promises):
        row = {
            "tenant": at.tenant,
            "interaction_id": interaction_id,
            "id": promise.id,
            "place": Min(at.version * 1000 + n),
            "create_time": Min(at.recorded_at),
            **mark(at),
            "what": promise.what,
            "by": promise.by,
            "due": promise.due,
        }
        yield Insert("promises", row)


def _shown_by_promises(fact: Any, at: At, names: Sequence[str]) -> Iterable[Change]:
    """Every change of an interaction moves the version of its promises: it is one stream."""
    shown = {_OF_INTERACTION[name]: getattr(fact, name) for name in names}
    yield Update("promises", _of(fact, at), {**shown, "etag": str(at.version)})


def _promise(
    fact: PromiseKept | PromiseReleased | PromisePassedOn, at: At, columns: dict[str, Any]
) -> Iterable[Change]:
    yield Update("interactions", {"tenant": at.tenant, "id": fact.interaction_id}, mark(at))
    yield Update("promises", _of(fact, at), {"etag": str(at.version)})
    yield Update("promises", {**_of(fact, at), "id": fact.promise_id}, {**columns, **mark(at)})


def _of(fact: Any, at: At) -> dict[str, Any]:
    return {"tenant": at.tenant, "interaction_id": fact.interaction_id}
