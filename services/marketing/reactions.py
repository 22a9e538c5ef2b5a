"""What marketing does because contacts told it something: a lead that was given back is marketing's again."""

from collections.abc import Iterable
from dataclasses import dataclass

from eventlog.codec import Codec
from eventlog.decider import NotThere
from eventlog.events import Version
from eventlog.feed import Feed
from eventlog.following import command_of, origin_of
from eventlog.handling import Handler
from eventlog.projections import At
from eventlog.reactions import Due, Reactions, Todo
from facts.contacts import HandoffReturned
from services.marketing.domain.handing_on import give_back
from services.marketing.domain.lead import LEAD
from services.marketing.queries import Queries

GIVE_BACK = "give-lead-back"


@dataclass(frozen=True)
class Returns:
    """Records that a lead was given back. The reason is personal, so it is read again where contacts keeps it."""

    handler: Handler
    queries: Queries
    contacts: Feed
    codec: Codec

    async def give_back(self, due: Due) -> None:
        version = Version(due.args["version"])
        (event,) = await self.contacts.refetch(due.tenant, due.args["stream"], Version(version - 1), version)
        fact: HandoffReturned = (await self.codec.decode(self.contacts.department, event)).fact
        heard = await self.queries.heard(due.tenant, fact.subject.id)
        try:
            await self.handler.handle(
                LEAD,
                fact.subject.id,
                command_of(due),
                origin_of(due, "marketing", employee=fact.returned_by),
                lambda state, _: give_back(state, fact.handoff_id, fact.reason, heard),
            )
        except NotThere:
            # A handoff asked by hand may name a lead that nobody captured: then there is nothing to give back.
            return


def reactions(returns: Returns) -> Reactions:
    found = Reactions("marketing", sources=("contacts",))

    @found.on(HandoffReturned)
    def returned(fact: HandoffReturned, at: At) -> Iterable[Todo]:
        if fact.from_department == "marketing" and fact.subject.kind == "lead":
            yield Todo(GIVE_BACK, {"stream": at.stream, "version": at.version})

    found.does(GIVE_BACK, returns.give_back)
    return found
