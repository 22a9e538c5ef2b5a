"""What is told of a department whose work has stopped: never what might quote a customer."""

from eventlog.errors import LogError
from runtime.projecting import innermost


def test_a_foreign_error_is_told_by_kind_and_place_alone() -> None:
    try:
        int("Anna Petrova")
    except ValueError as error:
        told = innermost(ExceptionGroup("", [error]))
    assert told.startswith("ValueError in test_projecting.py, line ")
    assert "Anna" not in told


def test_the_logs_own_errors_say_what_is_wrong() -> None:
    assert innermost(LogError("expected version 3, found 4")) == "LogError: expected version 3, found 4"
    assert innermost(KeyError("Anna")) == "KeyError"
