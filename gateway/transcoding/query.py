"""Query parameters into request messages: every field that neither the path nor the body says, by its JSON name."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway.transcoding import fields
from gateway.transcoding.errors import BadInput, Errors, FieldError, Path
from gateway.transcoding.scalars import URL_TEXT_MAX, Refusal, scalar_of
from gateway.transcoding.wellknown import READERS
from runtime.options import is_map

PARAMETERS_MAX = 1000
#: Values of one repeated parameter.
VALUES_MAX = 100
#: How deep nested messages are spelled with points, `to.city=Riga`.
_DEPTH_MAX = 3
_ONE_VALUE = frozenset({fields.TIMESTAMP, fields.DURATION, fields.FIELD_MASK})

Put = Callable[[Any, str, Path, Errors], None]


class Parameter:
    """One query parameter: its name, the field that it sets, and the names of the messages on the way to it."""

    def __init__(self, name: str, field: FieldDescriptor, way: tuple[str, ...]) -> None:
        self.name = name
        self.field = field
        self.repeated = field.is_repeated
        self._way = way
        self._put = _put(field)

    def set(self, request: Any, text: str, errors: Errors) -> None:
        if len(text) > URL_TEXT_MAX:
            errors.add((None, self.name), f"at most {URL_TEXT_MAX} characters are allowed in a URL")
            return
        message = request
        for step in self._way:
            message = getattr(message, step)
        self._put(message, text, (None, self.name), errors)


class QueryReader:
    """Reads a query string into a request. `bound` are request fields (their paths) that path or body says."""

    def __init__(self, request: Descriptor, bound: frozenset[str]) -> None:
        self.parameters: Mapping[str, Parameter] = {
            parameter.name: parameter for parameter in _parameters(request, bound, "", ())
        }

    def read(self, query: bytes, request: Any, errors: Errors) -> frozenset[str]:
        """Sets what the query says and answers which parameters were given. Raises `BadInput` when it is no UTF-8."""
        if not query:
            return frozenset()
        seen: Counter[str] = Counter()
        for name, text in _pairs(query):
            parameter = self.parameters.get(name)
            if parameter is None:
                errors.add((None, name), f"unknown parameter {name}")
            elif seen[name] and not parameter.repeated:
                errors.add((None, name), "is given twice")
            elif seen[name] == VALUES_MAX:
                errors.add((None, name), f"at most {VALUES_MAX} values are allowed")
            else:
                parameter.set(request, text, errors)
            seen[name] += 1
        return frozenset(seen)


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        text = query.decode("ascii")
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS_MAX)
    except UnicodeDecodeError as error:
        raise BadInput([FieldError("", "the query is no percent-encoded UTF-8")]) from error
    except ValueError as error:
        raise BadInput([FieldError("", f"the query has more than {PARAMETERS_MAX} parameters")]) from error


def _parameters(message: Descriptor, bound: frozenset[str], prefix: str, way: tuple[str, ...]) -> Iterator[Parameter]:
    """`prefix` is what stands before the JSON names of nested fields; `way` the proto names of the messages."""
    for field in message.fields:
        path = ".".join((*way, field.name))
        if path in bound or fields.is_ours(field) or is_map(field):
            continue
        if _is_value(field):
            yield Parameter(prefix + field.camelcase_name, field, way)
        elif fields.is_plain_message(field) and len(way) < _DEPTH_MAX:
            inner = fields.message_of(field)
            yield from _parameters(inner, bound, f"{prefix}{field.camelcase_name}.", (*way, field.name))


def _is_value(field: FieldDescriptor) -> bool:
    if not fields.is_message(field):
        return True
    name = fields.message_of(field).full_name
    return not field.is_repeated and (name in _ONE_VALUE or name in fields.WRAPPERS)


def _put(field: FieldDescriptor) -> Put:
    if not fields.is_message(field):
        return _put_scalar(field)
    name = field.name
    inner = fields.message_of(field)
    if inner.full_name in fields.WRAPPERS:
        return _put_wrapper(field)
    read = READERS[inner.full_name]

    def put(message: Any, text: str, path: Path, errors: Errors) -> None:
        target = getattr(message, name)
        target.SetInParent()
        read(text, target, path, errors)

    return put


def _put_scalar(field: FieldDescriptor) -> Put:
    name, repeated, convert = field.name, field.is_repeated, scalar_of(field, in_text=True)

    def put(message: Any, text: str, path: Path, errors: Errors) -> None:
        try:
            value = convert(text)
        except Refusal as refusal:
            errors.add(path, str(refusal))
            return
        if repeated:
            getattr(message, name).append(value)
        else:
            setattr(message, name, value)

    return put


def _put_wrapper(field: FieldDescriptor) -> Put:
    name, put_value = field.name, _put_scalar(fields.message_of(field).fields_by_name["value"])

    def put(message: Any, text: str, path: Path, errors: Errors) -> None:
        getattr(message, name).SetInParent()
        put_value(getattr(message, name), text, path, errors)

    return put
