"""Trouble of the infrastructure is waited for, and counted."""

import logging
import ssl

import asyncpg
import pytest
from prometheus_client import REGISTRY

from eventlog.errors import Conflict, KeyringUnavailable, Unavailable
from eventlog.trouble import TOLD_EVERY, TOLD_MAX, growing_s, is_infrastructure, persist


def counted(reason: str) -> float:
    return REGISTRY.get_sample_value("baton_retries_total", {"where": "baton.test", "reason": reason}) or 0.0


@pytest.mark.parametrize(
    ("error", "waited_for"),
    [
        (ConnectionRefusedError(), True),
        (ssl.SSLCertVerificationError("expired"), True),
        (Unavailable("away"), True),
        (KeyringUnavailable("away"), True),
        (asyncpg.InterfaceError("connection is closed"), True),
        (asyncpg.TooManyConnectionsError("full"), True),
        (asyncpg.ReadOnlySQLTransactionError("a standby"), True),
        (asyncpg.TransactionTimeoutError("stopped for too long"), True),
        (asyncpg.LockNotAvailableError("somebody holds it"), True),
        (asyncpg.InvalidCachedStatementError("a table was changed"), True),
        (asyncpg.DataError("an argument does not fit"), False),
        (asyncpg.UniqueViolationError("there already"), False),
        (asyncpg.UndefinedTableError("no such table"), False),
        (asyncpg.exceptions.ClientConfigurationError("no address"), False),
        (Conflict("sales.deal-7", "version 3", 4), False),
        (ValueError("no number"), False),
    ],
)
def test_trouble_of_the_infrastructure_is_told_from_mistakes(error: Exception, waited_for: bool) -> None:
    assert is_infrastructure(error) is waited_for


def test_waits_are_doubled_up_to_the_most_however_long_it_goes_on() -> None:
    assert [growing_s(failures, 0.1, 1.0) for failures in (1, 2, 3, 4, 5, 5000)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


async def test_every_repeated_attempt_is_counted_by_place_and_reason() -> None:
    failures = iter((ConnectionResetError(), TimeoutError(), ConnectionResetError()))

    async def attempt() -> str:
        if (failure := next(failures, None)) is not None:
            raise failure
        return "done"

    async def at_once(wait_s: float) -> None:
        assert wait_s > 0

    before = counted("ConnectionResetError"), counted("TimeoutError")
    assert await persist(attempt, "a test", logging.getLogger("baton.test"), at_once) == "done"
    assert (counted("ConnectionResetError") - before[0], counted("TimeoutError") - before[1]) == (2.0, 1.0)


async def test_what_waiting_does_not_heal_is_not_repeated() -> None:
    async def attempt() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await persist(attempt, "a test", logging.getLogger("baton.test"))
    assert counted("ZeroDivisionError") == 0.0


async def test_a_long_outage_is_named_and_told_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    failures = iter([Unavailable("Kafka, baton.sales.v1: nobody answers")] * 3 * TOLD_EVERY)

    async def attempt() -> None:
        if (failure := next(failures, None)) is not None:
            raise failure

    async def at_once(wait_s: float) -> None:
        pass

    with caplog.at_level(logging.INFO, "baton.test"):
        await persist(attempt, "facts", logging.getLogger("baton.test"), at_once)
    told = "facts: Unavailable: Kafka, baton.sales.v1: nobody answers; trying again in "
    assert len([each for each in caplog.messages if each.startswith(told)]) == len(caplog.messages) == TOLD_MAX + 3
