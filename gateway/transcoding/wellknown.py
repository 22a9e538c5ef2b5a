"""Messages of google.protobuf that JSON writes as one value: times, masks, free-form JSON, wrappers."""

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf import wrappers_pb2
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.json_format import MessageToDict

from gateway.transcoding import fields
from gateway.transcoding.errors import NULL, Errors, Path
from gateway.transcoding.scalars import Refusal, scalar_of
from gateway.transcoding.times import format_duration, format_time, parse_duration, parse_time

#: Doubles hold every integer up to here; a larger number in free-form JSON would silently become another one.
NUMBER_MAX = 2**53 - 1
#: Deeper free-form JSON is refused here, before it is built; the departments allow less.
DEPTH_MAX = 64

Read = Callable[[Any, Any, Path, Errors], None]
Write = Callable[[Any], Any]


def _read_time(value: Any, message: Any, path: Path, errors: Errors) -> None:
    parsed = parse_time(value) if type(value) is str else None
    if parsed is None:
        errors.add(path, "must be an RFC 3339 time such as 2018-03-06T19:38:55Z")
    else:
        message.seconds, message.nanos = parsed


def _read_duration(value: Any, message: Any, path: Path, errors: Errors) -> None:
    parsed = parse_duration(value) if type(value) is str else None
    if parsed is None:
        errors.add(path, "must be a number of seconds such as 1.5s")
    else:
        message.seconds, message.nanos = parsed


def _read_mask(value: Any, message: Any, path: Path, errors: Errors) -> None:
    """Names as they are: which message they belong to, and so what they are called there, only the request knows."""
    if type(value) is not str:
        errors.add(path, "must be names of fields, divided by commas")
    else:
        message.paths.extend(part.strip() for part in value.split(",") if value.strip())


def _read_names(value: Any, message: Any, path: Path, errors: Errors) -> None:
    """Values by name, such as `custom`: a null there is a name that is cleared, deeper inside it is a value."""
    _read_struct(value, message, path, errors)
    if type(value) is dict and not errors.nulls_clear:
        for name, item in value.items():
            if item is None:
                errors.add((path, name), NULL)


def _read_struct(value: Any, message: Any, path: Path, errors: Errors, depth: int = 0) -> None:
    if type(value) is not dict:
        errors.add(path, "must be an object")
        return
    inside = message.fields
    for key, item in value.items():
        _read_value(item, inside[key], (path, key), errors, depth + 1)


def _read_list(value: Any, message: Any, path: Path, errors: Errors, depth: int = 0) -> None:
    if type(value) is not list:
        errors.add(path, "must be a list")
        return
    for index, item in enumerate(value):
        _read_value(item, message.values.add(), (path, index), errors, depth + 1)


def _read_value(value: Any, message: Any, path: Path, errors: Errors, depth: int = 0) -> None:
    if depth > DEPTH_MAX:
        errors.add(path, f"is nested deeper than {DEPTH_MAX} levels")
    elif type(value) is str:
        message.string_value = value
    elif value is None:
        message.null_value = 0
    elif type(value) is bool:
        message.bool_value = value
    elif type(value) is dict:
        message.struct_value.SetInParent()
        _read_struct(value, message.struct_value, path, errors, depth)
    elif type(value) is list:
        message.list_value.SetInParent()
        _read_list(value, message.list_value, path, errors, depth)
    elif abs(value) <= NUMBER_MAX:
        message.number_value = value
    else:
        errors.add(path, f"numbers are at most {NUMBER_MAX}; send a longer one as a string")


def _wrapper_reader(full_name: str) -> Read:
    convert = scalar_of(_wrapped(full_name))

    def read(value: Any, message: Any, path: Path, errors: Errors) -> None:
        try:
            message.value = convert(value)
            message.SetInParent()
        except Refusal as refusal:
            errors.add(path, str(refusal))

    return read


def _wrapped(full_name: str) -> Any:
    return wrappers_pb2.DESCRIPTOR.message_types_by_name[full_name.rpartition(".")[2]].fields_by_name["value"]


def write_value(message: Any) -> Any:
    """Plain JSON of a google.protobuf.Value; whole numbers without a point."""
    kind = message.WhichOneof("kind")
    if kind == "string_value":
        return message.string_value
    if kind == "number_value":
        return _number(message.number_value)
    if kind == "bool_value":
        return message.bool_value
    if kind == "struct_value":
        return write_struct(message.struct_value)
    return write_list(message.list_value) if kind == "list_value" else None


def _number(value: float) -> float | int:
    return int(value) if value.is_integer() and abs(value) <= NUMBER_MAX else value


def write_struct(message: Any) -> dict[str, Any]:
    return {key: write_value(item) for key, item in message.fields.items()}


def write_list(message: Any) -> list[Any]:
    return [write_value(item) for item in message.values]


def _write_mask(message: FieldMask) -> Any:
    return MessageToDict(message)


READERS: Mapping[str, Read] = {
    fields.TIMESTAMP: _read_time,
    fields.DURATION: _read_duration,
    fields.FIELD_MASK: _read_mask,
    fields.STRUCT: _read_names,
    fields.VALUE: _read_value,
    fields.LIST_VALUE: _read_list,
} | {name: _wrapper_reader(name) for name in fields.WRAPPERS}

WRITERS: Mapping[str, Write] = {
    fields.TIMESTAMP: format_time,
    fields.DURATION: format_duration,
    fields.FIELD_MASK: _write_mask,
    fields.STRUCT: write_struct,
    fields.VALUE: write_value,
    fields.LIST_VALUE: write_list,
}
