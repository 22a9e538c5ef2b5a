"""Takes imported rows: each by itself, many at once, safe to be sent again."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from baton.common.v1 import imports_pb2 as pb

from eventlog.codec import Origin
from eventlog.decider import Decider, Invalid
from eventlog.handling import Folded, Handled, Handler
from eventlog.keyring import Keyring
from eventlog.store import Command
from runtime.call import Call
from runtime.imports import each_row, imported_id, said_anew
from runtime.messages import values
from runtime.rpc import origin

Outcome = pb.ImportResult.Outcome


@dataclass(frozen=True)
class Row:
    """A row on its way: the resource's id and plain values, and the command under which it is written once."""

    id: str
    given: Mapping[str, Any]
    command: Command
    origin: Origin


def changed(row: Row, said: Mapping[str, Any], state: Any, made_up: Collection[str] = ()) -> dict[str, Any]:
    """What a row changes of a record that is there, and the row's digest. `said` are its values as the state has them;
    `made_up` fields are not cleared when the row no longer says them."""
    unsaid = type(state)()
    anew = said_anew(said, state.imported, state, made_up)
    whole = {name: getattr(unsaid, name) if value is None else value for name, value in anew.items()}
    return {**whole, "row": row.given["row"]}


@dataclass(frozen=True)
class Imported:
    """How one resource is imported: `write` registers or updates it from a row."""

    kind: str
    decider: Decider[Any]
    write: Callable[[Row], Awaitable[Handled[Any]]]


class Importer:
    def __init__(self, handler: Handler, keyring: Keyring) -> None:
        self._handler = handler
        self._keyring = keyring

    async def take(self, imported: Imported, rows: Sequence[Any], call: Call) -> list[pb.ImportResult]:
        """One result for each row, in the order of the rows. A row's outcome never depends on its neighbours."""
        return await each_row(rows, lambda row: self._take(imported, row, call))

    async def _take(self, imported: Imported, row: Any, call: Call) -> pb.ImportResult:
        resource = getattr(row, imported.kind)
        if not resource.external_id:
            raise Invalid("a row is known by its external id", field=f"{imported.kind}.external_id")
        id = imported_id(call.identity.tenant, imported.kind, resource.external_id)
        there = await self._handler.load(imported.decider, call.identity.tenant, id)
        if there.version and there.state.row == row.digest:
            return pb.ImportResult(line=row.line, outcome=Outcome.UNCHANGED, id=id)
        command = self._command(call.identity.tenant, id, row, there)
        given = {**values(resource, at=imported.kind), "row": row.digest}
        handled = await imported.write(Row(id, given, command, origin(call, row.employee)))
        call.place = handled.place if call.place is None else max(call.place, handled.place)
        outcome = Outcome.UPDATED if there.version else Outcome.CREATED
        return pb.ImportResult(line=row.line, outcome=outcome, id=id)

    def _command(self, tenant: str, id: str, row: Any, there: Folded[Any]) -> Command:
        """The same for the same row on the same version, so that a row sent twice is written once."""
        digest = self._keyring.hmac(tenant, "import", f"{id}\0{row.digest}".encode())
        return Command(uuid5(UUID(id), f"{row.digest}.{there.version}"), digest)
