"""A department: what it consists of, and the house it stands in.

`services/<department>/__main__.py` has one function, `build(house) -> Department`: the one place where the
department's parts are put together. It receives everything it uses; nothing below it opens or looks up anything.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from eventlog.codec import Codec
from eventlog.feed import Feed
from eventlog.handling import Handler
from eventlog.keyring import Keyring
from eventlog.projections import Projection
from eventlog.reactions import Reactions
from eventlog.store import Store
from eventlog.views import Views
from runtime.settings import Settings

#: The departments of this release, in the order in which they start.
DEPARTMENTS = ("contacts", "marketing", "sales", "analytics")

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class House:
    """What a department is given: its log and views, the keyring, the clock, and the feeds of the others by name."""

    name: str
    store: Store
    handler: Handler
    views: Views
    feeds: Mapping[str, Feed]
    keyring: Keyring
    codec: Codec
    settings: Settings
    clock: Clock = utc_now


@dataclass(frozen=True)
class Department:
    """What a department consists of.

    `servicers` are its RPC services by full name (`baton.marketing.v1.Leads`); each has `async def` methods named as
    the RPCs, with the request and the `Call`. `schema` is the SQL of its read models (`CREATE … IF NOT EXISTS`).
    `hears` are the other departments whose facts reach its projections and reactions."""

    servicers: Mapping[str, object]
    projections: Sequence[Projection]
    schema: Path
    reactions: Sequence[Reactions] = ()
    hears: Sequence[str] = field(default_factory=tuple)


Build = Callable[[House], Department]
