"""Logs of the program: one line a record, and nothing in it that a request said."""

import json
import logging

import pytest

from eventlog import tracing
from runtime.logs import start_logging


@pytest.fixture(autouse=True)
def logging_as_before() -> object:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    return None


def test_json_lines_carry_the_fields_that_say_where(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("json")
    extra = {"department": "sales", "position": "1.12", "employee": "anna"}
    logging.getLogger("baton.projector.sales").info("heard", extra=extra)
    line = json.loads(capsys.readouterr().err)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "baton.projector.sales",
        "message": "heard",
        "department": "sales",
        "position": "1.12",
    }


def test_json_lines_say_whose_they_are_and_to_which_trace_they_belong(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("json", role="serve", department="sales")
    with tracing.within(f"00-{'a' * 32}-{'b' * 16}-00"):
        logging.getLogger("baton.rpc").error("failed", extra={"method": "baton.sales.v1.Deals/GetDeal"})
    line = json.loads(capsys.readouterr().err)
    told = {name: line[name] for name in ("role", "department", "method", "trace")}
    assert told == {
        "role": "serve",
        "department": "sales",
        "method": "baton.sales.v1.Deals/GetDeal",
        "trace": "a" * 32,
    }


@pytest.mark.parametrize("style", ["text", "json"])
def test_an_exception_says_where_it_happened_and_not_what_it_was_about(
    style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging(style)
    try:
        raise KeyError("anna.petrova@example.com")
    except KeyError:
        logging.getLogger("baton.reactor.sales").exception("a todo failed")
    told = capsys.readouterr().err
    assert "a todo failed [KeyError at" in told
    assert "test_logs.py" in told
    assert "anna.petrova" not in told
    assert len(told.splitlines()) == 1


def test_other_libraries_are_heard_only_when_something_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("text")
    logging.getLogger("uvicorn").info("started")
    logging.getLogger("asyncio").warning("slow")
    assert capsys.readouterr().err.splitlines()[0].endswith("WARNING asyncio: slow")
