"""RFC 3339 times and proto3 durations, quickly."""

import re
from datetime import date
from functools import lru_cache

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.(\d{1,9}))?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
#: Years 1 to 9999 in UTC is what a timestamp holds. In words that a schema can say too: not on the first day in a zone
#: east of it, nor on the last day in one west of it.
BEYOND = r"^(0000|0001-01-01.*[+]|9999-12-31.*-[0-9]{2}:[0-9]{2}$)"
_BEYOND = re.compile(BEYOND)
_DURATION = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,9}))?s", re.ASCII)
_DAY_S = 86_400
_EPOCH_DAYS = date(1970, 1, 1).toordinal()
_DURATION_S_MAX = 315_576_000_000


def parse_time(text: str) -> tuple[int, int] | None:
    """(seconds, nanoseconds) since 1970 of an RFC 3339 time with an offset, or None. A leap second is the second
    after it, as everywhere in computing."""
    match = _RFC3339.fullmatch(text)
    if match is None or _BEYOND.match(text):
        return None
    day, hours, minutes, seconds, fraction, offset = match.groups()
    try:
        days = date.fromisoformat(day).toordinal() - _EPOCH_DAYS
    except ValueError:
        return None
    at = days * _DAY_S + int(hours) * 3600 + int(minutes) * 60 + int(seconds) - _offset_s(offset)
    return at, _nanos(fraction)


def _offset_s(offset: str) -> int:
    if offset in "Zz":
        return 0
    size = int(offset[1:3]) * 3600 + int(offset[4:6]) * 60
    return -size if offset[0] == "-" else size


def _nanos(fraction: str | None) -> int:
    return int(fraction.ljust(9, "0")) if fraction else 0


def format_time(at: Timestamp) -> str:
    """`2018-03-06T19:38:55Z`, with 3, 6 or 9 decimals where they say something."""
    days, rest = divmod(at.seconds, _DAY_S)
    minutes, second = divmod(rest, 60)
    return f"{_day(days)}{minutes // 60:02}:{minutes % 60:02}:{second:02}{_fraction(at.nanos)}Z"


@lru_cache(maxsize=4096)
def _day(days: int) -> str:
    return date.fromordinal(days + _EPOCH_DAYS).isoformat() + "T"


def _fraction(nanos: int) -> str:
    if not nanos:
        return ""
    if nanos % 1_000:
        return f".{nanos:09}"
    return f".{nanos // 1_000:06}" if nanos % 1_000_000 else f".{nanos // 1_000_000:03}"


def parse_duration(text: str) -> tuple[int, int] | None:
    """(seconds, nanoseconds), of equal sign, of `1.5s`; or None."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    sign = -1 if match[1] else 1
    seconds = int(match[2])
    return (sign * seconds, sign * _nanos(match[3])) if seconds <= _DURATION_S_MAX else None


def format_duration(span: Duration) -> str:
    sign = "-" if span.seconds < 0 or span.nanos < 0 else ""
    return f"{sign}{abs(span.seconds)}{_fraction(abs(span.nanos))}s"
