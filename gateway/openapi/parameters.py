"""Parameters of operations: path, query, headers."""

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway.contract import Operation
from gateway.openapi.rules import Schema, example
from gateway.openapi.schemas import Schemas
from gateway.requests import said_elsewhere
from gateway.templates import ANY, Variable
from gateway.transcoding import fields
from gateway.transcoding.query import VALUES_MAX, QueryReader
from gateway.transcoding.scalars import URL_TEXT_MAX

_POSITION = r"[a-z]+:[0-9]{1,9}\.[0-9]{1,18}"

HEADERS: Mapping[str, Schema] = {
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Names this write, for ever: the same again answers the same and nothing happens twice.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    },
    "If-Match": {
        "name": "If-Match",
        "in": "header",
        "description": "The entity tag that the caller saw; 412 when the record was changed since.",
        "schema": {"type": "string"},
    },
    "If-None-Match": {
        "name": "If-None-Match",
        "in": "header",
        "description": "Entity tags that the caller has; 304 without a body when one of them is current.",
        "schema": {"type": "string"},
    },
    "Baton-Min-Position": {
        "name": "Baton-Min-Position",
        "in": "header",
        "description": "Positions, as writes answered them, with commas between several, that the answer must know "
        "of. Waits at most 5 s, then 503.",
        "schema": {"type": "string", "pattern": f"^({_POSITION}(, {_POSITION})*)?$"},
    },
}


def path_of(operation: Operation) -> str:
    """The template as OpenAPI writes it: `/v1/parcels/{id}` for `/v1/parcels/{parcel.id}`."""
    names = dict(_free(operation))
    segments = (
        f"{{{names[at]}}}" if at in names else segment for at, segment in enumerate(operation.template.segments)
    )
    verb = f":{operation.template.verb}" if operation.template.verb else ""
    return "/" + "/".join(segments) + verb


def _free(operation: Operation) -> Iterator[tuple[int, str]]:
    """Positions of free segments with the names of their parameters."""
    for variable in operation.template.variables:
        free = [at for at in range(variable.start, variable.stop) if operation.template.segments[at] == ANY]
        name = _field(operation.input, variable).camelcase_name
        yield from ((at, name + (str(number + 1) if number else "")) for number, at in enumerate(free))


def _field(message: Descriptor, variable: Variable) -> FieldDescriptor:
    *way, name = variable.field.split(".")
    for step in way:
        message = fields.message_of(message.fields_by_name[step])
    return message.fields_by_name[name]


def parameters(operation: Operation, schemas: Schemas) -> list[Schema]:
    return [
        *_path(operation, schemas),
        *_query(operation, schemas),
        *({"$ref": f"#/components/parameters/{name}"} for name in _headers(operation)),
        *([_last_event_id(operation, schemas)] if operation.method.streams else []),
    ]


def _path(operation: Operation, schemas: Schemas) -> Iterator[Schema]:
    free = dict(_free(operation))
    for variable in operation.template.variables:
        field = _field(operation.input, variable)
        schema = schemas.field(field, for_input=True, in_text=True)
        if schema.get("type") == "string" and "enum" not in schema:
            schema["minLength"] = 1
        for at in range(variable.start, variable.stop):
            if at in free:
                yield _parameter(free[at], "path", field, schema) | {"required": True}


def _query(operation: Operation, schemas: Schemas) -> Iterator[Schema]:
    for name, parameter in QueryReader(operation.input, said_elsewhere(operation)).parameters.items():
        schema = schemas.field(parameter.field, for_input=True, in_text=True)
        described = _parameter(name, "query", parameter.field, schema)
        if fields.is_required(parameter.field):
            described["required"] = True
        yield described


def _parameter(name: str, place: str, field: FieldDescriptor, schema: Schema) -> Schema:
    """The comment and the example move from the schema to the parameter."""
    bare = _in_url({key: value for key, value in schema.items() if key not in ("description", "examples")})
    described: dict[str, Any] = {"name": name, "in": place, "schema": bare}
    if "description" in schema:
        described["description"] = schema["description"]
    value = example(field)
    if value is not None and not field.is_repeated:
        described["example"] = value
    return described


def _in_url(schema: Schema) -> Schema:
    """Texts and lists are shorter in a URL."""
    shorter = {
        name: min(most, limit)
        for name, limit in (("maxLength", URL_TEXT_MAX), ("maxItems", VALUES_MAX))
        if (most := schema.get(name))
    }
    items = {"items": _in_url(schema["items"])} if "items" in schema else {}
    return schema | shorter | items


def _headers(operation: Operation) -> list[str]:
    """Names of the headers that mean something to the operation."""
    if operation.method.streams:
        return []
    if operation.verb != "GET":
        return ["Idempotency-Key", *(["If-Match"] if operation.bound else [])]
    return ["If-None-Match"] if operation.reads_one else ["Baton-Min-Position"]


def _last_event_id(operation: Operation, schemas: Schemas) -> Schema:
    after = schemas.field(operation.input.fields_by_name["after"], for_input=True, in_text=True)
    bare = {name: value for name, value in after.items() if name not in ("description", "examples")}
    return {"name": "Last-Event-ID", "in": "header", "description": "Go on after this event.", "schema": bare}
