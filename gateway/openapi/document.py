"""The whole OpenAPI document."""

from collections.abc import Sequence
from itertools import chain, count
from typing import Any

from gateway.contract import Contract, Operation
from gateway.openapi import responses
from gateway.openapi.parameters import HEADERS, parameters, path_of
from gateway.openapi.rules import Schema
from gateway.openapi.schemas import Schemas
from gateway.requests import JSON
from runtime.identity import ROLES

_ABOUT = """Every fact is an event in a log that is never rewritten. Writes answer where they stand \
in the log (`Baton-Position`), and every write may carry an `Idempotency-Key`.

JSON is proto3's: lowerCamelCase names, RFC 3339 times in UTC, 64-bit integers and decimals as strings. Unknown fields \
and parameters are errors. Errors are problem documents (RFC 9457) with a JSON pointer for each wrong field. The same \
messages are read and written as `application/x-protobuf`."""


def document(contract: Contract, version: str) -> dict[str, Any]:
    """The document for these operations; `version` is Baton's."""
    schemas = Schemas(contract.comments)
    paths: dict[str, dict[str, Schema]] = {}
    for operation, id in zip(contract.operations, _ids(contract.operations), strict=True):
        described = _operation(operation, contract, schemas)
        paths.setdefault(path_of(operation), {})[operation.verb.lower()] = {"operationId": id} | described
    return {
        "openapi": "3.1.0",
        "info": {"title": "Baton", "version": version, "description": _ABOUT, "license": _LICENSE},
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "servers": [{"url": "/"}],
        "tags": _tags(contract),
        "paths": paths,
        "components": {
            "schemas": {**schemas.components, **responses.SCHEMAS},
            "responses": responses.ERRORS,
            "headers": responses.HEADERS,
            "parameters": dict(HEADERS),
            "securitySchemes": {"token": _TOKEN},
        },
        "security": [{"token": []}],
    }


_LICENSE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": f"Claims `sub` (employee), `tenant`, `branch` and `roles`, of {', '.join(ROLES)}.",
}


def _ids(operations: Sequence[Operation]) -> list[str]:
    """The RPC's name, with the service in front or a number behind where it is taken."""
    ids: dict[str, None] = {}
    for operation in operations:
        rpc, service = operation.method.rpc, _tag(operation.method.service)
        candidates = chain((rpc, f"{service}{rpc}"), (f"{service}{rpc}{number}" for number in count(2)))
        ids[next(each for each in candidates if each not in ids)] = None
    return list(ids)


def _tags(contract: Contract) -> list[Schema]:
    services = dict.fromkeys(each.method.service for each in contract.operations)
    return [{"name": _tag(name), "description": contract.comments.of_name(name)} for name in services]


def _tag(service: str) -> str:
    return service.rpartition(".")[2]


def _operation(operation: Operation, contract: Contract, schemas: Schemas) -> Schema:
    name = operation.descriptor.full_name
    described: Schema = {
        "tags": [_tag(operation.method.service)],
        "summary": contract.comments.summary(name) or operation.method.rpc,
        "description": _description(operation, contract),
        "parameters": parameters(operation, schemas),
        "responses": responses.of(operation, schemas),
    }
    if operation.body_message is not None:
        described["requestBody"] = _body(operation, schemas)
    if operation.method.anonymous:
        described["security"] = []
    return described


def _description(operation: Operation, contract: Contract) -> str:
    comment = contract.comments.of_name(operation.descriptor.full_name)
    if not operation.method.roles:
        return comment
    return f"{comment}\n\nNeeds one of the roles {', '.join(sorted(operation.method.roles))}.".strip()


def _body(operation: Operation, schemas: Schemas) -> Schema:
    message = operation.body_message
    if message is None:
        return {}
    schema = schemas.sent(message, operation.bound_in_body, change=operation.mask is not None)
    content: Schema = {"schema": schema}
    example = schemas.example(message, operation.bound_in_body)
    if example:
        content["example"] = example
    return {"required": operation.body != "*" or _needs_something(schema, schemas), "content": {JSON: content}}


def _needs_something(schema: Schema, schemas: Schemas) -> bool:
    component = schemas.components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return bool(component.get("required"))
