"""One request to a department: who asks, under which command, and what goes back beside the answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from eventlog.events import Place
from eventlog.store import Command
from runtime.etags import Versions

#: Roles that see the whole tenant; the others see their branch.
TENANT_WIDE = frozenset({"manager", "analyst", "operator", "admin"})


@dataclass(frozen=True, slots=True)
class Identity:
    """What a verified token says. `employee` is the token's `sub`."""

    tenant: str
    employee: str
    branch: str
    roles: frozenset[str]

    @property
    def sees_tenant(self) -> bool:
        return bool(self.roles & TENANT_WIDE)

    @property
    def scope(self) -> str | None:
        """The branch that lists and writes are narrowed to, or None for the whole tenant."""
        return None if self.sees_tenant else self.branch


@dataclass(slots=True)
class Call:
    """Handed to every RPC method beside its request.

    `command` is the id under which this write happens once, with the HMAC of the request. `if_match` are the
    versions that the caller would write on; `min_places` are positions that a list waits for. The method sets `etag`,
    `place` and `replayed` (`Baton-Position: <department>:<place>`), which go back as metadata."""

    identity: Identity
    method: str
    command: Command
    department: str = ""
    if_match: Versions | None = None
    min_places: Mapping[str, Place] = field(default_factory=dict)
    correlation_id: str = ""
    traceparent: str = ""
    etag: str = ""
    place: Place | None = None
    replayed: bool = False
