"""Answers `Interactions`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from baton.contacts.v1 import interactions_pb2 as pb

from eventlog.clock import Clock
from eventlog.handling import FactId, Folded, Handled, Handler
from facts.contacts import PromiseMade
from runtime.call import Call
from runtime.listing import Listing
from runtime.messages import fill, patched, values
from runtime.moments import happened
from runtime.rpc import answered, origin
from runtime.scope import must_be_own, written_branch
from services.contacts.api.access import Access
from services.contacts.api.importing import Imported, Importer, Row, changed
from services.contacts.common.given import whole
from services.contacts.domain import interaction
from services.contacts.domain.interaction import INTERACTION, Interaction, InteractionFact
from services.contacts.queries import Queries, Views
from services.offers import shown

INTERACTIONS = Listing(
    "interactions",
    pb.Interaction,
    orderable=(
        "create_time", "update_time", "occurred_at", "channel", "direction", "employee", "branch", "duration_seconds",
    ),
    scope=shown("interactions"),
)  # fmt: skip


class Interactions:
    def __init__(
        self, views: Views, queries: Queries, access: Access, handler: Handler, importer: Importer, clock: Clock
    ) -> None:
        self._views = views
        self._queries = queries
        self._access = access
        self._handler = handler
        self._importer = importer
        self._clock = clock

    async def CreateInteraction(self, request: pb.CreateInteractionRequest, call: Call) -> pb.Interaction:
        asked = whole(values(request.interaction, at="interaction"))
        self._must_have_happened(asked)
        given = {
            **asked,
            "branch": written_branch(asked.get("branch", ""), call),
            "employee": asked.get("employee") or call.identity.employee,
            "occurred_at": asked.get("occurred_at") or self._clock(),
        }
        id = str(uuid5(call.command.id, "interaction"))
        handled = await self._handler.handle(
            INTERACTION,
            id,
            call.command,
            origin(call),
            lambda state, _: interaction.record(state, id, given, promise_ids(call.command.id)),
            create=True,
        )
        answered(call, handled)
        return message(handled)

    async def GetInteraction(self, request: pb.GetInteractionRequest, call: Call) -> pb.Interaction:
        return message(await self._access.read(INTERACTION, call, "interaction", request.id))

    async def UpdateInteraction(self, request: pb.UpdateInteractionRequest, call: Call) -> pb.Interaction:
        id, given = (
            request.interaction.id,
            whole(values(request.interaction, request.update_mask.paths, at="interaction")),
        )
        if "branch" in given:
            given["branch"] = written_branch(given["branch"], call)
        self._must_have_happened(given)

        def decide(state: Interaction, _: FactId) -> Sequence[InteractionFact]:
            must_be_own(state, call, "interaction", id)
            return interaction.update(state, _patched(state, given), promise_ids(call.command.id))

        async with self._access.writing(call):
            handled = await self._handler.handle(
                INTERACTION, id, call.command, origin(call), decide, if_match=call.if_match
            )
        answered(call, handled)
        return message(handled)

    async def ListInteractions(self, request: pb.ListInteractionsRequest, call: Call) -> pb.ListInteractionsResponse:
        rows, token, total = await INTERACTIONS.page(self._views, call, request)
        promises = await self._queries.promises_of(call.identity.tenant, [row["id"] for row in rows])
        interactions = [fill(pb.Interaction, row, promises=promises[row["id"]]) for row in rows]
        return pb.ListInteractionsResponse(interactions=interactions, next_page_token=token, total_size=total)

    async def ImportInteractions(
        self, request: pb.ImportInteractionsRequest, call: Call
    ) -> pb.ImportInteractionsResponse:
        imported = Imported("interaction", INTERACTION, self._write)
        return pb.ImportInteractionsResponse(results=await self._importer.take(imported, request.rows, call))

    async def _write(self, row: Row) -> Handled[Interaction]:
        self._must_have_happened(row.given)
        given = whole({"occurred_at": self._clock(), "employee": row.origin.employee, **row.given})
        ids = promise_ids(UUID(row.id))
        return await self._handler.handle(
            INTERACTION,
            row.id,
            row.command,
            row.origin,
            lambda state, _: _anew(row, state, ids) if state.id else interaction.record(state, row.id, given, ids),
        )

    def _must_have_happened(self, given: Mapping[str, Any]) -> None:
        happened(given.get("occurred_at"), self._clock(), "interaction.occurred_at")


def promise_ids(of: UUID) -> Callable[[int], str]:
    """Ids of the promises that a command makes; those of an imported row are the row's for ever."""
    return lambda n: str(uuid5(of, f"promise-{n}"))


def message(found: Folded[Interaction] | Handled[Interaction]) -> pb.Interaction:
    return fill(
        pb.Interaction,
        found.state,
        etag=str(found.version),
        create_time=found.created_at,
        update_time=found.updated_at,
    )


def _patched(state: Interaction, given: Mapping[str, Any]) -> dict[str, Any]:
    """What was cleared goes back to what it is without being given."""
    defaults = {"channel": "NOTE", "direction": "IN"}
    return {name: value or defaults.get(name, value) for name, value in patched(state, given).items()}


def _anew(row: Row, state: Interaction, ids: Callable[[int], str]) -> Sequence[InteractionFact]:
    """What a changed row says differently. Its promises are those of last time, in their order."""
    given = whole({name: value for name, value in row.given.items() if name != "row"})
    by = given.get("employee") or row.origin.employee or interaction.CUSTOMER
    made = [
        PromiseMade(id=ids(n), what=each["what"], by=each.get("by") or by, due=each.get("due"))
        for n, each in enumerate(given.pop("promises", ()))
    ]
    change = changed(row, given, state, made_up=("occurred_at", "employee", "promises"))
    merged = interaction.take_promises(state, made)
    told = [each.model_dump() for each in merged]
    return interaction.update(state, {**change, "promises": told}, lambda n: merged[n].id)
