"""A lead on its way: captured and qualified by Mia in London, taken over by Oliver in York."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from baton.contacts.v1 import handoffs_pb2 as pb
from baton.contacts.v1 import interactions_pb2
from baton.marketing.v1 import leads_pb2

from eventlog.events import Event, Version
from runtime.errors import RpcError
from tests.support.house import Desk, Town, eventually

State = pb.Handoff.State


@dataclass
class Clock:
    """A clock that is moved by hand; it runs beside that."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Handover:
    """Those who take part, and what they do."""

    town: Town

    @property
    def mia(self) -> Desk:
        return self.town.desk("mia", "marketing", branch="london", package="marketing")

    @property
    def mia_at_contacts(self) -> Desk:
        return self.town.desk("mia", "marketing", branch="london")

    @property
    def oliver(self) -> Desk:
        return self.town.desk("oliver", "sales", branch="york")

    @property
    def leeds(self) -> Desk:
        return self.town.desk("ruth", "sales", branch="leeds")

    @property
    def manager(self) -> Desk:
        return self.town.desk("grace", "manager", branch="london")

    async def lead(self, **given: Any) -> leads_pb2.Lead:
        request = leads_pb2.CreateLeadRequest(lead=leads_pb2.Lead(source="fair", **given))
        return await self.mia.ask("Leads/CreateLead", request)

    async def qualify(self, lead_id: str, to_branch: str = "york", **given: Any) -> str:
        """The id of the handoff that it asks for."""
        request = leads_pb2.QualifyLeadRequest(id=lead_id, to_branch=to_branch, **given)
        return str((await self.mia.ask("Leads/QualifyLead", request)).handoff_id)

    async def once_returned(self, lead_id: str, then: Callable[[], Awaitable[str]]) -> str:
        """Do it when marketing has heard that the lead was given back."""
        request = leads_pb2.GetLeadRequest(id=lead_id)
        returned = leads_pb2.Lead.State.RETURNED
        await eventually(lambda: self.mia.ask("Leads/GetLead", request), lambda lead: lead.state == returned)
        return await then()

    async def get(self, id: str, desk: Desk | None = None) -> pb.Handoff:
        return await (desk or self.manager).ask("Handoffs/GetHandoff", pb.GetHandoffRequest(id=id))

    async def becomes(self, id: str, state: Any) -> pb.Handoff:
        return await self.until(id, lambda found: found.state == state)

    async def until(self, id: str, holds: Callable[[pb.Handoff], Any]) -> pb.Handoff:
        found: pb.Handoff = await eventually(
            lambda: self.get_if_there(id), lambda seen: seen is not None and holds(seen)
        )
        return found

    async def get_if_there(self, id: str) -> pb.Handoff | None:
        listed = await self.manager.ask("Handoffs/ListHandoffs", pb.ListHandoffsRequest(id=[id]))
        return await self.get(id) if listed.handoffs else None

    async def delivered(self, **given: Any) -> pb.Handoff:
        """A new lead, qualified; its handoff, delivered."""
        return await self.becomes(await self.qualify((await self.lead()).id, **given), State.DELIVERED)

    async def accept(self, id: str, desk: Desk | None = None, **given: Any) -> pb.Handoff:
        return await (desk or self.oliver).ask("Handoffs/AcceptHandoff", pb.AcceptHandoffRequest(id=id, **given))

    async def call(self, desk: Desk, **given: Any) -> interactions_pb2.Interaction:
        """Record a phone call."""
        asked = interactions_pb2.Interaction(channel="CALL", direction="IN", **given)
        request = interactions_pb2.CreateInteractionRequest(interaction=asked)
        return await desk.ask("Interactions/CreateInteraction", request)

    async def log_of(self, stream: str) -> list[Event]:
        """The events of a stream, from its owner's log."""
        house = self.town.houses.running[stream.partition(".")[0]].house
        return list(await house.store.read_stream(self.town.tenant, stream, after=Version(0)))


def streams(entries: Any) -> list[tuple[str, int]]:
    """Streams and versions of a manifest or a receipt."""
    return [(entry.stream, entry.version) for entry in entries]


async def qualified_again(handover: Handover, lead_id: str) -> str:
    """The id of the next handoff, once marketing has heard that the one before was accepted; "" before."""
    try:
        return await handover.qualify(lead_id)
    except RpcError as error:
        if error.kind.http != 409:
            raise
        return ""
