"""What the contract demands of single values, in the words of JSON Schema: the rules that the departments check."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from google.protobuf.descriptor import FieldDescriptor

from gateway.transcoding import fields
from gateway.transcoding.times import BEYOND
from gateway.transcoding.wellknown import NUMBER_MAX
from runtime import options
from runtime.options import FREE_ITEMS_MAX, LENGTH_MAX

Schema: TypeAlias = dict[str, Any]

LINE = r"^[^\u0000-\u001f\u007f-\u009f]*$"
LINES = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"
_CALENDAR = "date"
#: Formats of JSON Schema that Baton does not check to the letter, so the document does not promise them.
_LOOSE = frozenset({"email", "idn-email", "uuid", "uri", "hostname", "time"})

_TIME_EXAMPLE = "2026-03-06T19:38:55Z"

WELL_KNOWN: Mapping[str, Schema] = {
    fields.TIMESTAMP: {
        "type": "string",
        "format": "date-time",
        "not": {"pattern": BEYOND},
        "description": "RFC 3339; answered in UTC.",
    },
    fields.DURATION: {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,9})?s$"},
    fields.FIELD_MASK: {"type": "string", "maxLength": LENGTH_MAX},
    fields.STRUCT: {"$ref": "#/components/schemas/Struct"},
    fields.VALUE: {"$ref": "#/components/schemas/Value"},
    fields.LIST_VALUE: {"type": "array", "items": {"$ref": "#/components/schemas/Value"}, "maxItems": FREE_ITEMS_MAX},
}

#: The same in answers, where free-form JSON may be more than a caller may send: what a fact says, whole.
ANSWERED: Mapping[str, Schema] = {
    **WELL_KNOWN,
    fields.STRUCT: {"type": "object", "additionalProperties": True},
    fields.VALUE: {},
    fields.LIST_VALUE: {"type": "array", "items": {}},
}

_FREE_TEXT: Schema = {"type": "string", "maxLength": LENGTH_MAX, "pattern": LINES}

_NAMES: Schema = {"propertyNames": {"maxLength": LENGTH_MAX, "pattern": LINES}, "maxProperties": FREE_ITEMS_MAX}

#: Free-form JSON.
FREE_FORM: Mapping[str, Schema] = {
    "Struct": {
        "type": "object",
        "description": "Values by name.",
        "additionalProperties": {"$ref": "#/components/schemas/PresentValue"},
        **_NAMES,
        "propertyNames": {**_NAMES["propertyNames"], "minLength": 1},
    },
    "NestedStruct": {
        "type": "object",
        "additionalProperties": {"$ref": "#/components/schemas/Value"},
        **_NAMES,
    },
    "Value": {
        "description": "Any JSON value, nested at most 10 levels deep.",
        "anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/PresentValue"}],
    },
    "PresentValue": {
        "description": "Any JSON value but null, nested at most 10 levels deep.",
        "anyOf": [
            {"type": "boolean"},
            {"type": "number", "minimum": -NUMBER_MAX, "maximum": NUMBER_MAX},
            _FREE_TEXT,
            {"type": "array", "items": {"$ref": "#/components/schemas/Value"}, "maxItems": FREE_ITEMS_MAX},
            {"$ref": "#/components/schemas/NestedStruct"},
        ],
    },
}


def scalar(field: FieldDescriptor, *, for_input: bool, in_text: bool = False) -> Schema:
    """One value of a field that is no message. `in_text`: it stands in a path or query."""
    if field.enum_type is not None:
        return {"type": "string", "enum": list(fields.enum_names(field, for_input=for_input))}
    if field.type == FieldDescriptor.TYPE_STRING:
        return _text(field) if for_input else _answered_text(field)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return {"type": "string", "contentEncoding": "base64"}
    if field.type == FieldDescriptor.TYPE_BOOL:
        return {"type": "boolean"}
    return _number(field, for_input=for_input, in_text=in_text)


def _text(field: FieldDescriptor) -> Schema:
    rule = options.text(field)
    required = fields.is_required(field) and not field.is_repeated
    schema: Schema = {"type": "string", "maxLength": rule.length_max or LENGTH_MAX}
    controls = LINES if rule.multiline else LINE
    if required:
        schema["minLength"] = 1
    schema["pattern"] = (
        (f"^(?:{rule.pattern})$" if required else f"^(?:{rule.pattern})?$") if rule.pattern else controls
    )
    if rule.pattern and ("." in rule.pattern or "[^" in rule.pattern):
        schema["allOf"] = [{"pattern": controls}]
    return _formatted(schema, rule.format, required=required)


def _formatted(schema: Schema, format: str, *, required: bool) -> Schema:
    """An optional text may be empty, which is no date; so the format holds for texts with characters."""
    if not format or format in _LOOSE:
        return schema
    if format == _CALENDAR and not required:
        return {"type": "string", "anyOf": [{"const": ""}, {**schema, "format": format}]}
    return schema | {"format": format}


def _answered_text(field: FieldDescriptor) -> Schema:
    """Answers may be empty, or say that somebody was erased, so they promise no pattern."""
    format = options.text(field).format
    return {"type": "string"} | ({"format": format} if format and format not in _LOOSE | {_CALENDAR} else {})


def _number(field: FieldDescriptor, *, for_input: bool, in_text: bool) -> Schema:
    if field.type in fields.REAL:
        return {"type": "number", "format": "double" if field.type == FieldDescriptor.TYPE_DOUBLE else "float"}
    least, most = fields.integer_bounds(field)
    if field.type in fields.LONG and not in_text:
        digits = "{0,17}" if for_input else "{0,19}"
        return {"type": "string", "format": "int64", "pattern": f"^-?(0|[1-9][0-9]{digits})$"}
    schema: Schema = {"type": "integer", "format": "int64" if field.type in fields.LONG else "int32"}
    if not for_input:
        return schema
    rule = options.number(field)
    schema["minimum"] = max(least, rule.min if rule.HasField("min") else _least_by_name(field, least))
    schema["maximum"] = min(most, rule.max) if rule.HasField("max") else most
    if fields.is_required(field) and not field.has_presence and schema["minimum"] <= 0 <= schema["maximum"]:
        schema["not"] = {"const": 0}
    return schema


def _least_by_name(field: FieldDescriptor, least: int) -> int:
    """Every list has a `page_size`, and a page is never of a negative size."""
    return 0 if field.name == "page_size" else least


def example(field: FieldDescriptor) -> Any:
    """The example that the contract gives for one value, in the field's JSON type; None where it gives none."""
    text = options.example(field)
    if not text:
        return _TIME_EXAMPLE if _needs_time(field) else None
    if field.type == FieldDescriptor.TYPE_BOOL:
        return text == "true"
    if fields.is_message(field) or field.enum_type is not None or field.type == FieldDescriptor.TYPE_STRING:
        return text
    if field.type in fields.LONG:
        return text
    return float(text) if field.type in fields.REAL else int(text)


def _needs_time(field: FieldDescriptor) -> bool:
    return (
        fields.is_required(field)
        and fields.is_message(field)
        and fields.message_of(field).full_name == fields.TIMESTAMP
    )
