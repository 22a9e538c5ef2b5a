"""What a fact says, as columns of a read model hold it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from eventlog.projections import At
from facts.registry import Fact, Value


def mark(at: At) -> dict[str, Any]:
    """The version that a fact makes of its record, and when."""
    return {"etag": str(at.version), "update_time": at.recorded_at}


def columns(fact: Fact, names: Sequence[str]) -> dict[str, Any]:
    """These fields of a fact."""
    return {name: plain(getattr(fact, name)) for name in names}


def plain(value: Any) -> Any:
    """A part of a fact, as a jsonb column holds it."""
    if isinstance(value, tuple):
        return [item.isoformat() if isinstance(item, date) else plain(item) for item in value]
    return value.model_dump(mode="json") if isinstance(value, Value) else value
