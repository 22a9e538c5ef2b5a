"""From the text of a cell to a value: the types that a map can name. Raises `ValueError` with a reason for people."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

#: Turns a cell's text, never empty, into a value.
Convert = Callable[[str], Any]

_TRUE = frozenset({"true", "yes", "y", "1", "t"})
_FALSE = frozenset({"false", "no", "n", "0", "f"})
#: Currencies are written with at least two places; what a file says more exactly stays.
_CENTS = Decimal("0.01")


def converter(type: str, options: Mapping[str, Any]) -> Convert:
    """The conversion that a map asks for. Raises `ValueError` for a type that there is not, or options that lack."""
    makers: Mapping[str, Callable[[Mapping[str, Any]], Convert]] = {
        "text": lambda _: str,
        "int": lambda _: whole_number,
        "decimal": lambda _: decimal_text,
        "bool": _bool,
        "date": _date,
        "datetime": _datetime,
        "list": _list,
        "money": _money,
    }
    if type not in makers:
        raise ValueError(f"there is no type {type}; types are {', '.join(makers)}")
    return makers[type](options)


def whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"expected a whole number, found {text!r}") from None


def decimal_number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"expected a decimal number, found {text!r}") from None
    if not number.is_finite():
        raise ValueError(f"expected a decimal number, found {text!r}")
    return number


def decimal_text(text: str) -> str:
    """A decimal stays as exact as it was written: `"3.0"` is not a binary fraction and keeps its places."""
    return format(decimal_number(text), "f")


def _bool(options: Mapping[str, Any]) -> Convert:
    true = frozenset(options.get("true", _TRUE))
    false = frozenset(options.get("false", _FALSE))

    def convert(text: str) -> bool:
        folded = text.casefold()
        if text in true or folded in true:
            return True
        if text in false or folded in false:
            return False
        raise ValueError(f"expected true or false, found {text!r}")

    return convert


def _date(options: Mapping[str, Any]) -> Convert:
    """A day is the one that is written; no time zone moves it."""
    moment = _moment(options)
    return lambda text: moment(text).date()


def _datetime(options: Mapping[str, Any]) -> Convert:
    moment = _moment(options)
    zone = time_zone(options.get("timezone", "UTC"))

    def convert(text: str) -> datetime:
        found = moment(text)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)

    return convert


def _moment(options: Mapping[str, Any]) -> Callable[[str], datetime]:
    """Reads a day or a time as it is written; without a time zone where none is written."""
    written = options.get("format", "")
    described = f"such as {written}" if written else "in ISO 8601, such as 2018-03-06 or 2018-03-06T19:38:55Z"

    def read(text: str) -> datetime:
        try:
            return datetime.strptime(text, written) if written else datetime.fromisoformat(text)  # noqa: DTZ007
        except ValueError:
            raise ValueError(f"expected a time {described}, found {text!r}") from None

    return read


def time_zone(name: str) -> tzinfo:
    """Raises `ValueError` for a zone that there is not."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError) as error:
        raise ValueError(f"there is no time zone {name}") from error


def _list(options: Mapping[str, Any]) -> Convert:
    separator = options.get("separator", ",")
    item = converter(options.get("of", "text"), options)
    return lambda text: [item(part.strip()) for part in text.split(separator) if part.strip()]


def _money(options: Mapping[str, Any]) -> Convert:
    currency = options.get("currency", "")
    if not currency:
        raise ValueError("money needs a currency")

    def convert(text: str) -> dict[str, str]:
        amount = decimal_number(text)
        exact = amount if amount.as_tuple().exponent < -2 else amount.quantize(_CENTS)  # type: ignore[operator]
        return {"currency": currency, "amount": format(exact, "f")}

    return convert


def plain_day(value: Any) -> Any:
    """A day as protobuf texts and JSON write it."""
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value
