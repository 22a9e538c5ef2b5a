"""Coalesced changes as set-based SQL: one statement for each table, kind and set of columns, arrays for columns.

Rows go in the order of their keys, tables in the order of their names, so that two sources of one department that
touch the same rows take their locks in one order.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any

from eventlog.changes import DELETE, UPDATE, UPSERT, AppendItems, Changes, Key, Layer, TableChanges
from eventlog.projections import Add, AppendItem, Max, Min
from eventlog.views import SCHEMA, to_json

#: A column and what is done with it: "set", "add", "max", "min" or "append".
Shape = tuple[tuple[str, str], ...]

#: More statements than this are not made one: there would be too many different ones to keep prepared.
FUSED_MAX = 6

_OPERATIONS = {Add: "add", Max: "max", Min: "min", AppendItem: "append", AppendItems: "append"}


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL whose arguments are arrays, one for each column (or single values)."""

    sql: str
    arrays: Sequence[Any]


class Writer:
    """Writes changes into the tables of one schema. `load` reads the columns' types from the catalogue."""

    def __init__(self, schema: str = SCHEMA) -> None:
        self._schema = schema
        self._types: dict[str, dict[str, str]] = {}

    async def load(self, connection: Any, tables: Iterable[str]) -> None:
        """Learn the types of the tables' columns. Raises `LookupError` for a table that does not exist."""
        for table in tables:
            rows = await connection.fetch(_COLUMN_TYPES, f'"{self._schema}"."{table}"')
            self._types[table] = {row["name"]: row["type"] for row in rows}
            if not rows:
                raise LookupError(f"there is no table {self._schema}.{table}")

    def statements(self, changes: Changes) -> list[Statement]:
        """What to execute, in this order, in one transaction."""
        found: list[Statement] = []
        for table in sorted(changes.tables):
            for layer in changes.tables[table].layers:
                found.extend(self._layer(table, changes.tables[table], layer))
        return found

    def _layer(self, table: str, changes: TableChanges, layer: Layer) -> Iterable[Statement]:
        groups: dict[tuple[str, int, Shape], list[tuple[Key, list[Any]]]] = {}
        for key, operation in layer.items():
            shape, values = _shape(operation.columns)
            groups.setdefault((operation.kind, len(key), shape), []).append((key, values))
        for (kind, key_length, shape), rows in groups.items():
            rows.sort(key=itemgetter(0))
            yield self._statement(table, kind, changes.key, key_length, shape, rows)

    def _statement(
        self,
        table: str,
        kind: str,
        key: tuple[str, ...],
        key_length: int,
        shape: Shape,
        rows: list[tuple[Key, list[Any]]],
    ) -> Statement:
        types = self._types[table]
        given = key[:key_length]
        names = (*given, *(name for name, _ in shape))
        unknown = [name for name in names if name not in types]
        if unknown:
            raise LookupError(f"{self._schema}.{table} has no column {', '.join(unknown)}")
        column_types = tuple(types[name] for name in names)
        operations = ("set",) * key_length + tuple(operation for _, operation in shape)
        columns = zip(*((*row_key, *values) for row_key, values in rows), strict=True)
        arrays = [
            _array(type, operation, column)
            for type, operation, column in zip(column_types, operations, columns, strict=True)
        ]
        return Statement(_sql(self._schema, table, kind, key, key_length, shape, column_types), arrays)


async def commit(pool: Any, first: Statement, following: Sequence[Statement], *, apart: bool) -> None:
    """Execute all in one transaction. `first` is a chain of CTEs of which `moved` has one row, or the transaction
    fails with `DivisionByZeroError`. Few statements whose rows are `apart` go in one, in one round trip."""
    async with pool.acquire() as connection:
        if apart and len(following) <= FUSED_MAX:
            # PostgreSQL executes CTEs that nobody reads from the last to the first; the locks' order stays the same.
            backwards = following[::-1]
            sql = _fused(first.sql, *(statement.sql for statement in backwards))
            await connection.execute(sql, *first.arrays, *chain.from_iterable(each.arrays for each in backwards))
            return
        async with connection.transaction():
            for sql, arrays in ((_fused(first.sql), first.arrays), *((each.sql, each.arrays) for each in following)):
                await connection.execute(sql, *arrays)


@lru_cache(maxsize=2000)
def _fused(first: str, *following: str) -> str:
    parts, offset = [first], _arguments(first)
    for n, sql in enumerate(following):
        parts.append(f"s{n} AS ({renumbered(sql, offset)})")
        offset += _arguments(sql)
    return f"WITH {', '.join(parts)} SELECT 1 / count(*) FROM moved"


