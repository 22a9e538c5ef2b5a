"""Times that a request gives of what happened: never far ahead of the clock."""

from datetime import datetime, timedelta

from eventlog.decider import Refused

#: How far ahead of ours a caller's clock, or what it calls midnight, may be.
AHEAD_MAX = timedelta(days=1)


def happened(at: datetime | None, now: datetime, field: str) -> datetime | None:
    """The moment itself. Raises `Refused` for one that is more than a day ahead."""
    if at is not None and at > now + AHEAD_MAX:
        raise Refused("what happened is at most a day ahead of now", field=field)
    return at
