"""Messages from plain values and back, by field names: no conversion code per resource.

    fill(Lead, row)                        a row, a dataclass or a fact -> the message
    values(request.lead)                   a message -> what was given, as plain values
    values(request.lead, request.update_mask.paths)
    patched(state, given)                  given paths laid over what is there -> whole top-level values

Plain values are those of facts and rows: `datetime` (UTC) for Timestamp, `timedelta` for Duration (answers only),
`date` for text of the format `date`, `dict` for nested messages and Struct, names for enumerations. Output-only fields
of requests are left out.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple, TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.struct_pb2 import Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import BaseModel

from eventlog.decider import Invalid
from runtime.options import OUTPUT_ONLY, behaviors, is_map, text

M = TypeVar("M", bound=Message)
Convert = Callable[[Any], Any]

_TIMESTAMP = Timestamp.DESCRIPTOR.full_name
_DURATION = Duration.DESCRIPTOR.full_name
_STRUCT = Struct.DESCRIPTOR.full_name
_VALUE = Value.DESCRIPTOR.full_name
#: A database keeps the calendar's very ends as infinity, so neither can be given as a moment.
_FIRST, _LAST = datetime.min.replace(second=1, tzinfo=UTC), datetime.max.replace(microsecond=0, tzinfo=UTC)
_NO_MOMENT = "is not a moment between 0001-01-01T00:00:01Z and 9999-12-31T23:59:59Z"
#: Doubles up to here hold every integer exactly.
_INTEGER_MAX = 2**53


class _Field(NamedTuple):
    """How one field of a message is written (`into`) and read (`out_of`, given its path for errors)."""

    name: str
    descriptor: FieldDescriptor
    repeated: bool
    presence: bool
    output_only: bool
    zero_is_plain: bool
    into: Convert | None
    out_of: Callable[[Any, str], Any]


# ---------------------------------------------------------------------------------------------- to a message


def fill(message: type[M], source: Any, /, **more: Any) -> M:
    """A message of this class from the fields of `source` (a mapping, a row, or an object with attributes) that it
    has; `more` wins over them. What is None or missing stays unset."""
    read = source.get if hasattr(source, "keys") else lambda name: getattr(source, name, None)
    given = {}
    for field in _fields(message.DESCRIPTOR).values():
        value = more[field.name] if field.name in more else read(field.name)
        if value is not None and value != "":
            given[field.name] = field.into(value) if field.into else value
    return message(**given)


def _into(field: FieldDescriptor) -> Convert | None:
    one = _into_one(field)
    if one is None:
        return list if field.is_repeated and not is_map(field) else None
    return (lambda values: [one(value) for value in values]) if field.is_repeated else one


def _into_one(field: FieldDescriptor) -> Convert | None:
    kind = field.message_type
    if is_map(field):
        return None
    if kind is None:
        return _text if field.type == FieldDescriptor.TYPE_STRING else None
    if kind.full_name == _TIMESTAMP:
        return _moment
    if kind.full_name in (_STRUCT, _DURATION):
        return None
    if kind.full_name == _VALUE:
        return _value_of
    nested = GetMessageClass(kind)
    return lambda value: value if isinstance(value, nested) else fill(nested, value)


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _value_of(value: Any) -> Value:
    holder = Struct()
    holder["value"] = value
    return holder.fields["value"]


# -------------------------------------------------------------------------------------------- from a message


def values(message: Message, mask: Iterable[str] = (), *, at: str = "") -> dict[str, Any]:
    """What a request's message says, as plain values by path.

    Without a mask: every populated field. With one: every path it names, also where that clears the value; `*` is
    every field. A path into a nested message or into `custom` (`person.email`, `custom.shoeSize`) stays a path.
    `at` is where the message stands in the request (`lead`), for errors.
    Raises `Invalid` for a path that the message does not have, and for dates and times that the calendar lacks."""
    paths = list(mask)
    if not paths:
        return _populated(message, at)
    if "*" in paths:
        paths = [field.name for field in _fields(message.DESCRIPTOR).values() if not field.output_only]
    return {path: value for path in paths for value in _at(message, path, path, at)}


def patched(state: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Whole top-level values: `given` (from `values` with a mask) laid over the fields that `state` has."""
    result: dict[str, Any] = {}
    for path, value in given.items():
        top, _, rest = path.partition(".")
        if not rest:
            result[top] = value
            continue
        base = result[top] if top in result else getattr(state, top)
        result[top] = _overlaid(_plain(base), rest, value, whole_key=top == "custom")
    return result


