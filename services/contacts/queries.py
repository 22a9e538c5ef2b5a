"""The questions of `queries.sql`, and the rows they return."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from runtime.call import Call
from runtime.sql import named
from services.offers import shown as opened

Row = Mapping[str, Any]


class Views(Protocol):
    """The read models of contacts."""

    async def fetch(self, sql: str, *args: Any) -> Sequence[Any]: ...


class Told(NamedTuple):
    """What a timeline is made of: kinds of subjects told with the one asked for, kinds that those bring along, and
    kinds of which only what contacts keeps of them itself is told."""

    near: Sequence[str]
    further: Sequence[str]
    itself: Sequence[str]


#: Colleagues at one company are not told with each other, nor two leads of one person.
TOLD: Mapping[str, Told] = {
    "person": Told(("lead", "opportunity", "interaction", "handoff"), ("interaction", "handoff", "opportunity"), ()),
    "company": Told(("lead", "opportunity", "interaction", "handoff"), ("interaction", "handoff", "opportunity"), ()),
    "lead": Told(("opportunity", "interaction", "handoff"), ("interaction",), ("person",)),
    "opportunity": Told(("lead", "interaction", "handoff"), ("interaction", "handoff"), ("person",)),
    "handoff": Told(("lead", "opportunity", "interaction"), ("interaction",), ("person",)),
}

#: The sort keys of a timeline's entry: occurred_at, recorded_at, event_id.
After = tuple[datetime, datetime, str]

SQL = named(*(Path(__file__).with_name(name) for name in ("opening_queries.sql", "queries.sql")))


#: The condition under which a branch reads a record because a handoff is about it: it holds that, or asked for it.
_ABOUT = """EXISTS (
    SELECT FROM grants g
    WHERE g.tenant = {{tenant}} AND g.held AND g.subject = '{kind}:' || {table}.id
      AND (g.branch = {{branch}} OR g.from_branch = {{branch}}))"""


def shown(kind: str, table: str) -> str:
    """A scope for `Listing`: what `Queries.is_offered` lets a branch read one by one, by what the manifests open. Links
    would have to be followed anew for every list; what is linked later is in a supplement a moment later."""
    return f"{opened(table)} OR {_ABOUT.format(kind=kind, table=table)}"


class Queries:
    def __init__(self, views: Views) -> None:
        self._views = views

    async def is_offered(self, call: Call, subject: str) -> bool:
        """Whether a handoff lets the caller's branch read the subject."""
        identity = call.identity
        return bool(await self._views.fetch(SQL["offered"], identity.tenant, identity.branch, [subject]))

    async def is_known_in(self, call: Call, subject: str) -> bool:
        """Whether the caller's branch looks after the subject."""
        identity = call.identity
        return bool(await self._views.fetch(SQL["known_in"], identity.tenant, identity.branch, [subject]))

    async def readable(self, tenant: str, branch: str, subjects: Sequence[str]) -> set[str]:
        """Those of the subjects that a branch looks after or is offered."""
        known = await self._views.fetch(SQL["known_in"], tenant, branch, subjects)
        offered = await self._views.fetch(SQL["offered"], tenant, branch, subjects)
        return {row["subject"] for row in (*known, *offered)}

    async def handoffs_of(self, tenant: str, branch: str, ids: Sequence[str]) -> set[str]:
        """Those of the handoffs that a branch asked for or is asked to take."""
        return {row["id"] for row in await self._views.fetch(SQL["handoffs_of"], tenant, branch, ids)}

    async def promises_of(self, tenant: str, interaction_ids: Sequence[str]) -> Mapping[str, Sequence[Row]]:
        """Promises by interaction."""
        found: dict[str, list[Row]] = {id: [] for id in interaction_ids}
        for row in await self._views.fetch(SQL["promises_of"], tenant, list(interaction_ids)):
            found[row["interaction_id"]].append(row)
        return found

    async def promise(self, tenant: str, promise_id: str) -> Row | None:
        """The row of a promise."""
        rows = await self._views.fetch(SQL["promise"], tenant, promise_id)
        return rows[0] if rows else None

    async def is_known(self, tenant: str, subject: str) -> bool:
        """Whether any fact names the subject."""
        (row,) = await self._views.fetch(SQL["is_known"], tenant, subject)
        return bool(row["known"])

    async def is_recorded(self, tenant: str, stream: str) -> bool:
        """Whether contacts has heard of the stream from the department that owns it."""
        (row,) = await self._views.fetch(SQL["is_recorded"], tenant, stream)
        return bool(row["recorded"])

    async def timeline(
        self, call: Call, subject: str, as_of: datetime, after: After | None, limit: int
    ) -> Sequence[Row]:
        """Rows of `timeline` that the caller may read, newest first."""
        told = TOLD[subject.partition(":")[0]]
        keys = after or (None, None, "")
        identity = call.identity
        given = (identity.tenant, subject, *map(list, told), as_of, *keys, limit, identity.scope)
        return await self._views.fetch(SQL["timeline"], *given)
