"""What is agreed about handoffs: their kinds, and the working hours that deadlines go by."""

from collections.abc import Iterable
from datetime import datetime

from runtime.department import House
from services.contacts.domain.branch import BRANCH
from services.contacts.domain.handoff_kind import HANDOFF_KIND, HandoffKind, meant
from services.contacts.domain.working_hours import Calendar, deadline
from services.contacts.queries import Row


class Terms:
    """Kinds and calendars, each read once for a batch."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._kinds: dict[tuple[str, str], HandoffKind] = {}
        self._calendars: dict[tuple[str, str], Calendar] = {}

    async def read(self, rows: Iterable[Row]) -> None:
        """Everything that these handoffs need, before it is asked for many times at once."""
        wanted = {(row["tenant"], row["kind"], row["asked_to_branch"]) for row in rows}
        for tenant, kind, branch in wanted:
            await self.deadline(tenant, branch, await self.kind(tenant, kind))

    async def kind(self, tenant: str, name: str) -> HandoffKind:
        if (tenant, name) not in self._kinds:
            state = (await self._house.handler.load(HANDOFF_KIND, tenant, name)).state
            self._kinds[tenant, name] = meant(state, name)
        return self._kinds[tenant, name]

    async def deadline(self, tenant: str, branch: str, kind: HandoffKind) -> datetime:
        """When the kind's working minutes are over in a branch, from now on."""
        if (tenant, branch) not in self._calendars:
            state = (await self._house.handler.load(BRANCH, tenant, branch)).state
            self._calendars[tenant, branch] = Calendar(state.time_zone, state.working_hours, frozenset(state.holidays))
        return deadline(self._house.clock(), kind.deadline_working_minutes, self._calendars[tenant, branch])
