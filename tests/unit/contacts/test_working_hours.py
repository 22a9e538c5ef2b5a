"""Deadlines in working hours: nights, weekends, holidays, shifts, summer time."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.contacts import WorkingDay
from services.contacts.domain.working_hours import Calendar, deadline

MOSCOW = ZoneInfo("Europe/Moscow")
OFFICE = Calendar()
TWO_SHIFTS = Calendar(
    "Europe/London",
    [WorkingDay(day=day, opens=opens, closes=closes) for day in range(1, 6) for opens, closes in
     (("08:00", "12:00"), ("13:00", "17:00"))],
)  # fmt: skip
ALWAYS = Calendar("Europe/London", [WorkingDay(day=day, opens="00:00", closes="24:00") for day in range(1, 8)])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "minutes", "calendar", "expected"),
    [
        ("2026-03-02T09:00", 480, OFFICE, "2026-03-02T17:00"),
        ("2026-03-02T12:00", 480, OFFICE, "2026-03-03T11:00"),
        ("2026-03-06T17:30", 60, OFFICE, "2026-03-09T09:30"),
        ("2026-03-07T12:00", 60, OFFICE, "2026-03-09T10:00"),
        ("2026-03-02T10:00", 480, OFFICE, "2026-03-02T18:00"),
        ("2026-03-02T23:00", 0, OFFICE, "2026-03-03T09:00"),
        ("2026-03-06T17:30", 60, Calendar(holidays=frozenset({date(2026, 3, 9)})), "2026-03-10T09:30"),
        ("2026-03-02T11:30", 60, TWO_SHIFTS, "2026-03-02T13:30"),
        ("2026-03-02T08:00", 480, TWO_SHIFTS, "2026-03-02T17:00"),
        ("2026-07-01T09:00", 480, Calendar("Europe/Moscow"), "2026-07-01T14:00"),
        # The night in which London's clocks go forward has an hour less.
        ("2026-03-28T23:00", 120, ALWAYS, "2026-03-29T01:00"),
        ("2026-03-28T00:00", 2 * 24 * 60, ALWAYS, "2026-03-30T00:00"),
    ],
)  # fmt: skip
def test_a_deadline_is_that_many_working_minutes_away(
    start: str, minutes: int, calendar: Calendar, expected: str
) -> None:
    begin = at(start)
    if calendar.time_zone == "Europe/Moscow":
        begin = datetime.fromisoformat(start).replace(tzinfo=MOSCOW)
        assert deadline(begin, minutes, calendar) == at(expected)
        return
    assert deadline(begin, minutes, calendar) == at(expected)


def test_a_week_without_hours_is_an_ordinary_one() -> None:
    assert deadline(at("2026-03-02T09:00"), 60, Calendar("UTC", ())) == at("2026-03-02T10:00")


def test_shifts_that_overlap_count_once() -> None:
    doubled = Calendar(
        "UTC", [WorkingDay(day=1, opens=o, closes=c) for o, c in (("09:00", "12:00"), ("10:00", "14:00"))]
    )
    assert deadline(at("2026-03-02T09:00"), 300, doubled) == at("2026-03-02T14:00")


moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(start=moments, first=st.integers(0, 3000), second=st.integers(0, 3000))
def test_more_minutes_never_end_earlier_and_add_up(start: datetime, first: int, second: int) -> None:
    for calendar in (OFFICE, TWO_SHIFTS, ALWAYS):
        middle = deadline(start, first, calendar)
        end = deadline(start, first + second, calendar)
        assert start <= middle <= end
        assert deadline(middle, second, calendar) >= end - timedelta(0)
        if second:
            assert deadline(middle, second, calendar) == end
