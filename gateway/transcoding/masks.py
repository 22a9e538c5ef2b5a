"""Update masks: made of the body where none is given, and brought to proto names where one is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway.transcoding import fields

#: Everything that a caller may change.
ALL = "*"

Given = Callable[[Any, str], Iterator[str]]


def given(resource: Descriptor, body: Mapping[str, Any], skip: frozenset[str]) -> Iterator[str]:
    """Paths of the fields that a body gives: into nested messages and `custom`, but lists, maps and times whole. An
    empty object gives nothing."""
    walks = _walks(resource)
    for name, value in body.items():
        if name in walks and name not in skip:
            yield from walks[name](value, "")


@cache
def _walks(resource: Descriptor) -> Mapping[str, Given]:
    return {field.camelcase_name: _walk(field) for field in resource.fields if not fields.is_ours(field)}


def _walk(field: FieldDescriptor) -> Given:
    name = field.name
    if fields.is_struct(field):
        return lambda value, prefix: _keys(value, prefix + name)
    if not fields.is_plain_message(field):
        return lambda value, prefix: iter((prefix + name,))
    inner = fields.message_of(field)

    def walk(value: Any, prefix: str) -> Iterator[str]:
        for key, item in value.items():
            if key in _walks(inner):
                yield from _walks(inner)[key](item, f"{prefix}{name}.")

    return walk


def _keys(value: Any, path: str) -> Iterator[str]:
    return (f"{path}.{key}" for key in value)


def to_proto(resource: Descriptor, paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Proto paths for JSON paths, and those that the resource has not or that Baton alone writes."""
    found, wrong = [], []
    for path in paths:
        known = path if path == ALL else _proto_path(resource, path)
        if known is None:
            wrong.append(path)
        else:
            found.append(known)
    return found, wrong


def _proto_path(message: Descriptor, path: str) -> str | None:
    name, dot, rest = path.partition(".")
    field = next((each for each in message.fields if each.camelcase_name == name), None)
    if field is None or fields.is_ours(field):
        return None
    if not dot:
        return field.name
    if fields.is_struct(field):
        return f"{field.name}.{rest}" if rest else None
    inner = _proto_path(fields.message_of(field), rest) if fields.is_plain_message(field) else None
    return f"{field.name}.{inner}" if inner else None
