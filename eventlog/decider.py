"""A decision in three lines: `decide(state, …) -> facts`, `evolve(state, fact) -> state`, an initial state.

Deciders are plain: no I/O, no clock, no ids made inside. Time, ids and the actor arrive as arguments, so the same
call gives the same facts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

S = TypeVar("S")


class Refused(Exception):
    """A rule of the business says no. The message names the rule in words that a clerk understands; nothing was
    recorded. `field` is the path of the request's field that is to blame, where there is one."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NotThere(Refused):
    """The subject of the decision does not exist (for this tenant, for this employee)."""


class Forbidden(Refused):
    """The caller may see it, but this is for somebody else to decide."""


class Invalid(Refused):
    """The request itself is wrong: `field` and what is allowed."""


@dataclass(frozen=True)
class Decider(Generic[S]):
    """Folds the facts of one stream. `name` is the stream's prefix, for instance `marketing.lead`."""

    name: str
    initial: S
    evolve: Callable[[S, Any], S]
