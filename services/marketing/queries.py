"""The questions of `queries.sql`, and the rows they return."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from runtime.sql import named
from services.marketing.domain.handing_on import Heard

SQL = named(Path(__file__).with_name("queries.sql"))


class Views(Protocol):
    """The read models of marketing."""

    async def fetch(self, sql: str, *args: Any) -> Sequence[Any]: ...


@dataclass(frozen=True, slots=True)
class Told:
    """Whose lead it is, as far as contacts found out."""

    person_id: str = ""
    person_candidates: Sequence[str] = ()
    company_id: str = ""

    @classmethod
    def of(cls, row: Any) -> "Told":
        """What a row of `leads` says of it."""
        return cls(row["found_person_id"], row["found_candidates"], row["company_id"])


class Queries:
    def __init__(self, views: Views) -> None:
        self._views = views

    async def told(self, tenant: str, lead_id: str) -> Told:
        """What contacts told of a lead."""
        rows = await self._views.fetch(SQL["told"], tenant, lead_id)
        return Told.of(rows[0]) if rows else Told()

    async def heard(self, tenant: str, lead_id: str) -> Heard:
        """What contacts told of a lead's handoffs."""
        rows = await self._views.fetch(SQL["heard"], tenant, f"lead:{lead_id}")
        settled = {row["handoff_id"] for row in rows if row["settled"]}
        ended = {row["handoff_id"] for row in rows if row["ended"]}
        return Heard(open={row["handoff_id"] for row in rows} - settled, settled=settled, ended=ended)
