"""JSON values into messages: one closure a field, built once from the descriptor."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from gateway.transcoding import fields
from gateway.transcoding.errors import NULL, Errors, Path
from gateway.transcoding.scalars import Refusal, scalar_of
from gateway.transcoding.wellknown import READERS
from runtime.options import is_map

#: Puts a JSON value into a field of a message; what is wrong goes to `Errors` with its path.
FieldReader = Callable[[Any, Any, Path, Errors], None]
#: Fills a message from a JSON value.
MessageReader = Callable[[Any, Any, Path, Errors], None]


class ObjectReader:
    """Reads JSON objects as one message type. `skip` are JSON names that are ignored because the path says them."""

    def __init__(self, descriptor: Descriptor, skip: frozenset[str] = frozenset()) -> None:
        self._descriptor = descriptor
        self._skip = skip
        self._readers: Mapping[str, FieldReader | None] | None = None
        self._oneofs = tuple(group for group in descriptor.oneofs if len(group.fields) > 1)

    def __call__(self, value: Any, message: Any, path: Path, errors: Errors) -> None:
        """Fills `message`. Every field that is wrong, or that there is no such field, is an error."""
        if type(value) is not dict:
            errors.add(path, "must be an object")
            return
        readers = self._compiled()
        for name, item in value.items():
            try:
                reader = readers[name]
            except KeyError:
                errors.add((path, name), _unknown(name, readers))
                continue
            if reader is not None:
                reader(message, item, path, errors)
        if self._oneofs:
            self._check_oneofs(value, path, errors)

    def _compiled(self) -> Mapping[str, FieldReader | None]:
        """Made at first use: message types may contain themselves."""
        if self._readers is None:
            self._readers = {field.camelcase_name: self._reader(field) for field in self._descriptor.fields}
        return self._readers

    def _reader(self, field: FieldDescriptor) -> FieldReader | None:
        if field.camelcase_name in self._skip:
            return None
        if fields.is_ours(field):
            return _dropping_reader(field) if field.enum_type is not None and not field.is_repeated else None
        return _field_reader(field)

    def _check_oneofs(self, value: Mapping[str, Any], path: Path, errors: Errors) -> None:
        for group in self._oneofs:
            given = [field.camelcase_name for field in group.fields if field.camelcase_name in value]
            if len(given) > 1:
                errors.add((path, given[1]), f"only one of {', '.join(given)} may be given")


@cache
def object_reader(descriptor: Descriptor, skip: frozenset[str] = frozenset()) -> ObjectReader:
    return ObjectReader(descriptor, skip)


def _unknown(name: str, known: Mapping[str, Any]) -> str:
    head, *rest = name.split("_")
    meant = head + "".join(part.capitalize() for part in rest)
    return f"unknown field {name}" + (f"; it is written {meant}" if rest and meant in known else "")


def _field_reader(field: FieldDescriptor) -> FieldReader:
    if is_map(field):
        return _map_reader(field)
    if field.is_repeated:
        return _list_reader(field)
    return _message_field_reader(field) if fields.is_message(field) else _scalar_reader(field)


def _scalar_reader(field: FieldDescriptor) -> FieldReader:
    name, json_name, convert = field.name, field.camelcase_name, scalar_of(field)

    def read(message: Any, value: Any, path: Path, errors: Errors) -> None:
        try:
            setattr(message, name, convert(value))
        except Refusal as refusal:
            _refuse(value, (path, json_name), refusal, errors)

    def read_text(message: Any, value: Any, path: Path, errors: Errors) -> None:
        if type(value) is str:
            setattr(message, name, value)
        else:
            read(message, value, path, errors)

    return read_text if field.type == FieldDescriptor.TYPE_STRING else read


def _dropping_reader(field: FieldDescriptor) -> FieldReader:
    """Of an enumeration that Baton alone writes: the value is dropped, but what is none of its names is a mistake."""
    json_name, convert = field.camelcase_name, scalar_of(field)

    def read(message: Any, value: Any, path: Path, errors: Errors) -> None:
        if value is None:
            return
        try:
            convert(value)
        except Refusal as refusal:
            errors.add((path, json_name), str(refusal))

    return read


def _refuse(value: Any, path: Path, refusal: Refusal, errors: Errors) -> None:
    if value is not None:
        errors.add(path, str(refusal))
    elif not errors.nulls_clear:
        errors.add(path, NULL)


def _message_reader(descriptor: Descriptor) -> MessageReader:
    return READERS.get(descriptor.full_name) or object_reader(descriptor)


def _message_field_reader(field: FieldDescriptor) -> FieldReader:
    name, json_name = field.name, field.camelcase_name
    fill = _message_reader(fields.message_of(field))
    null_is_a_value = fields.message_of(field).full_name == fields.VALUE

    def read(message: Any, value: Any, path: Path, errors: Errors) -> None:
        if value is None and not null_is_a_value:
            _refuse(None, (path, json_name), Refusal(), errors)
            return
        inner: Message = getattr(message, name)
        inner.SetInParent()
        fill(value, inner, (path, json_name), errors)

    return read


def _list_reader(field: FieldDescriptor) -> FieldReader:
    name, json_name = field.name, field.camelcase_name
    read_items = _messages_reader(field) if fields.is_message(field) else _scalars_reader(field)

    def read(message: Any, value: Any, path: Path, errors: Errors) -> None:
        if type(value) is list:
            read_items(getattr(message, name), value, (path, json_name), errors)
        else:
            _refuse(value, (path, json_name), Refusal("must be a list"), errors)

    return read


def _scalars_reader(field: FieldDescriptor) -> FieldReader:
    convert = scalar_of(field)

    def read(target: Any, items: Any, path: Path, errors: Errors) -> None:
        for index, item in enumerate(items):
            try:
                target.append(convert(item))
            except Refusal as refusal:
                errors.add((path, index), str(refusal))

    return read


def _messages_reader(field: FieldDescriptor) -> FieldReader:
    fill = _message_reader(fields.message_of(field))

    def read(target: Any, items: Any, path: Path, errors: Errors) -> None:
        for index, item in enumerate(items):
            fill(item, target.add(), (path, index), errors)

    return read


def _map_reader(field: FieldDescriptor) -> FieldReader:
    name, json_name = field.name, field.camelcase_name
    entry = fields.message_of(field).fields_by_name
    key_of = scalar_of(entry["key"], in_text=True)
    put = _map_put(entry["value"])

    def read(message: Any, value: Any, path: Path, errors: Errors) -> None:
        here: Path = (path, json_name)
        if type(value) is not dict:
            _refuse(value, here, Refusal("must be an object"), errors)
            return
        target = getattr(message, name)
        for key, item in value.items():
            try:
                put(target, key_of(key), item, (here, key), errors)
            except Refusal as refusal:
                errors.add((here, key), str(refusal))

    return read


def _map_put(value_field: FieldDescriptor) -> Callable[[Any, Any, Any, Path, Errors], None]:
    if not fields.is_message(value_field):
        convert = scalar_of(value_field)

        def put(target: Any, key: Any, item: Any, path: Path, errors: Errors) -> None:
            target[key] = convert(item)

        return put
    fill = _message_reader(fields.message_of(value_field))

    def put_message(target: Any, key: Any, item: Any, path: Path, errors: Errors) -> None:
        fill(item, target[key], path, errors)

    return put_message
