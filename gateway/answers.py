"""What goes back: bodies, and the headers that tell version, position, place and repetition."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from gateway.contract import Operation
from gateway.limits import Send
from gateway.problems import INTERNAL, OF_REASON, Problem
from gateway.problems import JSON as PROBLEM_JSON
from gateway.requests import JSON, PROTOBUF
from gateway.transcoding.errors import FieldError, listed
from gateway.transcoding.writing import to_json
from gateway.violations import pointer_of
from runtime import metadata as names
from runtime.caller import Reply
from runtime.errors import INVALID as MALFORMED
from runtime.errors import UNAUTHENTICATED, RpcError
from runtime.etags import matches_weakly

#: Reply metadata that are headers as they are.
_PASSED_ON = (names.POSITION, names.REPLAYED)

_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP response."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


async def send(answer: Answer, to: Send) -> None:
    head = [(name.encode("ascii"), value.encode("latin-1")) for name, value in answer.headers.items()]
    if answer.status != _NOT_MODIFIED:
        head += [
            (b"content-type", answer.content_type.encode("ascii")),
            (b"content-length", b"%d" % len(answer.body)),
            (b"x-content-type-options", b"nosniff"),
        ]
    await to({"type": "http.response.start", "status": answer.status, "headers": head})
    await to({"type": "http.response.body", "body": answer.body})


def of_reply(operation: Operation, reply: Reply, request_headers: Mapping[str, str], path: str) -> Answer:
    """The answer to a call that succeeded; 304 when the caller has this version already."""
    headers = {name: reply.metadata[name] for name in _PASSED_ON if name in reply.metadata}
    etag = reply.metadata.get(names.ETAG, "").strip('"')
    if etag:
        headers[names.ETAG] = f'"{etag}"'
        if operation.verb == "GET" and matches_weakly(request_headers.get("if-none-match", ""), etag):
            return Answer(_NOT_MODIFIED, headers=headers)
    if operation.creates and "id" in operation.output.fields_by_name:
        headers["location"] = f"{path.rstrip('/')}/{quote(str(reply.message.id), safe='')}"
    status = 201 if operation.creates else 200
    if PROTOBUF in request_headers.get("accept", ""):
        return Answer(status, reply.message.SerializeToString(), PROTOBUF, headers)
    return Answer(status, to_json(reply.message), JSON, headers)


def of_problem(problem: Problem) -> Answer:
    return Answer(problem.status, problem.body(), PROBLEM_JSON, problem.headers)


def of_rpc_error(error: RpcError, operation: Operation | None, request_headers: Mapping[str, Any]) -> Answer:
    """The problem document of an error that a department answered."""
    kind = OF_REASON.get(error.kind.reason, INTERNAL)
    headers: dict[str, str] = {}
    if error.retry_s is not None:
        headers["retry-after"] = str(max(1, math.ceil(error.retry_s)))
    if error.kind is UNAUTHENTICATED:
        sent = names.AUTHORIZATION in request_headers
        headers["www-authenticate"] = 'Bearer realm="baton"' + (', error="invalid_token"' if sent else "")
    errors = [
        FieldError(pointer_of(operation, each.field), each.detail) for each in error.violations if operation is not None
    ]
    detail = listed(errors) if errors and error.kind is MALFORMED else error.status.message
    return of_problem(kind.problem(detail, errors, headers))
