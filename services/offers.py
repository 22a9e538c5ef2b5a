"""What a department keeps of the handoffs that contacts tells of: which of its records an offered handoff opens to the
receiving branch, and which handoffs of a subject still wait.

    OFFERS = offers("marketing.lead")          a projection into the tables `offers` and `offered_records`
    shown("leads")                             a scope for lists: the branch's own, and what is opened to it
    Sight(views, "marketing.lead", "leads")    what a branch reads of the table `leads`, and of the leads' streams

The same for every department; each has the tables in its own `schema.sql`.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from eventlog.projections import At, Change, Insert, Projection, Update
from facts.common import ManifestEntry, Subject
from facts.contacts import (
    HandoffAccepted,
    HandoffAsked,
    HandoffOffered,
    HandoffReassigned,
    HandoffReturned,
    HandoffSupplemented,
    HandoffWithdrawn,
)
from runtime.call import Call
from runtime.scope import OfAnotherBranch

#: Whether a handoff that the branch holds opens a record to it: `{tenant}`, `{branch}` and `{id}` are bound.
OPENED = """EXISTS (
    SELECT FROM offered_records o JOIN offers h ON h.tenant = o.tenant AND h.handoff_id = o.handoff_id
    WHERE o.tenant = {tenant} AND o.id = {id} AND h.held AND h.branch = {branch})"""

_OFFERED = f"SELECT WHERE {OPENED.format(tenant='$1', branch='$2', id='$3')}"
_RECORDS = "SELECT id FROM {table} WHERE tenant = $1 AND id = ANY($3) AND ({shown})"
_HELD = "SELECT handoff_id AS id FROM offers WHERE tenant = $1 AND branch = $2 AND handoff_id = ANY($3) AND held"


def shown(table: str, key: str = "id") -> str:
    """A scope for `Listing`: the branch's own rows, and those that an offered handoff opens to it. `key` is the column
    with the id of the record that is opened."""
    return "branch = {branch} OR " + OPENED.format(tenant="{tenant}", branch="{branch}", id=f"{table}.{key}")


class Views(Protocol):
    """The read models of a department."""

    async def fetch(self, sql: str, *args: Any) -> Sequence[Any]: ...


class Sight:
    """What a branch reads of a department's records: its own, and those that an offered handoff opens to it; of the
    receipts those of handoffs that it holds. `records` is the prefix of the records' streams, `table` has their
    rows."""

    def __init__(self, views: Views, records: str, table: str) -> None:
        self._views = views
        condition = shown(table).format(tenant="$1", branch="$2")
        self._questions = {
            f"{records}-": _RECORDS.format(table=table, shown=condition),
            f"{records.partition('.')[0]}.receipt-": _HELD,
        }

    async def is_offered(self, tenant: str, branch: str, id: str) -> bool:
        """Whether a handoff that the branch holds opens the record to it."""
        return bool(await self._views.fetch(_OFFERED, tenant, branch, id))

    @asynccontextmanager
    async def writing(self, call: Call) -> AsyncIterator[None]:
        """Who writes what only opens to his branch is told so. Raises `Forbidden` in the place of `OfAnotherBranch`."""
        try:
            yield
        except OfAnotherBranch as theirs:
            if await self.is_offered(call.identity.tenant, call.identity.branch, theirs.id):
                raise theirs.only_read() from None
            raise

    async def streams(self, tenant: str, branch: str, streams: Collection[str]) -> set[str]:
        """Those of the streams that the branch may read."""
        found: set[str] = set()
        for prefix, question in self._questions.items():
            ids = [stream.removeprefix(prefix) for stream in streams if stream.startswith(prefix)]
            if ids:
                found.update(prefix + row["id"] for row in await self._views.fetch(question, tenant, branch, ids))
        return found


def offers(*records: str) -> Projection:
    """`records` are the prefixes of the streams whose records are opened, such as `marketing.lead`."""
    projection = Projection(
        "offers",
        tables={"offers": ("tenant", "handoff_id"), "offered_records": ("tenant", "id", "handoff_id")},
        sources=("contacts",),
    )
    projection.on(HandoffAsked)(_asked)
    projection.on(HandoffReassigned)(_reassigned)
    projection.on(HandoffReturned, HandoffWithdrawn)(_ended)

    @projection.on(HandoffOffered)
    def offered(fact: HandoffOffered, at: At) -> Iterable[Change]:
        yield Insert("offers", {**_key(fact, at), **_subject(fact.subject), "branch": fact.to_branch, "held": True})
        yield from _opened(records, fact, fact.manifest, at)

    @projection.on(HandoffSupplemented)
    def supplemented(fact: HandoffSupplemented, at: At) -> Iterable[Change]:
        yield from _opened(records, fact, fact.manifest, at)

    @projection.on(HandoffAccepted)
    def accepted(fact: HandoffAccepted, at: At) -> Iterable[Change]:
        yield Update("offers", _key(fact, at), {"settled": True})
        yield from _opened(records, fact, fact.closing, at)

    return projection


def _asked(fact: HandoffAsked, at: At) -> Iterable[Change]:
    yield Insert("offers", {**_key(fact, at), **_subject(fact.subject)})


def _reassigned(fact: HandoffReassigned, at: At) -> Iterable[Change]:
    yield Update("offers", _key(fact, at), {"branch": fact.to_branch})


def _ended(fact: HandoffReturned | HandoffWithdrawn, at: At) -> Iterable[Change]:
    """Also of one that was withdrawn before it was offered."""
    yield Insert("offers", {**_key(fact, at), **_subject(fact.subject), "held": False, "settled": True})


def _key(fact: Any, at: At) -> dict[str, Any]:
    return {"tenant": at.tenant, "handoff_id": fact.handoff_id}


def _subject(subject: Subject) -> dict[str, str]:
    return {"subject": f"{subject.kind}:{subject.id}"}


def _opened(
    records: Collection[str],
    fact: HandoffOffered | HandoffSupplemented | HandoffAccepted,
    entries: Sequence[ManifestEntry],
    at: At,
) -> Iterable[Change]:
    for entry in entries:
        prefix, _, id = entry.stream.partition("-")
        if prefix in records and entry.stream not in fact.withheld:
            yield Insert("offered_records", {**_key(fact, at), "id": id})
