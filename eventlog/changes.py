"""Many row changes become few: one operation a key, in layers that are written one after another.

Applying a batch is the same as applying its changes one by one. Two changes of one key become one where that is
possible; where it is not (an `Update` that may find no row, then an `Insert`), the later one goes into the next layer.
A change of all rows under a leading part of the key goes behind what touched those rows, and in front of what comes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eventlog.projections import Add, AppendItem, Change, Delete, Insert, Max, Min

Key = tuple[Any, ...]
Columns = dict[str, Any]

UPSERT, UPDATE, DELETE = "upsert", "update", "delete"


@dataclass(frozen=True, slots=True)
class AppendItems:
    """Several `AppendItem` of one column."""

    items: tuple[Any, ...]


COLUMN_OPERATIONS = (Add, Max, Min, AppendItem, AppendItems)


class Apart(Exception):
    """Two column operations that no single one expresses."""


@dataclass(slots=True)
class Operation:
    """What happens to the row of one key (or to the rows under a leading part of the key)."""

    kind: str
    columns: Columns


Layer = dict[Key, Operation]


class TableChanges:
    """The changes of one table."""

    def __init__(self, key: Sequence[str]) -> None:
        self.key = tuple(key)
        self.layers: list[Layer] = [{}]
        self._levels: dict[Key, int] = {}
        # Only once a change of a leading part was seen, for each length of such parts: the highest layer that holds
        # something under it, and the layer that later changes under it must not go below.
        self._lengths: list[int] = []
        self._under: dict[Key, int] = {}
        self._floors: dict[Key, int] = {}

    def insert(self, row: Mapping[str, Any]) -> None:
        columns = dict(row)
        self._put(tuple([columns.pop(name) for name in self.key]), UPSERT, columns)

    def update(self, key: Mapping[str, Any], columns: Mapping[str, Any]) -> None:
        leading = self._leading(key)
        if columns:
            self._put(leading, UPDATE, dict(columns))

    def delete(self, key: Mapping[str, Any]) -> None:
        self._put(self._leading(key), DELETE, {})

    def _leading(self, key: Mapping[str, Any]) -> Key:
        found = tuple([key[name] for name in self.key[: len(key)]])
        if len(found) != len(key) or not found:
            raise KeyError(f"{sorted(key)} is no leading part of the key {self.key}")
        return found

    def _put(self, key: Key, kind: str, columns: Columns) -> None:
        if len(key) < len(self.key) and len(key) not in self._lengths:
            self._follow(len(key))
        level = self._lowest(key)
        layer = self.layers[level]
        old = layer.get(key)
        if old is None:
            layer[key] = Operation(kind, columns)
        elif not _join(old, kind, columns):
            level = self._above(level)
            self.layers[level][key] = Operation(kind, columns)
        self._levels[key] = level
        if self._lengths:
            self._note(key, level)

    def _above(self, level: int) -> int:
        if level + 1 == len(self.layers):
            self.layers.append({})
        return level + 1

    def _lowest(self, key: Key) -> int:
        """The lowest layer in which a change of this key comes after everything that it must come after."""
        level = self._levels.get(key, 0)
        for length in self._lengths:
            if length < len(key):
                level = max(level, self._floors.get(key[:length], 0))
            elif length == len(key):
                level = max(level, self._under.get(key, -1) + 1)
        while level >= len(self.layers):
            self.layers.append({})
        return level

    def _note(self, key: Key, level: int) -> None:
        for length in self._lengths:
            if length < len(key):
                part = key[:length]
                self._under[part] = max(level, self._under.get(part, -1))
            elif length == len(key):
                self._floors[key] = level + 1

    def _follow(self, length: int) -> None:
        self._lengths.append(length)
        for key, level in self._levels.items():
            if length < len(key):
                self._under[key[:length]] = max(level, self._under.get(key[:length], -1))


class Changes:
    """The changes of a batch, by table. `keys` names each table's key columns."""

    def __init__(self, keys: Mapping[str, Sequence[str]]) -> None:
        self._keys = keys
        self.tables: dict[str, TableChanges] = {}

    @property
    def apart(self) -> bool:
        """Whether no row is touched by two operations, so that their order does not matter."""
        return all(len(table.layers) == 1 for table in self.tables.values())

    def add(self, changes: Iterable[Change]) -> None:
        for change in changes:
            table = self.tables.get(change.table)
            if table is None:
                table = self.tables[change.table] = TableChanges(self._keys[change.table])
            if type(change) is Insert:
                table.insert(change.row)
            elif type(change) is Delete:
                table.delete(change.key)
            else:
                table.update(change.key, change.columns)  # type: ignore[union-attr]


def _join(old: Operation, kind: str, columns: Columns) -> bool:
    """Make `old` stand for both, or leave it and say no."""
    if kind == DELETE:
        old.kind, old.columns = DELETE, {}
        return True
    if kind == UPDATE and old.kind == DELETE:
        return True
    if kind == UPSERT and old.kind != UPSERT:
        return False
    try:
        joined = {name: _both(old.columns[name], new) for name, new in columns.items() if name in old.columns}
    except Apart:
        return False
    old.columns = {**old.columns, **columns, **joined}
    return True


def _both(old: Any, new: Any) -> Any:
    """The value or operation that does what `old` and then `new` do."""
    if not isinstance(new, COLUMN_OPERATIONS):
        return new
    if isinstance(old, COLUMN_OPERATIONS):
        return _both_operations(old, new)
    match new:
        case Add(amount):
            return amount if old is None else old + amount
        case Max(value):
            return _greater(old, value)
        case Min(value):
            return _lesser(old, value)
        case _:
            return [*(old or ()), *_items(new)]


def _both_operations(old: Any, new: Any) -> Any:
    match old, new:
        case Add(first), Add(second):
            return Add(first + second)
        case Max(first), Max(second):
            return Max(_greater(first, second))
        case Min(first), Min(second):
            return Min(_lesser(first, second))
        case ((AppendItem() | AppendItems()), (AppendItem() | AppendItems())):
            return AppendItems((*_items(old), *_items(new)))
        case _:
            raise Apart


def _items(operation: Any) -> tuple[Any, ...]:
    return (operation.item,) if isinstance(operation, AppendItem) else operation.items


def _greater(first: Any, second: Any) -> Any:
    """As `GREATEST` of SQL: NULL gives way."""
    if first is None or second is None:
        return second if first is None else first
    return max(first, second)


def _lesser(first: Any, second: Any) -> Any:
    """As `LEAST` of SQL: NULL gives way."""
    if first is None or second is None:
        return second if first is None else first
    return min(first, second)
