"""What a field's descriptor says, in the words that the rest of the gateway uses."""

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from runtime.options import OUTPUT_ONLY, REQUIRED, behaviors, is_map

#: Messages that proto3 JSON writes as one value.
TIMESTAMP = "google.protobuf.Timestamp"
DURATION = "google.protobuf.Duration"
FIELD_MASK = "google.protobuf.FieldMask"
STRUCT = "google.protobuf.Struct"
VALUE = "google.protobuf.Value"
LIST_VALUE = "google.protobuf.ListValue"
WRAPPERS = frozenset(
    f"google.protobuf.{kind}Value"
    for kind in ("Bool", "Bytes", "Double", "Float", "Int32", "Int64", "String", "UInt32", "UInt64")
)
WELL_KNOWN = frozenset({TIMESTAMP, DURATION, FIELD_MASK, STRUCT, VALUE, LIST_VALUE}) | WRAPPERS

#: Scalar types whose JSON is a string, because a JSON number would lose digits.
LONG = frozenset(
    {
        FieldDescriptor.TYPE_INT64,
        FieldDescriptor.TYPE_SINT64,
        FieldDescriptor.TYPE_SFIXED64,
        FieldDescriptor.TYPE_UINT64,
        FieldDescriptor.TYPE_FIXED64,
    }
)
UNSIGNED = frozenset(
    {
        FieldDescriptor.TYPE_UINT32,
        FieldDescriptor.TYPE_FIXED32,
        FieldDescriptor.TYPE_UINT64,
        FieldDescriptor.TYPE_FIXED64,
    }
)
REAL = frozenset({FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT})


def is_message(field: FieldDescriptor) -> bool:
    return field.message_type is not None


def message_of(field: FieldDescriptor) -> Descriptor:
    """The message type of a field that has one."""
    if field.message_type is None:
        raise TypeError(f"{field.full_name} is no message")
    return field.message_type


def is_plain_message(field: FieldDescriptor) -> bool:
    """One nested message with fields of its own, written as an object."""
    return is_message(field) and not field.is_repeated and message_of(field).full_name not in WELL_KNOWN


def is_struct(field: FieldDescriptor) -> bool:
    """One free-form object, such as `custom`."""
    return is_message(field) and message_of(field).full_name == STRUCT and not field.is_repeated


def is_open(field: FieldDescriptor) -> bool:
    """Names of the caller's own are allowed in it: a map or a Struct."""
    return is_map(field) or is_struct(field)


def is_ours(field: FieldDescriptor) -> bool:
    """Written by Baton alone; what a caller sends is ignored (AIP-203)."""
    return OUTPUT_ONLY in behaviors(field)


def is_required(field: FieldDescriptor) -> bool:
    return REQUIRED in behaviors(field)


def enum_names(field: FieldDescriptor, *, for_input: bool) -> dict[str, int]:
    """The names of an enumeration; the zero value that means "not said" cannot be said in a request."""
    values = field.enum_type.values if field.enum_type else ()
    return {v.name: v.number for v in values if not (for_input and v.number == 0 and v.name.endswith("_UNSPECIFIED"))}


def integer_bounds(field: FieldDescriptor) -> tuple[int, int]:
    bits = 64 if field.type in LONG else 32
    return (0, 2**bits - 1) if field.type in UNSIGNED else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
