"""Checks a request against what its descriptor says: REQUIRED, `text`, `number`, `items_max`.

The checks of a message type are compiled once. All violations are found in one go; fields marked OUTPUT_ONLY are
cleared, so that what a client sends back of a resource it has read has no effect (AIP-203).
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from runtime import options
from runtime.errors import Violation
from runtime.options import FREE_ITEMS_MAX, LENGTH_MAX, OUTPUT_ONLY, REQUIRED, behaviors, is_map

NESTING_MAX = 10
#: Year 1 to year 9999, in seconds since 1970: what RFC 3339 can write.
SECONDS_MIN, SECONDS_MAX = -62_135_596_800, 253_402_300_799

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTROL_BUT_LINES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

#: Checks one value that stands at a path; a field's check gets the field's value as Python shows it.
Check = Callable[[str, Any], Iterator[Violation]]


def violations(request: Message, keep: frozenset[str] = frozenset()) -> list[Violation]:
    """Everything that is wrong with a request. `keep` are paths bound by the route, which are never cleared.

    A request with an `update_mask` changes only what the mask names: of the resource beside it, only those
    required fields are asked for that the mask names."""
    clear_output_only(request, keep)
    found = list(_message(request, ""))
    mask = _update_mask(request)
    return found if mask is None else [each for each in found if not _left_alone(each, mask)]


class _Required(Violation):
    """A required field that is empty: the one kind of violation that an update mask may excuse."""


def _update_mask(request: Message) -> frozenset[str] | None:
    field = request.DESCRIPTOR.fields_by_name.get("update_mask")
    return None if field is None else frozenset(request.update_mask.paths)  # type: ignore[attr-defined]


def _left_alone(violation: Violation, mask: frozenset[str]) -> bool:
    if not isinstance(violation, _Required):
        return False
    _, dot, inner = violation.field.partition(".")
    return bool(dot) and "." not in inner and inner not in mask and "*" not in mask


def _message(message: Message, path: str) -> Iterator[Violation]:
    for name, required, presence, check in _checks(message.DESCRIPTOR):
        there = message.HasField(name) if presence else bool(getattr(message, name))
        where = f"{path}.{name}" if path else name
        if there:
            yield from check(where, getattr(message, name))
        elif required:
            yield _Required(where, "is required")


@cache
def _checks(descriptor: Descriptor) -> tuple[tuple[str, bool, bool, Check], ...]:
    return tuple(
        (field.name, REQUIRED in behaviors(field), field.has_presence, check)
        for field in descriptor.fields
        if (check := _check_of(field)) is not None
    )


def _check_of(field: FieldDescriptor) -> Check:
    if not field.is_repeated:
        return _value_check(field)
    most = options.items_max(field)
    return _map_check(field, most) if is_map(field) else _list_check(_value_check(field), most)


def _value_check(field: FieldDescriptor) -> Check:
    if field.enum_type is not None:
        return _enum_check({value.number: value.name for value in field.enum_type.values if value.number})
    if field.message_type is not None:
        return _WELL_KNOWN.get(field.message_type.full_name, lambda path, value: _message(value, path))
    if field.type == FieldDescriptor.TYPE_STRING:
        return _text_check(field)
    if field.type in (FieldDescriptor.TYPE_BYTES, FieldDescriptor.TYPE_BOOL):
        return _anything
    return _number_check(field)


def _text_check(field: FieldDescriptor) -> Check:
    rule = options.text(field)
    length_max = rule.length_max or LENGTH_MAX
    pattern = re.compile(rule.pattern) if rule.pattern else None
    allowed = options.allowed(rule)
    control = _CONTROL_BUT_LINES if rule.multiline else _CONTROL

    def check(path: str, value: str) -> Iterator[Violation]:
        if len(value) > length_max:
            yield Violation(path, f"at most {length_max} characters are allowed, found {len(value)}")
        elif value and pattern is not None and pattern.fullmatch(value) is None:
            yield Violation(path, f"must be {allowed}")
        if control.search(value):
            yield Violation(path, "control characters are not allowed")

    return check


def _anything(path: str, value: Any) -> Iterator[Violation]:
    return iter(())


def _enum_check(allowed: Mapping[int, str]) -> Check:
    words = f"must be one of {', '.join(allowed.values())}"

    def check(path: str, value: int) -> Iterator[Violation]:
        if value not in allowed:
            yield Violation(path, words)

    return check


def _number_check(field: FieldDescriptor) -> Check:
    rule = options.number(field)
    least = rule.min if rule.HasField("min") else -math.inf
    most = rule.max if rule.HasField("max") else math.inf

    def check(path: str, value: float) -> Iterator[Violation]:
        if isinstance(value, float) and not math.isfinite(value):
            yield Violation(path, "is not a finite number")
        elif value < least:
            yield Violation(path, f"must be at least {least}")
        elif value > most:
            yield Violation(path, f"must be at most {most}")

    return check


def _list_check(check_item: Check, most: int) -> Check:
    def check(path: str, values: Any) -> Iterator[Violation]:
        if len(values) > most:
            yield Violation(path, f"at most {most} items are allowed, found {len(values)}")
            return
        for index, value in enumerate(values):
            yield from check_item(f"{path}[{index}]", value)

    return check


def _map_check(field: FieldDescriptor, most: int) -> Check:
    check_key, check_value = (_value_check(each) for each in _entry(field))

    def check(path: str, values: Any) -> Iterator[Violation]:
        if len(values) > most:
            yield Violation(path, f"at most {most} items are allowed, found {len(values)}")
            return
        for key, value in values.items():
            yield from check_key(path, key)
            yield from check_value(f"{path}.{key}", value)

    return check


def _entry(field: FieldDescriptor) -> tuple[FieldDescriptor, FieldDescriptor]:
    """The key and the value of a map field."""
    if field.message_type is None:
        raise TypeError(f"{field.full_name} is no map")
    entry = field.message_type.fields_by_name
    return entry["key"], entry["value"]


def _timestamp(path: str, value: Any) -> Iterator[Violation]:
    if not (SECONDS_MIN <= value.seconds <= SECONDS_MAX and 0 <= value.nanos <= 999_999_999):
        yield Violation(path, "is not a time between the years 1 and 9999")


def _struct(path: str, value: Any) -> Iterator[Violation]:
    if "" in value.fields:
        yield Violation(path, "a name is empty")
    yield from _json_object(path, value, NESTING_MAX)


def _json_object(path: str, struct: Any, deeper: int) -> Iterator[Violation]:
    if len(struct.fields) > FREE_ITEMS_MAX:
        yield Violation(path, f"at most {FREE_ITEMS_MAX} items are allowed, found {len(struct.fields)}")
        return
    for key in sorted(struct.fields):
        yield from _json_text(path, key)
        yield from _json(f"{path}.{key}", struct.fields[key], deeper - 1)


def _json(path: str, value: Any, deeper: int = NESTING_MAX) -> Iterator[Violation]:
    """PostgreSQL's jsonb knows no NUL character, and JSON no infinity."""
    if deeper < 0:
        yield Violation(path, f"is nested deeper than {NESTING_MAX} levels")
        return
    match value.WhichOneof("kind"):
        case "string_value":
            yield from _json_text(path, value.string_value)
        case "number_value":
            if not math.isfinite(value.number_value):
                yield Violation(path, "is not a finite number")
        case "struct_value":
            yield from _json_object(path, value.struct_value, deeper)
        case "list_value":
            yield from _json_list(path, value.list_value, deeper)
        case None:
            yield Violation(path, "is not a JSON value")


