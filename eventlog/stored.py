"""What the stored bytes of an event say. A log takes any bytes, so nobody may rely on finding JSON there."""

from collections.abc import Mapping
from typing import Any

import orjson

#: JSON that is nested deeper is shown as the text it is: orjson reads 1,024 levels and writes 254, and protobuf
#: does not read a `Struct` of 50.
SHOWN_LEVELS_MAX = 32


def document(stored: bytes) -> dict[str, Any] | None:
    """The JSON object that the bytes are; None where they are none."""
    try:
        found = orjson.loads(stored)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def text(metadata: Mapping[str, Any] | None, name: str) -> str:
    """A field of the metadata; "" where it is not there, or no text."""
    found = metadata.get(name) if metadata else None
    return found if isinstance(found, str) else ""


def shown(stored: bytes) -> Any:
    """The bytes for people to look at: as the JSON value that they are, or else as text."""
    try:
        found = orjson.loads(stored)
    except orjson.JSONDecodeError:
        return stored.decode(errors="replace")
    return found if _fits(found, SHOWN_LEVELS_MAX) else stored.decode(errors="replace")


def _fits(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    return levels > 0 and all(
        _fits(each, levels - 1) for each in (value.values() if isinstance(value, dict) else value)
    )
