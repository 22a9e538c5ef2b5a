"""What every adapter checks before it takes an append."""

from eventlog.errors import TooLarge
from eventlog.events import EVENT_BYTES_MAX, NewEvent
from eventlog.store import Append

#: Tenant, stream and type, each, in bytes of UTF-8: they stand in indexes, which have a limit of their own.
NAME_BYTES_MAX = 1000
HMAC_BYTES = 32
_INTEGER_MAX = 2**31 - 1


def check(append: Append) -> None:
    """Raise `TooLarge` for an event over the limit, `ValueError` for what no log can hold."""
    check_name("tenant", append.tenant)
    if len(append.command.hmac) != HMAC_BYTES:
        raise ValueError(f"the HMAC of a command has {HMAC_BYTES} bytes, found {len(append.command.hmac)}")
    streams = set()
    for write in append.writes:
        check_name("stream", write.stream)
        if write.stream in streams:
            raise ValueError(f"stream {write.stream} stands twice in one append")
        streams.add(write.stream)
        for event in write.events:
            _check_event(event)
    if len(append.outcome) > EVENT_BYTES_MAX:
        raise TooLarge(f"an outcome has at most {EVENT_BYTES_MAX} bytes, found {len(append.outcome)}")


def check_name(what: str, name: str) -> None:
    """Names may hold every Unicode character but NUL, which PostgreSQL's text cannot hold."""
    if not name:
        raise ValueError(f"the {what} is empty")
    if "\0" in name:
        raise ValueError(f"the {what} {name!r} holds a NUL character")
    if len(name.encode()) > NAME_BYTES_MAX:
        raise ValueError(f"the {what} has more than {NAME_BYTES_MAX} bytes")


def _check_event(event: NewEvent) -> None:
    check_name("type", event.type)
    if not 0 <= event.schema <= _INTEGER_MAX:
        raise ValueError(f"the schema version of {event.type} is {event.schema}")
    for what, size in (("payload", len(event.data)), ("metadata", len(event.metadata))):
        if size > EVENT_BYTES_MAX:
            raise TooLarge(f"{what} of {event.type} has {size} bytes, at most {EVENT_BYTES_MAX} are allowed")
