"""A record on a topic of facts that tells no event: somebody spoiled it, or it was never a relay's.

It is not left out: as an event that its digest does not fit it goes the way of everything that is not what it should
be, to the alarms, where an operator sees it and what it may have told is fetched from its owner's log."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol, TypeVar
from uuid import NAMESPACE_OID, UUID, uuid5

from eventlog.events import Event, Position, Version
from eventlog.kafka.records import Received, valued

T = TypeVar("T")

TYPE = "unreadable"

#: As PostgreSQL counts.
_INTEGER_MAX = 2**31 - 1


class Standing(Received, Protocol):
    """A record with where it stands."""

    @property
    def topic(self) -> str: ...

    @property
    def partition(self) -> int: ...

    @property
    def offset(self) -> int: ...


def salvaged(record: Standing) -> Event:
    """What can be read of it, and a digest that nothing has."""
    headers = valued(record.headers)

    def read(name: str, convert: Callable[[str], T], otherwise: T) -> T:
        try:
            return convert(headers[name].decode())
        except (KeyError, ValueError):
            return otherwise

    return Event(
        generation=read("generation", _count, 0),
        position=Position(read("position", _count, 0)),
        tenant=read("tenant", _text, ""),
        stream=_text((record.key or b"").decode(errors="replace")),
        version=Version(max(1, read("version", _count, 1))),
        id=read("ce_id", UUID, uuid5(NAMESPACE_OID, f"{record.topic}/{record.partition}/{record.offset}")),
        type=read("ce_type", _text, TYPE),
        schema=read("schema", _count, 0),
        recorded_at=read("recordedat", _time, datetime.fromtimestamp(0, UTC)),
        metadata=headers.get("metadata", b""),
        data=record.value or b"",
        digest=b"",
    )


def _count(text: str) -> int:
    number = int(text)
    if not 0 <= number <= _INTEGER_MAX:
        raise ValueError(text)
    return number


def _text(text: str) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at
