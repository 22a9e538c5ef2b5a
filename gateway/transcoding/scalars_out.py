"""Single values as proto3 JSON writes them."""

import base64
import math
from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from gateway.transcoding import fields


def scalar_writer(field: FieldDescriptor) -> Callable[[Any], Any] | None:
    """How a value of this type becomes JSON; None where it is JSON already."""
    if field.enum_type is not None:
        names = {value.number: value.name for value in field.enum_type.values}
        return lambda number: names.get(number, number)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return lambda value: base64.b64encode(value).decode("ascii")
    if field.type in fields.LONG:
        return str
    return _real if field.type in fields.REAL else None


def _real(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
