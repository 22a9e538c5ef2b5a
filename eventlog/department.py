"""What everything shares that one department hears with."""

from collections.abc import Callable
from dataclasses import dataclass

from eventlog.clock import Clock
from eventlog.codec import Codec
from eventlog.restored import Renew
from eventlog.views import Views
from eventlog.writing import Writer


@dataclass(frozen=True, slots=True)
class Department:
    """What all sources of one department share."""

    name: str
    views: Views
    codec: Codec
    writer: Writer
    clock: Clock
    wake: Callable[[], None]
    told: Callable[[], None] = lambda: None
    parked_streams_max: int = 1000
    renew: Renew | None = None
    #: The digest of its `schema.sql`; None: nobody ever changes its tables.
    release: str | None = None
