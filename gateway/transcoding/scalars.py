"""Single values: what JSON (or a query string) may say for each scalar type."""

import base64
import binascii
import math
import re
from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from gateway.transcoding import fields

#: A checked value from JSON, or `Refusal`.
Convert = Callable[[Any], Any]

#: Characters of one value in a path or query; percent-encoded it may be twelve times as long.
URL_TEXT_MAX = 1000

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,19})", re.ASCII)
_REAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)
_FLOAT_MAX = 3.4028234663852886e38


class Refusal(ValueError):
    """A value is not what its field can hold; the message says what would be."""


def scalar_of(field: FieldDescriptor, *, in_text: bool = False) -> Convert:
    """The check of one value of this field's type. `in_text`: it comes from a query, a path or as a key of a map,
    where everything is text."""
    if field.enum_type is not None:
        return _enum(field)
    if field.type == FieldDescriptor.TYPE_STRING:
        return _text
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _bytes
    if field.type == FieldDescriptor.TYPE_BOOL:
        return _bool_in_text if in_text else _bool
    if field.type in fields.REAL:
        return _real(field, in_text=in_text)
    if field.type in fields.LONG or in_text:
        return _integer_in_text(field)
    return _integer(field)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise Refusal("must be a string")
    return value


def _bool(value: Any) -> bool:
    if type(value) is not bool:
        raise Refusal("must be true or false")
    return value


def _bool_in_text(value: str) -> bool:
    if value not in ("true", "false"):
        raise Refusal("must be true or false")
    return value == "true"


def _bytes(value: Any) -> bytes:
    """Both alphabets of base64, with or without padding, as proto3 JSON allows."""
    if type(value) is not str:
        raise Refusal("must be a base64 string")
    text = value.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal("must be a base64 string") from error


def _enum(field: FieldDescriptor) -> Convert:
    numbers = fields.enum_names(field, for_input=True)
    allowed = f"must be one of {', '.join(numbers)}"

    def convert(value: Any) -> int:
        if type(value) is not str or value not in numbers:
            raise Refusal(allowed)
        return numbers[value]

    return convert


def _integer(field: FieldDescriptor) -> Convert:
    least, most = fields.integer_bounds(field)

    def convert(value: Any) -> int:
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int:
            raise Refusal("must be a whole number")
        return _bounded(value, least, most)

    return convert


def _integer_in_text(field: FieldDescriptor) -> Convert:
    least, most = fields.integer_bounds(field)

    def convert(value: Any) -> int:
        if type(value) is not str or _INTEGER.fullmatch(value) is None:
            raise Refusal("must be a whole number" if field.type not in fields.LONG else "must be digits in a string")
        return _bounded(int(value), least, most)

    return convert


def _bounded(value: int, least: int, most: int) -> int:
    if not least <= value <= most:
        raise Refusal(f"must be between {least} and {most}")
    return value


def _real(field: FieldDescriptor, *, in_text: bool) -> Convert:
    most = _FLOAT_MAX if field.type == FieldDescriptor.TYPE_FLOAT else math.inf

    def convert(value: Any) -> float:
        if in_text:
            value = float(value) if _REAL.fullmatch(value) else None
        if type(value) is not float and type(value) is not int:
            raise Refusal("must be a number")
        if not math.isfinite(value) or abs(value) > most:
            raise Refusal("is too large a number")
        return float(value)

    return convert
