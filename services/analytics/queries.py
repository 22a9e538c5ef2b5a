"""The questions of `queries.sql`, and the rows they return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

from eventlog.views import Views
from runtime.sql import named

_FUNNEL = named(Path(__file__).with_name("queries.sql"))["funnel"]
_PLACES = Decimal("0.000001")
#: What analytics hears; a department of which nothing was heard yet is at the start of its log.
HEARD = ("marketing", "sales", "contacts")


@dataclass(frozen=True)
class Answer:
    """`rows` as the RPC's row names their fields; `positions` is how far each department had been heard."""

    rows: Sequence[Mapping[str, Any]]
    positions: Mapping[str, str]


def answer_of(found: Any) -> Answer:
    """The one row that a question answers: rows and positions of one snapshot."""
    heard = found["positions"] or {}
    return Answer(found["rows"] or (), {department: heard.get(department, "1.0") for department in HEARD})


async def funnel(views: Views, tenant: str, branch: str | None, group_by: str) -> Answer:
    """The funnel of a tenant (of one branch, if one is given), and the positions of the same snapshot."""
    (found,) = await views.fetch(_FUNNEL, tenant, branch, group_by)
    answer = answer_of(found)
    rows = [{**row, "conversion": conversion(row["won"], row["leads"])} for row in answer.rows]
    return Answer(rows, answer.positions)


def conversion(won: int, leads: int) -> str:
    """`won / leads` as a decimal number of at most 6 places, without needless zeros: `842, 8000` -> `0.10525`."""
    share = (Decimal(won) / Decimal(leads)).quantize(_PLACES, ROUND_HALF_EVEN) if leads else Decimal(0)
    return format(share.normalize(), "f")
