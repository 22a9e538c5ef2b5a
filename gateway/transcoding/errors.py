"""Wrong input, field by field."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

#: Where a value stands: (the way to its parent, its own name or index). Built only on the way to nested values, so
#: that a correct request pays almost nothing for the pointers of a wrong one.
Path: TypeAlias = "tuple[Path, str | int] | None"

NULL = "null is not allowed without updateMask"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong value: its JSON pointer (RFC 6901) and what is wrong with it."""

    pointer: str
    detail: str


def listed(errors: Iterable[FieldError]) -> str:
    """All of them in one line."""
    return "; ".join(f"{each.pointer}: {each.detail}" if each.pointer else each.detail for each in errors)


class BadInput(Exception):
    """A request that is not what the contract says, with everything that is wrong with it."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(listed(errors))
        self.errors = tuple(errors)


class Errors:
    """Collects what is wrong with one request, up to `ERRORS_MAX`. `nulls_clear`: an update mask says what is to be
    changed, so a null is no mistake but clears its field."""

    ERRORS_MAX = 100

    def __init__(self, *, nulls_clear: bool = False) -> None:
        self.found: list[FieldError] = []
        self.nulls_clear = nulls_clear

    def add(self, path: Path, detail: str) -> None:
        if len(self.found) < self.ERRORS_MAX:
            self.found.append(FieldError(pointer(path), detail))

    def check(self) -> None:
        """Raises `BadInput` with everything found so far."""
        if self.found:
            raise BadInput(self.found)


def pointer(path: Path) -> str:
    """`/to/city` for ((None, "to"), "city")."""
    tokens: list[str] = []
    while path is not None:
        path, token = path
        tokens.append(str(token).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{token}" for token in reversed(tokens))
