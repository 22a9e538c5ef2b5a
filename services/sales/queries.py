"""The questions of `queries.sql`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from runtime.call import Call
from runtime.sql import named

SQL = named(Path(__file__).with_name("queries.sql"))


class Views(Protocol):
    """The read models of sales."""

    async def fetch(self, sql: str, *args: Any) -> Sequence[Any]: ...


async def is_offered(views: Views, call: Call, opportunity_id: str) -> bool:
    """Whether a handoff lets the caller's branch read an opportunity."""
    identity = call.identity
    (row,) = await views.fetch(SQL["is_offered"], identity.tenant, identity.branch, opportunity_id)
    return bool(row["offered"])
