"""A department: what it consists of, and the house it stands in.

`services/<department>/__main__.py` has one function, `build(house) -> Department`: the one place where the
department's parts are put together. It receives everything it uses; nothing below it opens or looks up anything.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from eventlog.clock import Clock, utc_now
from eventlog.codec import Codec
from eventlog.events import Place, Version
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
#: Those whose topologies run on Kafka.
STREAMING = ("analytics",)

#: Of a tenant, for one of its branches: those of these streams of the department's log that the branch may read.
Readable = Callable[[str, str, Collection[str]], Awaitable[Collection[str]]]


class Hearing(Protocol):
    """How the department hears others, and itself: its projector, or what watches the projector of another process."""

    async def wait_for(self, department: str, place: Place, timeout_s: float) -> None:
        """Until a department was heard up to a place. Raises `Behind`, `NoSuchPlace`."""
        ...

    async def heal(self, department: str, tenant: str, stream: str, upto: Version = Version(0)) -> bool:
        """Hear a stream again from its owner's log, as far as it is parked or did not come up to a version."""
        ...


class Heard:
    """A `Hearing` to build a department with, before what hears can be: bound to it right after."""

    def __init__(self) -> None:
        self._hearing: Hearing | None = None

    def bind(self, hearing: Hearing) -> None:
        self._hearing = hearing

    async def wait_for(self, department: str, place: Place, timeout_s: float) -> None:
        await self._bound().wait_for(department, place, timeout_s)

    async def heal(self, department: str, tenant: str, stream: str, upto: Version = Version(0)) -> bool:
        return await self._bound().heal(department, tenant, stream, upto)

    def _bound(self) -> Hearing:
        if self._hearing is None:
            raise RuntimeError("the department does not run yet")
        return self._hearing


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
    hearing: Hearing
    clock: Clock = utc_now


async def nothing(tenant: str, branch: str, streams: Collection[str]) -> Collection[str]:
    """What a branch may read of a log that tells nothing of branches."""
    return ()


@dataclass(frozen=True)
class Department:
    """What a department consists of.

    `servicers` are its RPC services by full name (`baton.marketing.v1.Leads`); each has `async def` methods named as
    the RPCs, with the request and the `Call`. `projections` fill the tables of its `schema.sql`. `hears` are the other
    departments whose facts reach its projections and reactions. `readable` says what who is bound to a branch may read
    of its log, by what its views show."""

    servicers: Mapping[str, object]
    projections: Sequence[Projection]
    reactions: Sequence[Reactions] = ()
    hears: Sequence[str] = field(default_factory=tuple)
    readable: Readable = nothing


Build = Callable[[House], Department]
