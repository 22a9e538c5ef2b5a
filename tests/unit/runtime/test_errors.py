"""One table turns every error into a code, a reason and an HTTP status; details survive the way."""

import asyncpg
import pytest
from google.rpc import code_pb2, error_details_pb2

from eventlog import errors as log
from eventlog.decider import Invalid, NotThere, Refused
from runtime.errors import KINDS, REFUSED, RpcError, Violation, detail, failure, invalid, told


@pytest.mark.parametrize(
    ("error", "reason", "http", "code"),
    [
        (Invalid("expected a date", field="lead.born"), "INVALID", 400, code_pb2.INVALID_ARGUMENT),
        (NotThere("there is no lead 7"), "NOT_FOUND", 404, code_pb2.NOT_FOUND),
        (Refused("the lead is with sales"), "REFUSED", 409, code_pb2.FAILED_PRECONDITION),
        (log.Conflict("marketing.lead-7", "version 3", 4), "STALE", 412, code_pb2.ABORTED),
        (log.CommandReused("used before"), "COMMAND_REUSED", 422, code_pb2.INVALID_ARGUMENT),
        (log.TooLarge("2 MiB"), "TOO_LARGE", 413, code_pb2.RESOURCE_EXHAUSTED),
        (log.Overloaded("full", 3.0), "OVERLOADED", 503, code_pb2.UNAVAILABLE),
        (log.Unavailable("away"), "UNAVAILABLE", 503, code_pb2.UNAVAILABLE),
        (log.KeyringUnavailable("away"), "UNAVAILABLE", 503, code_pb2.UNAVAILABLE),
        (log.Behind("not yet"), "BEHIND", 503, code_pb2.UNAVAILABLE),
        (log.NoSuchPlace("beyond"), "BEYOND_HEAD", 412, code_pb2.OUT_OF_RANGE),
        (asyncpg.CannotConnectNowError("starting"), "UNAVAILABLE", 503, code_pb2.UNAVAILABLE),
        (asyncpg.InterfaceError("closed"), "UNAVAILABLE", 503, code_pb2.UNAVAILABLE),
        (asyncpg.InternalClientError("in another state"), "UNAVAILABLE", 503, code_pb2.UNAVAILABLE),
        (asyncpg.TooManyConnectionsError("full"), "UNAVAILABLE", 503, code_pb2.UNAVAILABLE),
        (asyncpg.DiskFullError("full"), "UNAVAILABLE", 503, code_pb2.UNAVAILABLE),
        (asyncpg.DeadlockDetectedError("in each other's way"), "UNAVAILABLE", 503, code_pb2.UNAVAILABLE),
        (asyncpg.QueryCanceledError("too slow"), "DEADLINE", 503, code_pb2.DEADLINE_EXCEEDED),
        (asyncpg.DataError("anna@example.com"), "INTERNAL", 500, code_pb2.INTERNAL),
        (ConnectionRefusedError(), "UNAVAILABLE", 503, code_pb2.UNAVAILABLE),
        (TimeoutError(), "DEADLINE", 503, code_pb2.DEADLINE_EXCEEDED),
        (KeyError("anna@example.com"), "INTERNAL", 500, code_pb2.INTERNAL),
        (ValueError("anna@example.com"), "INTERNAL", 500, code_pb2.INTERNAL),
    ],
)
def test_every_error_has_one_row_of_the_table(error: Exception, reason: str, http: int, code: int) -> None:
    found = told(error)
    assert (found.kind.reason, found.kind.http, found.status.code) == (reason, http, code)


def test_what_may_be_tried_again_says_when() -> None:
    assert told(log.Overloaded("full", 3.0)).retry_s == 3.0
    assert told(log.Behind("not yet")).retry_s == 1.0
    assert told(Refused("no")).retry_s is None


def test_a_mistake_of_ours_tells_nothing_of_what_it_was_about() -> None:
    assert str(told(KeyError("anna@example.com"))) == "Something went wrong here"
    assert str(told(OSError("anna@example.com"))) == "Out of reach at the moment"


def test_all_violations_are_told_together() -> None:
    wrong = [Violation("lead.person.email", "is not a valid email"), Violation("lead.source", "is required")]
    assert invalid(wrong).violations == wrong


def test_a_refusal_names_the_rule_and_the_field() -> None:
    found = told(Refused("the lead is with sales", field="lead.state"))
    assert found.violations == [Violation("lead.state", "the lead is with sales")]
    precondition = detail(found.status, error_details_pb2.PreconditionFailure())
    assert precondition is not None
    assert precondition.violations[0].description == "the lead is with sales"


def test_reasons_are_told_apart() -> None:
    assert [KINDS[reason].reason for reason in KINDS] == list(KINDS)
    assert failure(REFUSED, "no").kind is REFUSED


def test_a_status_of_somebody_else_counts_as_internal() -> None:
    assert RpcError(type(failure(REFUSED, "no").status)(code=5, message="?")).kind.http == 500
