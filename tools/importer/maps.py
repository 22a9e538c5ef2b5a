"""The map of a file: TOML, checked whole before the first row is read.

    resource = "leads"
    employee = { column = "seller" }              who did what the row tells; the importing employee where it is missing

    [file]                                        all optional
    delimiter = ","
    encoding = "utf-8-sig"
    timezone = "UTC"                              of times that name none

    [fields]                                      the resource, by its JSON names
    externalId = { column = "id", required = true }

    [steps.qualify]                               what follows: fields of the import's row beside the resource
    qualifiedAt = { column = "qualified" }

A map of deals finds each deal's lead and may say who accepted its handoff:

    [lead]
    externalId = { column = "lead", required = true }

    [accept]
    employee = { column = "seller", required = true }
    acceptedAt = { column = "won" }
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.message import Message

from tools.importer.resources import ACCEPTANCE, RESOURCES, Resource
from tools.importer.template import Cell, Fields, MapError, compile_cell, compile_fields

_SECTIONS = frozenset({"resource", "employee", "file", "fields", "steps"})
_DEAL_SECTIONS = frozenset({"lead", "accept"})
_FILE_WORDS = frozenset({"delimiter", "encoding", "timezone"})
#: What every import row has beside its resource and its steps.
_ROW_OWN = frozenset({"line", "digest", "employee"})


@dataclass(frozen=True)
class Acceptance:
    """How a deal's lead was taken over: `employee` accepted, `fields` say the rest."""

    employee: Cell
    fields: Fields


@dataclass(frozen=True)
class ImportMap:
    resource: Resource
    delimiter: str
    encoding: str
    employee: Cell | None
    fields: Fields
    steps: Mapping[str, Fields]
    lead: Cell | None
    accept: Acceptance | None
    digest: str

    def columns(self) -> Mapping[str, str]:
        """The column that fills each path of the row: `{"lead.external_id": "mql_id"}`."""
        found = dict(self.fields.columns(self.resource.field))
        for name, fields in self.steps.items():
            found.update(fields.columns(name))
        if self.employee is not None:
            found.update(self.employee.columns("employee"))
        if self.accept is not None:
            found.update(self.accept.fields.columns("acceptance"))
        return found

    def needed(self) -> set[str]:
        """Every column that the file must have."""
        cells = [cell for cell in (self.lead, self.employee, self.accept and self.accept.employee) if cell]
        return {*self.columns().values(), *(cell.column for cell in cells if cell.column)}


def read_map(path: Path, resource: Resource) -> ImportMap:
    """Raises `MapError` for everything that is wrong with the map, and for a file that cannot be read."""
    try:
        content = path.read_bytes()
        document = tomllib.loads(content.decode())
    except (OSError, ValueError) as error:
        raise MapError(f"{path}: {error}") from error
    return compile_map(document, resource, hashlib.sha256(content).hexdigest())


def compile_map(document: Mapping[str, Any], resource: Resource, digest: str = "") -> ImportMap:
    """A map's document, checked. Raises `MapError`."""
    deals = resource is RESOURCES["deals"]
    _known("the map", document, _SECTIONS | (_DEAL_SECTIONS if deals else set()))
    if document.get("resource", resource.name) != resource.name:
        raise MapError(f"this is a map of {document['resource']}, not of {resource.name}")
    file = document.get("file", {})
    _known("[file]", file, _FILE_WORDS)
    _written("[file]", file)
    compiling = _Compiling(file.get("timezone", "UTC"))
    fields = compiling.fields(resource.resource, document.get("fields", {}), "fields")
    if "external_id" not in fields.nodes:
        raise MapError("fields: externalId is missing; it names a row for ever, so that it is imported once")
    return ImportMap(
        resource=resource,
        delimiter=file.get("delimiter", ","),
        encoding=file.get("encoding", "utf-8-sig"),
        employee=compiling.cell(document["employee"], "employee") if "employee" in document else None,
        fields=fields,
        steps=compiling.steps(resource, document.get("steps", {})),
        lead=compiling.lead(document.get("lead")) if deals else None,
        accept=compiling.accept(document["accept"]) if "accept" in document else None,
        digest=digest,
    )


@dataclass(frozen=True)
class _Compiling:
    """Compiles cells with the file's time zone where they name none."""

    timezone: str

    def fields(self, message: type[Message], table: Any, where: str) -> Fields:
        return compile_fields(message.DESCRIPTOR, self._zoned(table), where)

    def cell(self, given: Any, where: str) -> Cell:
        return compile_cell(self._zoned(given), where, "text")

    def steps(self, resource: Resource, tables: Mapping[str, Any]) -> Mapping[str, Fields]:
        own = _ROW_OWN | {resource.field}
        possible = {each.name: each for each in resource.row.DESCRIPTOR.fields if each.name not in own}
        messages = {name: each.message_type for name, each in possible.items() if each.message_type is not None}
        _known("[steps]", tables, messages)
        return {
            name: compile_fields(messages[name], self._zoned(table), f"steps.{name}") for name, table in tables.items()
        }

    def lead(self, table: Any) -> Cell:
        if not isinstance(table, Mapping) or set(table) != {"externalId"}:
            raise MapError('lead: expected { externalId = { column = "…" } }: it names the lead that the deal is of')
        return self.cell(table["externalId"], "lead.externalId")

    def accept(self, table: Mapping[str, Any]) -> Acceptance:
        if "employee" not in table:
            raise MapError("accept: employee is missing: who accepted the handoff")
        rest = {name: given for name, given in table.items() if name != "employee"}
        fields = self.fields(ACCEPTANCE.resource, rest, "accept")
        return Acceptance(self.cell(table["employee"], "accept.employee"), fields)

    def _zoned(self, given: Any) -> Any:
        if isinstance(given, list):
            return [self._zoned(each) for each in given]
        if not isinstance(given, Mapping):
            return given
        if "column" in given:
            return {"timezone": self.timezone, **given}
        return {name: each if name == "constant" else self._zoned(each) for name, each in given.items()}


def _written(where: str, file: Mapping[str, Any]) -> None:
    """Raises `MapError` for how no file can be written."""
    for word, given in file.items():
        if not isinstance(given, str):
            raise MapError(f"{where}: {word} must be a text")
    if len(file.get("delimiter", ",")) != 1:
        raise MapError(f"{where}: delimiter must be one character, found {file['delimiter']!r}")


def _known(where: str, given: Any, known: Any) -> None:
    if not isinstance(given, Mapping):
        raise MapError(f"{where}: expected a table")
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise MapError(f"{where}: unknown word {unknown[0]}; words are {', '.join(sorted(known)) or 'none'}")
