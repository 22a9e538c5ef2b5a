"""Import RPCs: rows of one request, each written once and by itself.

    importer = Importer(handler, LEAD, "lead")
    result = await importer.row(call, row, row.lead.external_id, decide)

The id of an imported resource follows from its tenant and external id, so nobody looks anything up. The command of a
row follows from its digest and the version that it is applied to: the same file again, after any interruption,
changes nothing. A resource's state tells the digest of the row last imported in `row`.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID, uuid5

from baton.common.v1.imports_pb2 import ImportResult, RowWarning

from eventlog.decider import Decider, Refused
from eventlog.errors import Behind
from eventlog.events import Version
from eventlog.handling import FactId, Handled, Handler
from eventlog.store import Command, Store
from runtime.call import Call
from runtime.department import Hearing
from runtime.listing import Rows
from runtime.rpc import origin

#: Ids of imported resources, and commands of rows, are UUIDs in these namespaces. Stored words: they never change.
RESOURCES = UUID("0b8c7a52-3c55-5c4e-8f7e-5a3c64d0b9a1")
ROWS = UUID("c9d4f1de-6a0f-5d0b-9b64-2f1f0f7f3e55")

#: How long own views may lag before the log is asked instead.
OWN_VIEWS_S = 5.0


class Row(Protocol):
    """What every import row has."""

    line: int
    digest: str
    employee: str


class Imported(Protocol):
    """A state that knows the digest of the row last imported; "" if none was."""

    @property
    def row(self) -> str: ...


#: The id of a resource, and the digest of a row that says something of it.
IdAndDigest = tuple[str, str]

S = TypeVar("S", bound=Imported)
R = TypeVar("R", bound=Row)


class NotArrived(Refused):
    """What a row refers to is not there yet: the row is to be sent again. A refusal like others, so that it is not
    believed of a state that was remembered from before."""


def imported_id(tenant: str, kind: str, external_id: str) -> str:
    """The id of the resource that was imported under this external id."""
    return str(uuid5(_of_tenant(tenant), f"{kind}:{external_id}"))


@cache
def _of_tenant(tenant: str) -> UUID:
    return uuid5(RESOURCES, tenant)


async def each_row(rows: Sequence[R], one: Callable[[R], Awaitable[ImportResult]]) -> list[ImportResult]:
    """All rows at once. A wrong row is rejected and harms no other; trouble with the log fails the request, which may
    be sent again."""
    return list(await asyncio.gather(*(_judged(row, one) for row in rows)))


async def _judged(row: R, one: Callable[[R], Awaitable[ImportResult]]) -> ImportResult:
    try:
        return await one(row)
    except NotArrived as missing:
        return ImportResult(line=row.line, outcome=ImportResult.NOT_YET, detail=str(missing))
    except Refused as refusal:
        return ImportResult(line=row.line, outcome=ImportResult.REJECTED, field=refusal.field, detail=str(refusal))


@dataclass(frozen=True)
class Shown:
    """What the department's own views show of imported resources: a row that comes again needs no look at its stream.

    `table` has the columns `id` and `imported_row`, the digest of the row last imported."""

    store: Store
    hearing: Hearing
    views: Rows
    table: str

    async def unchanged(self, tenant: str, asked: Collection[IdAndDigest]) -> Mapping[IdAndDigest, Mapping[str, Any]]:
        """Of these rows those that are equal to the one last imported, with what the views show of their resources.

        Believed only once the views show everything that stood in the log when they were asked."""
        found = await self._equal(tenant, asked)
        if found:
            try:
                await self.hearing.wait_for(self.store.department, await self.store.head(), OWN_VIEWS_S)
            except Behind:
                return {}
            found = await self._equal(tenant, asked)
        return found

    async def _equal(self, tenant: str, asked: Collection[IdAndDigest]) -> Mapping[IdAndDigest, Mapping[str, Any]]:
        ids, digests = [id for id, _ in asked], [digest for _, digest in asked]
        rows = await self.views.fetch(_EQUAL.format(table=self.table), tenant, ids, digests)
        return {(row["id"], row["imported_row"]): row for row in rows}


_EQUAL = """
SELECT shown.* FROM unnest($2::text[], $3::text[]) AS asked (id, row_digest)
JOIN "{table}" AS shown ON shown.tenant = $1 AND shown.id = asked.id AND shown.imported_row = asked.row_digest
"""


@dataclass(frozen=True)
class Importer(Generic[S]):
    """Imports rows of one kind of resource."""

    handler: Handler
    decider: Decider[S]
    kind: str

    async def row(
        self,
        call: Call,
        row: Row,
        external_id: str,
        decide: Callable[[S, FactId], Sequence[Any]],
        *,
        id: str = "",
        warnings: Sequence[RowWarning] = (),
    ) -> tuple[ImportResult, S]:
        """Write one row; the answer and the resource's state. `decide` sees the state (initial for a new resource) and
        is asked only for a row that differs from the one last imported. `id` where it does not follow from the
        external id. Raises `Refused` and `NotArrived` for `each_row` to judge."""
        if not external_id:
            raise Refused("an external id is needed: it names the row for ever", field=f"{self.kind}.external_id")
        tenant = call.identity.tenant
        resource_id = id or imported_id(tenant, self.kind, external_id)
        writing = _Writing(self, call, row, resource_id, decide)
        handled = await writing.at(Version(0), create=not id)
        if handled.replayed:
            known = await self.handler.load(self.decider, tenant, resource_id)
            if known.state.row != row.digest:
                handled = await writing.at(known.version)
        if call.place is None or handled.place > call.place:
            call.place = handled.place
        result = ImportResult(
            line=row.line,
            outcome=writing.outcome,
            id=resource_id,
            warnings=warnings,
        )
        return result, handled.state


class _Writing(Generic[S]):
    """One row on its way into the log; `outcome` is what the last attempt came to."""

    def __init__(
        self,
        importer: Importer[S],
        call: Call,
        row: Row,
        id: str,
        decide: Callable[[S, FactId], Sequence[Any]],
    ) -> None:
        self._importer = importer
        self._call = call
        self._row = row
        self._id = id
        self._decide = decide
        self.outcome = ImportResult.UNCHANGED

    async def at(self, version: Version, *, create: bool = False) -> Handled[S]:
        """Write under the command of the row at this version of its resource."""
        call, importer = self._call, self._importer
        handled = await importer.handler.handle(
            importer.decider,
            self._id,
            _command(call.identity.tenant, importer.kind, self._id, self._row.digest, version),
            origin(call, self._row.employee),
            self._decided,
            create=create,
        )
        if handled.replayed:
            self.outcome = ImportResult.UNCHANGED
        return handled

    def _decided(self, state: S, fact_id: FactId) -> Sequence[Any]:
        if state.row == self._row.digest:
            self.outcome = ImportResult.UNCHANGED
            return ()
        self.outcome = ImportResult.UPDATED if state.row else ImportResult.CREATED
        return self._decide(state, fact_id)


def _command(tenant: str, kind: str, id: str, digest: str, version: Version) -> Command:
    """Its id names the whole request, so its digest is that of the id."""
    named = uuid5(ROWS, "\0".join((tenant, kind, id, digest, str(version))))
    return Command(named, hashlib.sha256(named.bytes).digest())


def said_anew(
    said: Mapping[str, Any], before: Mapping[str, Any], state: Any, made_up: Collection[str] = ()
) -> dict[str, Any]:
    """What a row says that the one imported `before` did not: only that is changed, so edits made since survive.

    `before` has what was said, not what was empty. `custom` is compared name by name; what is no longer said in it is
    taken out. A field that the row no longer says is None (cleared), unless it is one of those that are `made_up`
    where nothing is said."""
    anew = {name: value for name, value in said.items() if name != "custom" and before.get(name) != value}
    anew.update({name: None for name in before if name not in said and name != "custom" and name not in made_up})
    now, then = said.get("custom", {}), before.get("custom", {})
    if now != then:
        kept = {name: value for name, value in state.custom.items() if name in now or name not in then}
        anew["custom"] = {**kept, **{name: value for name, value in now.items() if then.get(name) != value}}
    return anew
