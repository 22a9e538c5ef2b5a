"""Responses of operations: the message with its headers, and the problems that may come instead."""

from collections.abc import Mapping

from gateway.contract import Operation
from gateway.openapi.rules import Schema
from gateway.openapi.schemas import Schemas
from gateway.problems import JSON as PROBLEM_JSON
from gateway.problems import KINDS
from gateway.requests import JSON
from gateway.sse import CONTENT_TYPE

SCHEMAS: Mapping[str, Schema] = {
    "Problem": {
        "type": "object",
        "description": "What is wrong (RFC 9457).",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "description": "A page that explains this type of problem."},
            "title": {"type": "string"},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": {"type": "string", "description": "What is wrong this time, in words."},
            "errors": {
                "type": "array",
                "description": "Each wrong field.",
                "items": {"$ref": "#/components/schemas/ProblemField"},
            },
        },
    },
    "ProblemField": {
        "type": "object",
        "required": ["pointer", "detail"],
        "properties": {
            "pointer": {
                "type": "string",
                "description": "JSON pointer of the field in the body, or `/` and the parameter's name; empty for the "
                "body as a whole.",
                "examples": ["/items/0/name"],
            },
            "detail": {"type": "string"},
        },
    },
}

HEADERS: Mapping[str, Schema] = {
    "ETag": {"description": "The record's version.", "schema": {"type": "string", "pattern": '^"[^"]*"$'}},
    "Location": {"description": "Path of what was created.", "schema": {"type": "string"}},
    "Baton-Position": {
        "description": "Where the write stands: department, the log's generation and position.",
        "schema": {"type": "string"},
    },
    "Idempotency-Replayed": {
        "description": "`true` when this key was used before and the answer is that of the first time.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string", "pattern": "^[0-9]+$"}},
    "WWW-Authenticate": {"description": "How to authenticate.", "schema": {"type": "string"}},
    "Allow": {"description": "Methods of this path.", "schema": {"type": "string"}},
}

# 409 of reads too: a report over too long a time is refused by a rule.
_ALWAYS = (400, 401, 403, 404, 405, 409, 412, 413, 414, 429, 431, 500, 503)
_WITH_BODY = (408, 415)
_OF_WRITES = (422,)
_HEADERS_OF = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}


def _error(status: int) -> Schema:
    titles = dict.fromkeys(kind.title for kind in KINDS.values() if kind.status == status)
    described: Schema = {
        "description": "; ".join(titles) + ".",
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in _HEADERS_OF:
        described["headers"] = _headers(_HEADERS_OF[status])
    return described


def _headers(*names: str) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


ERRORS: Mapping[str, Schema] = {
    f"Problem{status}": _error(status) for status in sorted({k.status for k in KINDS.values()})
}


def of(operation: Operation, schemas: Schemas) -> Schema:
    """Responses by status."""
    described: Schema = {"201" if operation.creates else "200": _success(operation, schemas)}
    if operation.reads_one:
        described["304"] = {"description": "The caller has this version already.", "headers": _headers("ETag")}
    statuses = {*_ALWAYS, *(_WITH_BODY if operation.body else ()), *(_OF_WRITES if operation.method.writes else ())}
    return described | {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in sorted(statuses)}


def _success(operation: Operation, schemas: Schemas) -> Schema:
    if operation.method.streams:
        return {
            "description": "Events, as they come, for ever.",
            "content": {CONTENT_TYPE: {"schema": _event(operation, schemas)}},
        }
    described: Schema = {
        "description": "It was created." if operation.creates else "It worked.",
        "content": {JSON: {"schema": schemas.answered(operation.output)}},
    }
    names = _success_headers(operation)
    return described | ({"headers": _headers(*names)} if names else {})


def _event(operation: Operation, schemas: Schemas) -> Schema:
    """One event, as a client's parser shows it."""
    item = operation.output.fields_by_name
    data = schemas.field(item["data"], for_input=False)
    return {
        "type": "object",
        "description": "Each event of the stream.",
        "required": ["id"],
        "properties": {
            "id": schemas.field(item["id"], for_input=False),
            "data": {"type": "string", "contentMediaType": JSON, "contentSchema": data},
        },
    }


def _success_headers(operation: Operation) -> list[str]:
    names = ["ETag"] if "etag" in operation.output.fields_by_name else []
    if operation.method.writes:
        names += ["Baton-Position", "Idempotency-Replayed"]
    return names + (["Location"] if operation.creates else [])
