"""What a kind of handoff requires and nobody filled in. It informs and never blocks."""

from collections.abc import Mapping, Sequence
from typing import Any

#: Fields that facts call otherwise: a fact's own `name` is its stored name.
RENAMED = {"company_name": "name"}


def missing(required: Sequence[str], known: Mapping[str, Any]) -> tuple[str, ...]:
    """Those of the required paths (`brief.nextStep`, `person.email`) that lead to nothing, in the kind's order."""
    named = {RENAMED.get(name, name): value for name, value in known.items()}
    return tuple(path for path in required if not _found(path, named))


def _found(path: str, known: Any) -> bool:
    for name in path.split("."):
        if not isinstance(known, Mapping):
            return False
        known = known.get(name, known.get(_snake_case(name)))
    return known not in (None, "", [], {}, ())


def _snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
