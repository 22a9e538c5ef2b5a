"""What can go wrong with a log.

LogError
├── Conflict             another expected version than the stream has; nothing was written
├── CommandReused        the command id stands for another request
├── TooLarge             an event over the limit, or a batch over the queue's
├── Overloaded           the queue was full until the deadline; nothing was written
├── Unavailable          the store is out of reach until the deadline; the outcome is learnt by asking again
├── KeyringUnavailable   keys out of reach: wait, retry, never park
├── NotSafe              the server would lose answered writes (fsync off …), or the log is not what it was
├── Behind               the place was not heard until the deadline; ask again
├── NoSuchPlace          the place is of another generation, or beyond the end of the log
└── Poison               a fact that this program cannot handle: its stream is parked
"""

from collections.abc import Mapping


class LogError(Exception):
    """Anything that the log refuses or cannot do."""


class Conflict(LogError):
    """`expected version 3 of deal-7, found 4`."""

    def __init__(self, stream: str, expected: str, found: int) -> None:
        super().__init__(f"expected {expected} of {stream}, found {found}")
        self.stream = stream
        self.expected = expected
        self.found = found


class CommandReused(LogError):
    """The command id was used before for a request with another content."""


class TooLarge(LogError):
    """An event whose payload or metadata is over `EVENT_BYTES_MAX`."""


class Overloaded(LogError):
    """The append queue stayed full until the caller's deadline; nothing was written. Again after `retry_after_s`."""

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(LogError):
    """The store could not be reached until the deadline. The append may or may not be on disk; the same command
    asked again gets the one answer."""


class KeyringUnavailable(LogError):
    """The keyring is out of reach. Infrastructure, not poison: stop, wait, retry."""


class NotSafe(LogError):
    """The start is refused because answered writes or the log's history would not be safe."""


class Behind(LogError):
    """A read waited for a place that was not heard until its deadline."""


class NoSuchPlace(LogError):
    """A read asks for a place that its log does not have: of another generation, or beyond the end."""


class Poison(LogError):
    """A fact that cannot be handled; carries the reason that `baton parked` shows."""

    def __init__(self, reason: str, details: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.details = dict(details or {})
