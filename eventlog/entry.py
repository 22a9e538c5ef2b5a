"""What goes through the projector: an event, with the fact that was read from it."""

from dataclasses import dataclass

from eventlog.codec import Recorded
from eventlog.errors import Poison
from eventlog.events import Event, Offset, StreamKey


@dataclass(slots=True)
class Entry:
    """`recorded` is None when nothing in this department wants to know the fact. `part` is the part of its source that
    its stream belongs to, `offset` where it stood there: the part's mark stands behind it afterwards. None: it was
    fetched beside the feed and moves nothing. `digest` is set once it was recomputed. `cut_off` says that its owner's
    log lacks versions before it."""

    event: Event
    recorded: Recorded | Poison | None
    part: int = 0
    offset: Offset | None = None
    digest: bytes = b""
    cut_off: bool = False

    @property
    def stream(self) -> StreamKey:
        return self.event.tenant, self.event.stream


@dataclass(frozen=True, slots=True)
class Parked:
    """An event to park: because of itself, or because an earlier one of its stream is parked (`FOLLOWS`)."""

    entry: Entry
    kind: str
    reason: str


#: Kinds of parking. An alarm is a digest that is not what the bytes give; the evidence stays.
ALARM, FAULT, NEWER, FOLLOWS = "ALARM", "FAULT", "NEWER", "FOLLOWS"
