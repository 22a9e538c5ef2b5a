"""When a span of working time ends: by the branch's clock, over its nights, weekends, holidays and summer time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from facts.contacts import WorkingDay
from services.contacts.domain.branch import WEEK

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """When a branch works. One that nobody described works Monday to Friday 9 to 18 UTC."""

    time_zone: str = "UTC"
    working_hours: Sequence[WorkingDay] = WEEK
    holidays: frozenset[date] = frozenset()


def deadline(start: datetime, minutes: int, calendar: Calendar) -> datetime:
    """The moment (UTC) at which `minutes` of working time have passed since `start`.

    Minutes are real ones: a shift that an hour of summer time is taken from is an hour shorter. A deadline that
    falls on the end of a shift stays there and does not move to the next morning."""
    left = minutes * _MINUTE
    begin = start.astimezone(UTC)
    for opens, closes in _shifts(begin, calendar):
        usable = closes - max(opens, begin)
        if left <= usable:
            return max(opens, begin) + left
        left -= usable
    raise AssertionError("a week has working hours, so that shifts never end")


def _shifts(begin: datetime, calendar: Calendar) -> Iterator[tuple[datetime, datetime]]:
    """Shifts that end after `begin`, in order, without overlaps, for ever."""
    zone = ZoneInfo(calendar.time_zone)
    hours = sorted(calendar.working_hours or WEEK, key=lambda each: each.opens)
    day = begin.astimezone(zone).date() - _DAY
    worked_until = begin
    while True:
        for each in hours:
            if each.day == day.isoweekday() and day not in calendar.holidays:
                opens, closes = _moment(day, each.opens, zone), _moment(day, each.closes, zone)
                if closes > worked_until:
                    yield max(opens, worked_until), closes
                    worked_until = closes
        day += _DAY


def _moment(day: date, clock: str, zone: ZoneInfo) -> datetime:
    """`18:00` of a day there, in UTC; `24:00` is the midnight that ends it."""
    hour, minute = map(int, clock.split(":"))
    extra = hour // 24
    return datetime.combine(day + extra * _DAY, time(hour % 24, minute), zone).astimezone(UTC)
