"""Typed access to what descriptors say beside their fields: Baton's own options and Google's field behaviours."""

from typing import Any

from baton.common.v1 import options_pb2
from google.api import field_behavior_pb2
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor, ServiceDescriptor

REQUIRED: int = field_behavior_pb2.REQUIRED
OUTPUT_ONLY: int = field_behavior_pb2.OUTPUT_ONLY

#: Limits where a field says nothing.
LENGTH_MAX = 10_000
ITEMS_MAX = 1_000
#: Items of one list or object in free-form JSON: its values may be lists again, and a request has a limit.
FREE_ITEMS_MAX = 100

_FORMATS = {
    "date": "a day such as 2026-03-31",
    "decimal": "a decimal number such as 12.30",
    "email": "an e-mail address such as anna@example.com",
    "uuid": "an id such as 0d8743a1-dd72-533d-b90c-850c28206657",
}


def access(method: MethodDescriptor) -> options_pb2.Access | None:
    """Who may call an RPC, or None where nothing is said: then nobody may."""
    options: Any = method.GetOptions()
    return options.Extensions[options_pb2.access] if options.HasExtension(options_pb2.access) else None


def routed_by(service: ServiceDescriptor) -> str:
    """The request's field that names the department to ask, or ""."""
    return str(_extension(service, options_pb2.routed_by))


def text(field: FieldDescriptor) -> options_pb2.Text:
    found: options_pb2.Text = _extension(field, options_pb2.text)
    return found


def allowed(rule: options_pb2.Text) -> str:
    """What a text's pattern allows, in words that go on after "must be"."""
    if rule.words or rule.format in _FORMATS:
        return rule.words or _FORMATS[rule.format]
    alternatives = rule.pattern.split("|")
    if all(map(str.isalnum, alternatives)):
        return f"one of {', '.join(alternatives)}"
    return f"a text that {rule.pattern} matches"


def number(field: FieldDescriptor) -> options_pb2.Number:
    found: options_pb2.Number = _extension(field, options_pb2.number)
    return found


def items_max(field: FieldDescriptor) -> int:
    return int(_extension(field, options_pb2.items_max)) or ITEMS_MAX


def example(field: FieldDescriptor) -> str:
    """The documentation's example of a value, or ""."""
    return str(_extension(field, options_pb2.example))


def behaviors(field: FieldDescriptor) -> frozenset[int]:
    """The field's `google.api.field_behavior` values."""
    return frozenset(_extension(field, field_behavior_pb2.field_behavior))


def is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _extension(described: Any, extension: Any) -> Any:
    return described.GetOptions().Extensions[extension]