def _arguments(sql: str) -> int:
    return max(int(number) for number in re.findall(r"\$(\d+)", sql))


def renumbered(sql: str, offset: int) -> str:
    """SQL whose arguments come behind `offset` others."""
    return re.sub(r"\$(\d+)", lambda found: f"${int(found[1]) + offset}", sql)


_SET_SHAPES: dict[tuple[str, ...], Shape] = {}


def _shape(columns: Mapping[str, Any]) -> tuple[Shape, list[Any]]:
    names = tuple(columns)
    values = list(columns.values())
    for value in values:
        if type(value) in _OPERATIONS:
            shape = tuple((name, _OPERATIONS.get(type(value), "set")) for name, value in columns.items())
            return shape, [_operand(value) for value in values]
    found = _SET_SHAPES.get(names)
    if found is None:
        found = _SET_SHAPES[names] = tuple((name, "set") for name in names)
    return found, values


def _operand(value: Any) -> Any:
    match value:
        case Add(amount):
            return amount
        case Max(found) | Min(found):
            return found
        case AppendItem(item):
            return [item]
        case AppendItems(items):
            return items
        case _:
            return value


def _array(type: str, operation: str, column: Sequence[Any]) -> Sequence[Any]:
    if operation == "append" or _as_text(type):
        return [None if value is None else to_json(value).decode() for value in column]
    return column


def _as_text(type: str) -> bool:
    """jsonb and arrays travel as JSON texts: nested lists would be read as further dimensions of the array."""
    return type == "jsonb" or type.endswith("[]")


def _received(column: str, type: str) -> str:
    if type == "jsonb":
        return f"v.{column}::jsonb"
    if type.endswith("[]"):
        return (
            f"CASE WHEN v.{column} IS NOT NULL"
            f" THEN ARRAY(SELECT jsonb_array_elements_text(v.{column}::jsonb))::{type} END"
        )
    return f"v.{column}"


def _changed(column: str, operation: str, type: str, new: str) -> str:
    match operation:
        case "add":
            return f"{column} = coalesce(t.{column}, 0) + {new}"
        case "max" | "min":
            # As Python compares texts, whatever the database's own order is.
            order = ' COLLATE "C"' if type in ("text", "character varying") else ""
            chosen = "greatest" if operation == "max" else "least"
            return f"{column} = {chosen}(t.{column}{order}, {new}{order})"
        case "append":
            return f"{column} = coalesce(t.{column}, '[]'::jsonb) || {new}"
        case _:
            return f"{column} = {new}"


@lru_cache(maxsize=2000)
def _sql(
    schema: str, table: str, kind: str, key: tuple[str, ...], key_length: int, shape: Shape, types: tuple[str, ...]
) -> str:
    given = key[:key_length]
    quoted = [f'"{name}"' for name in (*given, *(name for name, _ in shape))]
    arrays = ", ".join(f"${n}::{'text' if _as_text(type) else type}[]" for n, type in enumerate(types, 1))
    rows = f"unnest({arrays}) AS v({', '.join(quoted)})"
    received = [_received(column, type) for column, type in zip(quoted, types, strict=True)]
    same_key = " AND ".join(f't."{name}" = v."{name}"' for name in given)
    target = f'"{schema}"."{table}" AS t'
    if kind == DELETE:
        return f"DELETE FROM {target} USING {rows} WHERE {same_key}"
    new = _new_values(kind, quoted[key_length:], received[key_length:])
    changed = ", ".join(
        _changed(f'"{name}"', operation, type, value)
        for (name, operation), type, value in zip(shape, types[key_length:], new, strict=True)
    )
    if kind == UPDATE:
        return f"UPDATE {target} SET {changed} FROM {rows} WHERE {same_key}"
    conflict = ", ".join(f'"{name}"' for name in key)
    then = f"UPDATE SET {changed}" if changed else "NOTHING"
    return (
        f"INSERT INTO {target} ({', '.join(quoted)}) SELECT {', '.join(received)} FROM {rows}"
        f" ON CONFLICT ({conflict}) DO {then}"
    )


def _new_values(kind: str, columns: Sequence[str], received: Sequence[str]) -> list[str]:
    return [f"EXCLUDED.{column}" for column in columns] if kind == UPSERT else list(received)


_COLUMN_TYPES = """
SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type
FROM pg_attribute a
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
"""
