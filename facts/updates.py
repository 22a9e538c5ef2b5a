"""What the facts that update a record have in common: they name the fields that changed, and tell what a row said."""

from collections.abc import Collection, Mapping
from typing import Any


def changes(state: Any, wanted: Mapping[str, Any], always: Collection[str] = ()) -> dict[str, Any]:
    """Those of the wanted values that differ from the state's, and those that are told `always`: what an imported row
    says anew is told even where somebody said it before, so that it is remembered as said."""
    return {name: value for name, value in wanted.items() if name in always or value != getattr(state, name)}


def said(before: Mapping[str, Any], values: Mapping[str, Any], unsaid: Mapping[str, Any]) -> dict[str, Any]:
    """What an imported row says, after what the one `before` said: the values that are not as they are when nothing is
    said."""
    return {name: value for name, value in {**before, **values}.items() if value != unsaid[name]}
