"""Messages as JSON: all plain fields of a message in one step, the others by closures built once."""

from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

import orjson
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from gateway.transcoding import fields
from gateway.transcoding.scalars_out import scalar_writer
from gateway.transcoding.wellknown import WRITERS
from runtime.options import is_map

Write = Callable[[Any], Any]


class ObjectWriter:
    """Writes one message type as a dict that `orjson` can serialise.

    Fields without presence always appear; an unset message, time or optional value does not."""

    def __init__(self, descriptor: Descriptor) -> None:
        self._descriptor = descriptor
        self._names: Sequence[str] = [field.camelcase_name for field in descriptor.fields]
        self._values = _getter([field.name for field in descriptor.fields])
        self._always: list[tuple[str, Write]] | None = None
        self._present: list[tuple[str, str, Write | None]] = []

    def __call__(self, message: Message) -> dict[str, Any]:
        if self._always is None:
            self._always = self._compile()
        out = dict(zip(self._names, self._values(message), strict=True))
        for name, write in self._always:
            out[name] = write(out[name])
        has = message.HasField
        for name, field_name, convert in self._present:
            if not has(field_name):
                del out[name]
            elif convert is not None:
                out[name] = convert(out[name])
        return out

    def _compile(self) -> list[tuple[str, Write]]:
        """Made at first use: message types may contain themselves."""
        always: list[tuple[str, Write]] = []
        for field in self._descriptor.fields:
            write = _field_writer(field)
            if field.has_presence:
                self._present.append((field.camelcase_name, field.name, write))
            elif write is not None:
                always.append((field.camelcase_name, write))
        return always


def _getter(names: Sequence[str]) -> Callable[[Any], Sequence[Any]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda message: [getattr(message, name) for name in names]


@cache
def object_writer(descriptor: Descriptor) -> Write:
    return ObjectWriter(descriptor)


def to_json(message: Message) -> bytes:
    """The message as JSON in UTF-8."""
    return orjson.dumps(_message_writer(message.DESCRIPTOR)(message))


def _message_writer(descriptor: Any) -> Write:
    if descriptor.full_name in fields.WRAPPERS:
        convert = scalar_writer(descriptor.fields_by_name["value"])
        return (lambda message: convert(message.value)) if convert else attrgetter("value")
    return WRITERS.get(descriptor.full_name) or object_writer(descriptor)


def _field_writer(field: FieldDescriptor) -> Write | None:
    """How the field's value becomes JSON; None where `orjson` takes it as it is."""
    if is_map(field):
        return _map_writer(field)
    one = _message_writer(fields.message_of(field)) if fields.is_message(field) else scalar_writer(field)
    if not field.is_repeated:
        return one
    return list if one is None else lambda items: [one(item) for item in items]


def _map_writer(field: FieldDescriptor) -> Write:
    entry = fields.message_of(field).fields_by_name
    one = _field_writer(entry["value"])
    key = str if entry["key"].type != FieldDescriptor.TYPE_BOOL else lambda value: "true" if value else "false"
    if one is None:
        return lambda items: {key(name): value for name, value in items.items()}
    return lambda items: {key(name): one(value) for name, value in items.items()}
