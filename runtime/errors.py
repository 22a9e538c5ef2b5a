"""The one table that turns an error into a gRPC code, a reason and an HTTP status.

Departments raise `Refused`, `Conflict`, …; the dispatcher turns them into an `RpcError`, which carries a
`google.rpc.Status`; its `ErrorInfo.reason` names a row of the table, from which the gateway takes the HTTP status.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import asyncpg
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2
from google.rpc.status_pb2 import Status

from eventlog import errors as log
from eventlog.decider import Forbidden, Invalid, NotThere, Refused
from eventlog.trouble import is_infrastructure

DOMAIN = "baton"

M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table. `title` heads the problem document; `retry_s` is when to try again, where that helps."""

    reason: str
    code: int
    http: int
    title: str
    retry_s: float | None = None


INVALID = Kind("INVALID", code_pb2.INVALID_ARGUMENT, 400, "The request is malformed")
UNAUTHENTICATED = Kind("UNAUTHENTICATED", code_pb2.UNAUTHENTICATED, 401, "A valid token is needed")
FORBIDDEN = Kind("FORBIDDEN", code_pb2.PERMISSION_DENIED, 403, "Not allowed")
NOT_FOUND = Kind("NOT_FOUND", code_pb2.NOT_FOUND, 404, "Not found")
NO_SUCH_METHOD = Kind("NO_SUCH_METHOD", code_pb2.UNIMPLEMENTED, 404, "Nothing is served here")
REFUSED = Kind("REFUSED", code_pb2.FAILED_PRECONDITION, 409, "Refused by a rule")
STALE = Kind("STALE", code_pb2.ABORTED, 412, "The record was changed since it was read")
BEYOND_HEAD = Kind("BEYOND_HEAD", code_pb2.OUT_OF_RANGE, 412, "No such position in the log")
TOO_LARGE = Kind("TOO_LARGE", code_pb2.RESOURCE_EXHAUSTED, 413, "Too large")
COMMAND_REUSED = Kind("COMMAND_REUSED", code_pb2.INVALID_ARGUMENT, 422, "The idempotency key was used before")
TOO_MANY = Kind("TOO_MANY", code_pb2.RESOURCE_EXHAUSTED, 429, "Too many requests", 1.0)
INTERNAL = Kind("INTERNAL", code_pb2.INTERNAL, 500, "Something went wrong here")
OVERLOADED = Kind("OVERLOADED", code_pb2.UNAVAILABLE, 503, "Too busy at the moment", 1.0)
UNAVAILABLE = Kind("UNAVAILABLE", code_pb2.UNAVAILABLE, 503, "Out of reach at the moment", 1.0)
BEHIND = Kind("BEHIND", code_pb2.UNAVAILABLE, 503, "The view is not there yet", 1.0)
DEADLINE = Kind("DEADLINE", code_pb2.DEADLINE_EXCEEDED, 503, "It took too long", 1.0)

KINDS: Mapping[str, Kind] = {
    kind.reason: kind
    for kind in (
        INVALID, UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, NO_SUCH_METHOD, REFUSED, STALE, BEYOND_HEAD, TOO_LARGE,
        COMMAND_REUSED, TOO_MANY, INTERNAL, OVERLOADED, UNAVAILABLE, BEHIND, DEADLINE,
    )
}  # fmt: skip

#: Errors of the layers below. What is not here, and is trouble of the infrastructure, is `UNAVAILABLE`.
TABLE: Sequence[tuple[type[BaseException], Kind]] = (
    (Invalid, INVALID),
    (NotThere, NOT_FOUND),
    (Forbidden, FORBIDDEN),
    (Refused, REFUSED),
    (log.Conflict, STALE),
    (log.CommandReused, COMMAND_REUSED),
    (log.TooLarge, TOO_LARGE),
    (log.Overloaded, OVERLOADED),
    (log.Unavailable, UNAVAILABLE),
    (log.KeyringUnavailable, UNAVAILABLE),
    (log.Behind, BEHIND),
    (log.NoSuchPlace, BEYOND_HEAD),
    (asyncpg.QueryCanceledError, DEADLINE),
    (TimeoutError, DEADLINE),
)


@dataclass(frozen=True, slots=True)
class Violation:
    """A field of the request that is wrong: its path (`lead.person.email`, `rows[3].line`) and what is allowed."""

    field: str
    detail: str


class RpcError(Exception):
    """What a caller is told. `status` is complete: code, message and details."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.message)
        self.status = status

    @property
    def kind(self) -> Kind:
        """The table's row, learnt from `ErrorInfo.reason`; a foreign status counts as `INTERNAL`."""
        info = detail(self.status, error_details_pb2.ErrorInfo())
        return KINDS.get(info.reason, INTERNAL) if info is not None else INTERNAL

    @property
    def violations(self) -> list[Violation]:
        found = detail(self.status, error_details_pb2.BadRequest())
        return [Violation(each.field, each.description) for each in found.field_violations] if found else []

    @property
    def retry_s(self) -> float | None:
        found = detail(self.status, error_details_pb2.RetryInfo())
        return found.retry_delay.seconds + found.retry_delay.nanos / 1e9 if found else None


def detail(status: Status, into: M) -> M | None:
    """The detail of this type, unpacked, or None."""
    return next((into for packed in status.details if packed.Unpack(into)), None)


def failure(
    kind: Kind, message: str, violations: Iterable[Violation] = (), *, retry_s: float | None = None
) -> RpcError:
    """An error of this kind, with all its fields' violations and when to try again."""
    status = Status(code=kind.code, message=message)
    _add(status, error_details_pb2.ErrorInfo(reason=kind.reason, domain=DOMAIN))
    fields = [
        error_details_pb2.BadRequest.FieldViolation(field=each.field, description=each.detail) for each in violations
    ]
    if fields:
        _add(status, error_details_pb2.BadRequest(field_violations=fields))
    if kind in (REFUSED, STALE):
        violation = error_details_pb2.PreconditionFailure.Violation(type=kind.reason, description=message)
        _add(status, error_details_pb2.PreconditionFailure(violations=[violation]))
    wait_s = kind.retry_s if retry_s is None else retry_s
    if wait_s is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(int(wait_s * 1000))
        _add(status, retry)
    return RpcError(status)


def invalid(violations: Sequence[Violation]) -> RpcError:
    """All that is wrong with a request, told together."""
    return failure(
        INVALID,
        "; ".join(f"{each.field}: {each.detail}" if each.field else each.detail for each in violations),
        violations,
    )


def kind_of(error: BaseException) -> Kind:
    """The table's row for an error; what is in no row and no trouble of the infrastructure is a mistake of ours."""
    otherwise = UNAVAILABLE if is_infrastructure(error) else INTERNAL
    return next((kind for type_, kind in TABLE if isinstance(error, type_)), otherwise)


def told(error: BaseException) -> RpcError:
    """What the caller is told of an error raised below. Messages of our own errors are made to be told; those of
    drivers and of mistakes may hold personal data and stay here."""
    if isinstance(error, RpcError):
        return error
    kind = kind_of(error)
    if isinstance(error, Refused):
        return failure(kind, str(error), [Violation(error.field, str(error))] if error.field else ())
    if isinstance(error, log.Overloaded):
        return failure(kind, str(error), retry_s=error.retry_after_s)
    return failure(kind, str(error) if isinstance(error, log.LogError) else kind.title)


def _add(status: Status, message: Message) -> None:
    packed = AnyMessage()
    packed.Pack(message)
    status.details.append(packed)
