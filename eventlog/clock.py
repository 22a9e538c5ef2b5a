"""What time it is, as everything here is told it: by a function that its caller chooses, so that a test can."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)
