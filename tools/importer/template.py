"""What a map says about the fields of a message, checked against the message's descriptor once, filled for each row.

    externalId = { column = "mql_id", required = true }        a Cell
    person.name = { column = "Name" }                          a nested message: made when a cell in it says something
    emails = [ { address = { column = "E-mail" } } ]           a list of messages: those that say something
    custom.sellerId = { column = "seller_id" }                 a free value

A cell that names no type has the usual one of its field.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from google.protobuf.descriptor import FieldDescriptor

from runtime import options
from runtime.usage import WrongUsage
from tools.importer.resources import RESOURCES
from tools.importer.values import Convert, converter, plain_day

_STRUCT = "google.protobuf.Struct"
_TIMESTAMP = "google.protobuf.Timestamp"
_MONEY = "baton.common.v1.Money"
_WORDS = frozenset(
    {"column", "constant", "default", "required", "type", "format", "timezone", "separator", "of", "currency", "values"}
    | {"true", "false", "reference"}
)


class MapError(WrongUsage):
    """The map is wrong, or does not fit the file."""


class Wrong(Exception):
    """A row that cannot be taken: the column, and the reason in words without the reader's having to know the code."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


@dataclass(frozen=True)
class Reference:
    """A cell that names another resource by its external id; `place[key]` is where the id belongs once it is known."""

    resource: str
    external_id: str
    column: str
    place: dict[str, Any]
    key: str


@dataclass
class Filled:
    """What a row said: plain values by field name, the references to resolve, and the column of each field's path."""

    values: dict[str, Any] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)


class Node(Protocol):
    """Part of a template. `fill` answers the value and whether a cell of the file said something in it."""

    def fill(self, row: Mapping[str, str], into: Filled) -> tuple[Any, bool]: ...

    def columns(self, path: str) -> Mapping[str, str]: ...


@dataclass(frozen=True)
class Cell:
    """One value: from a column, or constant. An empty cell is the default, or absent; required ones reject the row."""

    column: str
    constant: Any
    default: Any
    required: bool
    values: Mapping[str, Any]
    convert: Convert
    reference: str

    def fill(self, row: Mapping[str, str], into: Filled) -> tuple[Any, bool]:
        if not self.column:
            return self.constant, False
        text = row[self.column]
        if not text:
            if self.required:
                raise Wrong(self.column, "is required and empty")
            return self.default, False
        if text in self.values:
            return self.values[text], True
        try:
            return self.convert(text), True
        except ValueError as error:
            raise Wrong(self.column, str(error)) from error

    def columns(self, path: str) -> Mapping[str, str]:
        return {path: self.column} if self.column else {}


@dataclass(frozen=True)
class Fields:
    """A message, or the free values of `custom`."""

    nodes: Mapping[str, Node]

    def fill(self, row: Mapping[str, str], into: Filled) -> tuple[Any, bool]:
        values: dict[str, Any] = {}
        any_said = False
        for name, node in self.nodes.items():
            value, said = node.fill(row, into)
            any_said |= said
            if value is None:
                continue
            values[name] = value
            if isinstance(node, Cell) and node.reference:
                into.references.append(Reference(node.reference, value, node.column, values, name))
        return values, any_said

    def columns(self, path: str) -> Mapping[str, str]:
        return {
            where: column
            for name, node in self.nodes.items()
            for where, column in node.columns(f"{path}.{name}" if path else name).items()
        }


@dataclass(frozen=True)
class Optional:
    """A nested message, made only when a cell in it says something."""

    inner: Node

    def fill(self, row: Mapping[str, str], into: Filled) -> tuple[Any, bool]:
        value, said = self.inner.fill(row, into)
        return (value if said else None), said

    def columns(self, path: str) -> Mapping[str, str]:
        return self.inner.columns(path)


@dataclass(frozen=True)
class Items:
    """A list of messages: those of which a cell says something."""

    inner: Sequence[Optional]

    def fill(self, row: Mapping[str, str], into: Filled) -> tuple[Any, bool]:
        values = [value for value, said in (node.fill(row, into) for node in self.inner) if said]
        return (values or None), bool(values)

    def columns(self, path: str) -> Mapping[str, str]:
        return {
            where: column
            for index, node in enumerate(self.inner)
            for where, column in node.columns(f"{path}[{index}]").items()
        }


# --------------------------------------------------------------------------------------------------- compiling


def compile_fields(message: Any, table: Any, where: str) -> Fields:
    """A template of the message of this descriptor. Raises `MapError` for a field that it does not have."""
    if not isinstance(table, Mapping):
        raise MapError(f"{where}: expected a table of fields")
    by_name = {name: each for each in message.fields for name in (each.json_name, each.name)}
    nodes = {}
    for name, given in table.items():
        if name not in by_name:
            known = ", ".join(each.json_name for each in message.fields)
            raise MapError(f"{where}: there is no field {name}; fields are {known}")
        nodes[by_name[name].name] = _compile(by_name[name], given, f"{where}.{name}")
    return Fields(nodes)


def _compile(described: FieldDescriptor, given: Any, where: str) -> Node:
    if is_cell(given):
        return compile_cell(given, where, _usual_type(described))
    kind = described.message_type
    if kind is None:
        raise MapError(f'{where}: expected {{ column = "…" }} or {{ constant = … }}')
    if kind.full_name == _STRUCT:
        return Optional(Fields({name: compile_cell(each, f"{where}.{name}", "text") for name, each in given.items()}))
    if not described.is_repeated:
        return Optional(compile_fields(kind, given, where))
    if not isinstance(given, list):
        raise MapError(f"{where}: expected a list of tables")
    return Items([Optional(compile_fields(kind, each, f"{where}[{n}]")) for n, each in enumerate(given)])


def is_cell(given: Any) -> bool:
    return isinstance(given, Mapping) and ("column" in given or "constant" in given)


def compile_cell(given: Any, where: str, usual_type: str) -> Cell:
    """Raises `MapError` for words that a cell does not know, and for types and options that are wrong."""
    if not is_cell(given):
        raise MapError(f'{where}: expected {{ column = "…" }} or {{ constant = … }}')
    unknown = sorted(set(given) - _WORDS)
    if unknown:
        raise MapError(f"{where}: unknown word {unknown[0]}; words are {', '.join(sorted(_WORDS))}")
    reference = given.get("reference", "")
    if reference and reference not in RESOURCES:
        raise MapError(f"{where}: there is no resource {reference}; a reference is to one of {', '.join(RESOURCES)}")
    try:
        convert = converter(given.get("type", usual_type), given)
    except ValueError as error:
        raise MapError(f"{where}: {error}") from error
    return Cell(
        column=given.get("column", ""),
        constant=given.get("constant"),
        default=given.get("default"),
        required=given.get("required", False),
        values=given.get("values", {}),
        convert=lambda text: plain_day(convert(text)),
        reference=reference,
    )


def _usual_type(described: FieldDescriptor) -> str:
    """The type of a field's cell where the map names none."""
    if described.is_repeated:
        return "list"
    if described.message_type is not None:
        return {_TIMESTAMP: "datetime", _MONEY: "money"}.get(described.message_type.full_name, "text")
    if described.type == FieldDescriptor.TYPE_BOOL:
        return "bool"
    if described.cpp_type in (FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64):
        return "int"
    return {"date": "date", "decimal": "decimal"}.get(options.text(described).format, "text")