def _overlaid(base: dict[str, Any], path: str, value: Any, *, whole_key: bool) -> dict[str, Any]:
    key, _, rest = (path, "", "") if whole_key else path.partition(".")
    laid = dict(base)
    if rest:
        laid[key] = _overlaid(_plain(laid.get(key)), rest, value, whole_key=False)
    elif value is None:
        laid.pop(key, None)
    else:
        laid[key] = value
    return laid


def _plain(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    return value.model_dump() if isinstance(value, BaseModel) else dict(value)


def _populated(message: Message, path: str) -> dict[str, Any]:
    fields = _fields(message.DESCRIPTOR)
    found = {}
    for descriptor, value in message.ListFields():
        field = fields[descriptor.name]
        if not field.output_only:
            found[field.name] = field.out_of(value, _joined(path, field.name))
    return found


def _whole(message: Message, path: str) -> dict[str, Any]:
    """A nested message says all of its plain fields: an unsaid `granted` is false. Enumerations and days have no plain
    zero, so they are left out like unset messages."""
    plain = {
        field.name: [] if field.repeated else getattr(message, field.name)
        for field in _fields(message.DESCRIPTOR).values()
        if field.zero_is_plain and not field.output_only
    }
    return {**plain, **_populated(message, path)}


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _at(message: Message, path: str, whole: str, at: str) -> list[Any]:
    """The value at a path as a list of one; an empty list where the path leads to an output-only field."""
    name, dot, rest = path.partition(".")
    field = _fields(message.DESCRIPTOR).get(name)
    if field is None or (dot and not rest):
        raise Invalid(f"there is no field {whole}", field="update_mask")
    if field.output_only:
        return []
    if not rest:
        present = not field.presence or message.HasField(name)
        return [field.out_of(getattr(message, name), _joined(at, whole)) if present else None]
    if field.repeated or field.descriptor.message_type is None:
        raise Invalid(f"{whole} goes into a field that is replaced whole", field="update_mask")
    if field.descriptor.message_type.full_name == _STRUCT:
        return [_struct_out(getattr(message, name)).get(rest)]
    return _at(getattr(message, name), rest, whole, at)


def _out_of(field: FieldDescriptor) -> Callable[[Any, str], Any]:
    if is_map(field):
        return lambda value, path: dict(value)
    one = _out_of_one(field)
    if not field.is_repeated:
        return one
    if one is _date_out:
        return lambda items, path: [one(item, f"{path}[{index}]") for index, item in enumerate(items) if item]
    return lambda items, path: [one(item, f"{path}[{index}]") for index, item in enumerate(items)]


def _out_of_one(field: FieldDescriptor) -> Callable[[Any, str], Any]:
    kind = field.message_type
    if kind is None:
        return _scalar_out(field)
    if kind.full_name == _TIMESTAMP:
        return _moment_out
    if kind.full_name == _STRUCT:
        return lambda value, path: _struct_out(value)
    if kind.full_name == _VALUE:
        return lambda value, path: _value_out(value)
    return _whole


def _scalar_out(field: FieldDescriptor) -> Callable[[Any, str], Any]:
    if field.enum_type is not None:
        names = {number: value.name for number, value in field.enum_type.values_by_number.items()}
        return lambda value, path: names.get(value, "") if value else ""
    if text(field).format == "date":
        return _date_out
    return lambda value, path: value


def _moment_out(value: Timestamp, path: str) -> datetime:
    try:
        moment = value.ToDatetime(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid(_NO_MOMENT, field=path) from error
    if not _FIRST <= moment <= _LAST:
        raise Invalid(_NO_MOMENT, field=path)
    return moment


def _date_out(value: str, path: str) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError as error:
        raise Invalid(f"{value} is not a day of the calendar", field=path) from error


def _struct_out(struct: Struct) -> dict[str, Any]:
    return {name: _value_out(value) for name, value in struct.fields.items()}


def _value_out(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() and abs(number) <= _INTEGER_MAX else number
    if kind == "struct_value":
        return _struct_out(value.struct_value)
    if kind == "list_value":
        return [_value_out(item) for item in value.list_value.values]
    return None if kind in (None, "null_value") else getattr(value, kind)


# ---------------------------------------------------------------------------------------------- descriptors


@cache
def _fields(message: Descriptor) -> dict[str, _Field]:
    return {
        field.name: _Field(
            field.name,
            field,
            field.is_repeated,
            field.has_presence,
            OUTPUT_ONLY in behaviors(field),
            not field.has_presence and not is_map(field) and (field.is_repeated or _has_plain_zero(field)),
            _into(field),
            _out_of(field),
        )
        for field in message.fields
    }


def _has_plain_zero(field: FieldDescriptor) -> bool:
    return field.enum_type is None and text(field).format != "date"