def _json_list(path: str, values: Any, deeper: int = NESTING_MAX) -> Iterator[Violation]:
    if len(values.values) > FREE_ITEMS_MAX:
        yield Violation(path, f"at most {FREE_ITEMS_MAX} items are allowed, found {len(values.values)}")
        return
    for index, item in enumerate(values.values):
        yield from _json(f"{path}[{index}]", item, deeper - 1)


def _json_text(path: str, text: str) -> Iterator[Violation]:
    if len(text) > LENGTH_MAX:
        yield Violation(path, f"at most {LENGTH_MAX} characters are allowed, found {len(text)}")
    if _CONTROL_BUT_LINES.search(text):
        yield Violation(path, "control characters are not allowed")


_WELL_KNOWN: dict[str, Check] = {
    "google.protobuf.Timestamp": _timestamp,
    "google.protobuf.Struct": _struct,
    "google.protobuf.Value": _json,
    "google.protobuf.ListValue": _json_list,
    "google.protobuf.FieldMask": lambda path, value: _mask(path, value.paths),
}


def _mask(path: str, paths: Iterable[str]) -> Iterator[Violation]:
    for each in paths:
        yield from _json_text(path, each)


def clear_output_only(message: Message, keep: frozenset[str], path: str = "") -> None:
    """Clear what only the server may say, in the request and in everything nested in it."""
    for field, output_only in _walks(message.DESCRIPTOR):
        where = f"{path}.{field.name}" if path else field.name
        if output_only:
            if where not in keep:
                message.ClearField(field.name)
        elif field.is_repeated:
            for item in getattr(message, field.name):
                clear_output_only(item, frozenset())
        elif message.HasField(field.name):
            clear_output_only(getattr(message, field.name), keep, where)


@cache
def _walks(descriptor: Descriptor) -> tuple[tuple[FieldDescriptor, bool], ...]:
    """The fields that are output-only (True) or have something output-only in them (False)."""
    marked = ((field, OUTPUT_ONLY in behaviors(field)) for field in descriptor.fields)
    return tuple((field, is_one) for field, is_one in marked if is_one or _is_above_one(field, frozenset()))


def _is_above_one(field: FieldDescriptor, seen: frozenset[str]) -> bool:
    inner = field.message_type
    if inner is None or is_map(field) or inner.full_name in seen or inner.file.package.startswith("google."):
        return False
    return any(OUTPUT_ONLY in behaviors(each) or _is_above_one(each, seen | {inner.full_name}) for each in inner.fields)
