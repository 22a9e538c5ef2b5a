"""The questions of `queries.sql`, and the rows they return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

from eventlog.views import Views

_FUNNEL = Path(__file__).with_name("queries.sql").read_text().partition("-- name: funnel\n")[2]
_PLACES = Decimal("0.000001")
#: What analytics hears; a department of which nothing was heard yet is at the start of its log.
HEARD = ("marketing", "sales", "contacts")


@dataclass(frozen=True)
class Funnel:
    """`rows` as `FunnelRow` names their fields; `positions` is how far each department had been heard."""

    rows: Sequence[Mapping[str, Any]]
    positions: Mapping[str, str]


async def funnel(views: Views, tenant: str, branch: str | None, group_by: str) -> Funnel:
    """The funnel of a tenant (of one branch, if one is given), and the positions of the same snapshot."""
    (found,) = await views.fetch(_FUNNEL, tenant, branch, group_by)
    rows = [{**row, "conversion": conversion(row["won"], row["leads"])} for row in found["rows"] or ()]
    heard = found["positions"] or {}
    return Funnel(rows, {department: heard.get(department, "1.0") for department in HEARD})


def conversion(won: int, leads: int) -> str:
    """`won / leads` as a decimal number of at most 6 places, without needless zeros: `842, 8000` -> `0.10525`."""
    share = (Decimal(won) / Decimal(leads)).quantize(_PLACES, ROUND_HALF_EVEN) if leads else Decimal(0)
    return format(share.normalize(), "f")
