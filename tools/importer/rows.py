"""A row of the file, read through the map: what it says, its digest, and the message that will carry it."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from runtime.messages import fill
from runtime.validation import violations
from tools.importer.maps import ImportMap
from tools.importer.resources import ACCEPTANCE
from tools.importer.table import Row
from tools.importer.template import Fields, Filled, Reference, Wrong

_STRUCT = Struct.DESCRIPTOR.full_name

#: What two ways of writing one phone number differ in.
_NO_WORD = re.compile(r"[\s()\-]")


@dataclass
class Prepared:
    """A row that can be sent. `steps` beside the resource's `values`; `lead` and `acceptance` only of deals."""

    line: int
    text: Sequence[str]
    values: dict[str, Any]
    steps: Mapping[str, Any]
    digest: str
    employee: str = ""
    references: list[Reference] = field(default_factory=list)
    lead: str = ""
    acceptance: Mapping[str, Any] | None = None
    accepted_by: str = ""

    @property
    def external_id(self) -> str:
        return str(self.values["external_id"])

    def identifiers(self, unique: Iterable[tuple[str, str]]) -> frozenset[str]:
        """What belongs to one record only, such as e-mail addresses, without regard to case and punctuation."""
        items = ((item.get(part), name) for name, part in unique for item in self.values.get(name) or ())
        return frozenset(f"{name} {_NO_WORD.sub('', str(text)).lower()}" for text, name in items if text)


def prepare(map: ImportMap, row: Row) -> Prepared:
    """What a row says. Raises `Wrong` for what is missing or cannot be understood."""
    if row.wrong is not None:
        raise row.wrong
    filled = Filled()
    values, _ = map.fields.fill(row.cells, filled)
    if not values.get("external_id"):
        raise Wrong(map.columns().get(f"{map.resource.field}.external_id", ""), "is required and empty")
    steps = {name: step for name, fields in map.steps.items() if (step := _step(fields, row.cells, filled)) is not None}
    employee = map.employee.fill(row.cells, filled)[0] if map.employee else None
    prepared = Prepared(
        row.line, row.text, values, steps, digest_of(values, steps, employee), employee or "", filled.references
    )
    if map.lead is not None:
        prepared.lead = map.lead.fill(row.cells, filled)[0] or ""
    if map.accept is not None:
        prepared.acceptance = map.accept.fields.fill(row.cells, filled)[0]
        prepared.accepted_by = map.accept.employee.fill(row.cells, filled)[0] or ""
    return prepared


def _step(fields: Fields, cells: Mapping[str, str], filled: Filled) -> Any:
    """A step is taken where a cell says something for it; one of constants alone is always taken."""
    step, said = fields.fill(cells, filled)
    return step if said or not fields.columns("") else None


def digest_of(*parts: Any) -> str:
    """A hexadecimal SHA-256 of what a row says: the same for the same words in whatever order the map names them."""
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def row_message(map: ImportMap, row: Prepared, **more: Any) -> Message:
    """The row as its department takes it. Raises `Wrong` for what the department would refuse in any case."""
    given = {
        "line": row.line,
        "digest": row.digest,
        "employee": row.employee,
        map.resource.field: row.values,
        **row.steps,
        **more,
    }
    return checked(map, map.resource.row, given)


def acceptance_message(map: ImportMap, row: Prepared, handoff_id: str) -> Message:
    """Who accepted the handoff of the deal's lead. Its digest is of the acceptance alone: a deal may change later."""
    acceptance = {**(row.acceptance or {}), "handoff_id": handoff_id}
    given = {
        "line": row.line,
        "digest": digest_of(row.acceptance, row.accepted_by),
        "employee": row.accepted_by,
        ACCEPTANCE.field: acceptance,
    }
    return checked(map, ACCEPTANCE.row, given)


def checked(map: ImportMap, kind: type[Message], given: Mapping[str, Any]) -> Message:
    unknown = given.keys() - kind.DESCRIPTOR.fields_by_name.keys()
    if unknown:
        raise TypeError(f"{kind.DESCRIPTOR.full_name} has no {', '.join(sorted(unknown))}")
    for path, names in _misnamed(kind.DESCRIPTOR, given, ""):
        raise Wrong(column_of(map, path), f"expected one of {', '.join(names)}")
    try:
        message = fill(kind, given)
    except (TypeError, ValueError, OverflowError) as error:
        raise Wrong("", f"does not fit {kind.DESCRIPTOR.name}: {error}") from error
    for violation in violations(message):
        raise Wrong(column_of(map, violation.field), violation.detail)
    return message


def _misnamed(of: Any, given: Mapping[str, Any], at: str) -> Iterator[tuple[str, list[str]]]:
    """Of a message descriptor: paths of names that an enumeration has not, with those that it has."""
    for each in of.fields:
        value, path = given.get(each.name), f"{at}{each.name}"
        if each.enum_type is not None and isinstance(value, str):
            names = [name.name for name in each.enum_type.values if name.number]
            if value not in names:
                yield path, names
        elif each.message_type is not None and isinstance(value, Mapping) and each.message_type.full_name != _STRUCT:
            yield from _misnamed(each.message_type, value, f"{path}.")


def column_of(map: ImportMap, path: str) -> str:
    """The column that fills a field's path, or something within it; the path itself where it is none of the file's."""
    columns = map.columns()
    outer = path
    while "." in outer:
        if outer in columns:
            return columns[outer]
        outer = outer.rpartition(".")[0]
    within = (column for where, column in columns.items() if "." in path and where.startswith((f"{path}.", f"{path}[")))
    return columns.get(outer) or next(within, path)


def written(moment: datetime) -> str:
    """RFC 3339, in UTC: `2018-03-06T19:38:55Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
