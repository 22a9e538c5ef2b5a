"""Which exceptions are trouble of the infrastructure (wait, try again) and which are a fact's own fault (park it)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from eventlog import metrics
from eventlog.errors import KeyringUnavailable, LogError, Overloaded, Unavailable

#: Away, shutting down, read-only, full, overloaded, or in each other's way.
_INFRASTRUCTURE: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    KeyringUnavailable,
    Overloaded,
    Unavailable,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.TransactionRollbackError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.InvalidTransactionStateError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InternalServerError,
    asyncpg.InternalClientError,
)

WAIT_MIN_S, WAIT_MAX_S = 0.05, 5.0

#: So many attempts are told one by one, while the waits grow; then one in twelve, which is one a minute.
TOLD_MAX, TOLD_EVERY = 8, 12

T = TypeVar("T")


def is_infrastructure(error: BaseException) -> bool:
    """Whether the same again will work later. Anything else is a mistake of the program, of the request or of a fact.

    asyncpg's `InterfaceError` says that a connection is closed and, where it is a `ValueError` too, that nobody can
    connect to what was named."""
    if isinstance(error, asyncpg.InterfaceError):
        return not isinstance(error, ValueError)
    return isinstance(error, _INFRASTRUCTURE)


def is_program(error: BaseException) -> bool:
    """A table, a column or a right that this program expects is not there: no fact is to blame, nothing is parked."""
    return isinstance(error, asyncpg.SyntaxOrAccessError | LookupError) and not isinstance(error, KeyError)


def growing_s(failures: int, least_s: float, most_s: float) -> float:
    """How long to wait after so many failures in a row: doubled each time, from `least_s` after the first to
    `most_s`."""
    return min(most_s, least_s * 2.0 ** min(failures - 1, 30))  # 2 ** 1024 is no float


def wait_s(failures: int) -> float:
    """Growing waits: 50 ms after the first failure, 5 s at most."""
    return growing_s(failures, WAIT_MIN_S, WAIT_MAX_S)


def tried_again(log: logging.Logger, error: BaseException) -> None:
    """Count that whoever logs there begins again because of an error."""
    metrics.RETRIES.labels(log.name, type(error).__name__).inc()


def described(error: BaseException) -> str:
    """Its kind, and its message where that is known to name no person: others may quote what they choked on."""
    kind = type(error).__name__
    return f"{kind}: {error}" if isinstance(error, LogError) else kind


def loudness(failures: int) -> int:
    """The level at which a failure after so many in a row is told."""
    return logging.WARNING if failures <= TOLD_MAX or failures % TOLD_EVERY == 0 else logging.DEBUG


async def persist(
    attempt: Callable[[], Awaitable[T]],
    what: str,
    log: logging.Logger,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """Try until it works; trouble of the infrastructure is waited for, anything else is raised."""
    failures = 0
    while True:
        try:
            return await attempt()
        except Exception as error:
            if not is_infrastructure(error):
                raise
            failures += 1
            tried_again(log, error)
            said = (what, described(error), wait_s(failures))
            log.log(loudness(failures), "%s: %s; trying again in %.2f s", *said)
        await sleep(wait_s(failures))
