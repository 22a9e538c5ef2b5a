"""Two tables of one name, in two schemas: which rows differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

EXAMPLES_MAX = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """`rows` of the fresh table; how many keys are only in the live one, only in the fresh one, or in both with other
    values; and the keys of the first few (keys hold nothing personal)."""

    table: str
    rows: int
    only_live: int
    only_fresh: int
    changed: int
    examples: Sequence[str]

    @property
    def differing(self) -> int:
        return self.only_live + self.only_fresh + self.changed


async def compare(
    connection: Any, live: str, fresh: str, table: str, key: Sequence[str], tenant: str | None = None
) -> Difference:
    """Compare by the columns that both have, all rows or those of one tenant. Reads both tables once."""
    columns = [row["name"] for row in await connection.fetch(_COMMON, live, fresh, table)]
    same_key = " AND ".join(f'l."{name}" = f."{name}"' for name in key)
    values = [f"{side}({', '.join(f'{side}.{_quoted(name)}' for name in columns)})" for side in ("l", "f")]
    left, right = (value[1:] for value in values)
    keys = ", ".join(f'coalesce(l."{name}", f."{name}")' for name in key)
    found = f"""
        SELECT l."{key[0]}" IS NULL AS only_fresh, f."{key[0]}" IS NULL AS only_live, concat_ws(' ', {keys}) AS key
        FROM {live}."{table}" l FULL JOIN {fresh}."{table}" f ON {same_key}
        WHERE ROW{left} IS DISTINCT FROM ROW{right} AND ($1::text IS NULL OR coalesce(l.tenant, f.tenant) = $1)
    """
    row = await connection.fetchrow(_SUMMARY.format(found=found, fresh=fresh, table=table), tenant)
    return Difference(table, row["rows"], row["only_live"], row["only_fresh"], row["changed"], row["examples"] or ())


def _quoted(name: str) -> str:
    return f'"{name}"'


_COMMON = """
SELECT a.attname AS name FROM pg_attribute a JOIN pg_attribute b ON b.attname = a.attname
WHERE a.attrelid = to_regclass(format('%I.%I', $1::text, $3::text))
    AND b.attrelid = to_regclass(format('%I.%I', $2::text, $3::text))
    AND a.attnum > 0 AND b.attnum > 0 AND NOT a.attisdropped AND NOT b.attisdropped
ORDER BY a.attnum
"""

_SUMMARY = f"""
WITH found AS MATERIALIZED ({{found}})
SELECT (SELECT count(*) FROM {{fresh}}."{{table}}" WHERE $1::text IS NULL OR tenant = $1) AS rows,
    (SELECT count(*) FROM found WHERE only_live) AS only_live,
    (SELECT count(*) FROM found WHERE only_fresh) AS only_fresh,
    (SELECT count(*) FROM found WHERE NOT only_live AND NOT only_fresh) AS changed,
    (SELECT array_agg(key) FROM (SELECT key FROM found ORDER BY key LIMIT {EXAMPLES_MAX}) AS first) AS examples
"""
