"""Messages as schemas: what is answered, what may be sent, and what a change may hold."""

from collections.abc import Iterator
from itertools import chain, count
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway.comments import Comments
from gateway.openapi import rules
from gateway.openapi.rules import Schema
from gateway.transcoding import fields
from runtime.options import is_map, items_max


class Schemas:
    """Collects `components.schemas` while operations ask for what they refer to."""

    def __init__(self, comments: Comments) -> None:
        self.components: dict[str, Schema] = dict(rules.FREE_FORM)
        self._comments = comments
        self._owners: dict[str, tuple[str, frozenset[str]]] = {}

    def answered(self, message: Descriptor) -> Schema:
        """A reference to the message as Baton answers it."""
        if message.full_name in rules.ANSWERED:
            return rules.ANSWERED[message.full_name]
        return self._component(message, "", frozenset(), for_input=False)

    def sent(self, message: Descriptor, skip: frozenset[str] = frozenset(), *, change: bool = False) -> Schema:
        """A reference to the message as a caller sends it: without what Baton alone writes, without `skip` (JSON
        names, said by the path). A `change` requires nothing."""
        if message.full_name in rules.WELL_KNOWN:
            return rules.WELL_KNOWN[message.full_name]
        suffix = "" if message.name.endswith("Request") else "Change" if change else "Input"
        return self._component(message, suffix, skip, for_input=True, change=change)

    def _component(
        self, message: Descriptor, suffix: str, skip: frozenset[str], *, for_input: bool, change: bool = False
    ) -> Schema:
        name = self._name(message, suffix, skip)
        if name not in self.components:
            self.components[name] = {}  # messages may contain themselves
            self.components[name] |= self._object(message, skip, for_input=for_input, change=change)
        return {"$ref": f"#/components/schemas/{name}"}

    def _name(self, message: Descriptor, suffix: str, skip: frozenset[str]) -> str:
        """Short where it can be: with the department in front where two have messages of one name, with a number
        where one message is sent in two forms."""
        short = message.full_name.removeprefix(f"{message.file.package}.").replace(".", "") + suffix
        long = message.file.package.split(".")[-2].capitalize() + short
        owner = (message.full_name, skip)
        candidates = chain((short, long), (f"{long}{number}" for number in count(2)))
        return next(each for each in candidates if self._owners.setdefault(each, owner) == owner)

    def _object(self, message: Descriptor, skip: frozenset[str], *, for_input: bool, change: bool) -> Schema:
        said = [each for each in message.fields if not (for_input and _left_out(each, skip))]
        schema: Schema = {
            "type": "object",
            "properties": {each.camelcase_name: self.field(each, for_input=for_input) for each in said},
        }
        description = self._comments.of_name(message.full_name)
        if description:
            schema["description"] = description
        required = [each.camelcase_name for each in said if _always(each, for_input=for_input)]
        if required and not change:
            schema["required"] = required
        if for_input:
            schema["additionalProperties"] = False
            if exclusions := list(_exclusions(message)):
                schema["allOf"] = exclusions
        return schema

    def field(self, field: FieldDescriptor, *, for_input: bool, in_text: bool = False) -> Schema:
        """The field's value with its comment and example."""
        schema = self._bare(field, for_input=for_input, in_text=in_text)
        notes: Schema = {}
        comment = self._comments.of_name(field.full_name)
        if comment:
            notes["description"] = comment
        if not for_input and fields.is_ours(field):
            notes["readOnly"] = True
        example = rules.example(field)
        if example is not None and not fields.is_message(field):
            notes["examples"] = [[example] if field.is_repeated else example]
        return schema | notes

    def _bare(self, field: FieldDescriptor, *, for_input: bool, in_text: bool) -> Schema:
        if is_map(field):
            return self._map(field, for_input=for_input)
        one = self._one(field, for_input=for_input, in_text=in_text)
        if not field.is_repeated:
            return one
        schema: Schema = {"type": "array", "items": one}
        if for_input:
            schema["maxItems"] = items_max(field)
            if fields.is_required(field):
                schema["minItems"] = 1
        return schema

    def _one(self, field: FieldDescriptor, *, for_input: bool, in_text: bool = False) -> Schema:
        if not fields.is_message(field):
            return rules.scalar(field, for_input=for_input, in_text=in_text)
        message = fields.message_of(field)
        if message.full_name in fields.WRAPPERS:
            return rules.scalar(message.fields_by_name["value"], for_input=for_input, in_text=in_text)
        return self.sent(message) if for_input else self.answered(message)

    def _map(self, field: FieldDescriptor, *, for_input: bool) -> Schema:
        entry = fields.message_of(field).fields_by_name
        schema: Schema = {"type": "object", "additionalProperties": self._one(entry["value"], for_input=for_input)}
        if for_input:
            schema["maxProperties"] = items_max(field)
            if entry["key"].type == FieldDescriptor.TYPE_STRING:
                schema["propertyNames"] = rules.scalar(entry["key"], for_input=True)
        return schema

    def example(self, message: Descriptor, skip: frozenset[str] = frozenset(), depth: int = 0) -> dict[str, Any] | None:
        """A body made of the fields' own examples; None where something required has none."""
        said = [each for each in message.fields if not _left_out(each, skip)]
        found = {each.camelcase_name: value for each in said if (value := self._example(each, depth)) is not None}
        missing = [each for each in said if fields.is_required(each) and each.camelcase_name not in found]
        return None if missing else found

    def _example(self, field: FieldDescriptor, depth: int) -> Any:
        value = rules.example(field)
        nested = fields.is_message(field) and not fields.is_open(field)
        if value is None and nested and fields.message_of(field).full_name not in fields.WELL_KNOWN and depth < 3:
            value = self.example(fields.message_of(field), depth=depth + 1) or None
        return [value] if value is not None and field.is_repeated else value


def _left_out(field: FieldDescriptor, skip: frozenset[str]) -> bool:
    return fields.is_ours(field) or field.camelcase_name in skip


def _always(field: FieldDescriptor, *, for_input: bool) -> bool:
    """Whether the field must be sent, or is always answered."""
    return fields.is_required(field) if for_input else not field.has_presence


def _exclusions(message: Descriptor) -> Iterator[Schema]:
    """Of the members of a oneof, no two."""
    for group in message.oneofs:
        names = [each.camelcase_name for each in group.fields]
        pairs = ((one, other) for index, one in enumerate(names) for other in names[index + 1 :])
        yield from ({"not": {"required": list(pair)}} for pair in pairs)
