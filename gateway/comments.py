"""The comments of the proto files, by the full name of what they describe."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet

# Numbers of the fields in descriptor.proto, of which a location's path is made.
_MESSAGE, _ENUM, _SERVICE = 4, 5, 6
_FIELD, _NESTED, _NESTED_ENUM = 2, 3, 4
_VALUE, _METHOD = 2, 2

_PARAGRAPH = re.compile(r"\n\s*\n")
_SENTENCE = re.compile(r"(?<=[.!?])\s")

Location = tuple[int, ...]


@dataclass(frozen=True)
class Comments:
    """What the contract's authors say about each message, field, value, service and RPC."""

    texts: Mapping[str, str]

    @classmethod
    def of(cls, files: FileDescriptorSet) -> "Comments":
        """From a descriptor set made with `--include_source_info`."""
        return cls({name: text for file in files.file for name, text in _file(file)})

    def of_name(self, full_name: str) -> str:
        """The whole comment in one paragraph a line, or ""."""
        return self.texts.get(full_name, "")

    def summary(self, full_name: str) -> str:
        """The comment's first sentence without its full stop."""
        return _SENTENCE.split(self.of_name(full_name), maxsplit=1)[0].removesuffix(".")


def _file(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    names = dict(_names(file))
    for location in file.source_code_info.location:
        name = names.get(tuple(location.path))
        text = location.leading_comments or location.trailing_comments
        if name and text:
            yield name, _flowing(text)


def _flowing(text: str) -> str:
    """Lines of a paragraph joined; paragraphs stay apart."""
    return "\n\n".join(" ".join(part.split()) for part in _PARAGRAPH.split(text.strip()))


def _names(file: FileDescriptorProto) -> Iterator[tuple[Location, str]]:
    yield from _messages(file.message_type, (_MESSAGE,), file.package)
    yield from _enums(file.enum_type, (_ENUM,), file.package)
    for index, service in enumerate(file.service):
        at, name = (_SERVICE, index), f"{file.package}.{service.name}"
        yield at, name
        yield from (((*at, _METHOD, n), f"{name}.{method.name}") for n, method in enumerate(service.method))


def _messages(messages: Sequence[DescriptorProto], at: Location, scope: str) -> Iterator[tuple[Location, str]]:
    for index, message in enumerate(messages):
        here, name = (*at, index), f"{scope}.{message.name}"
        yield here, name
        yield from (((*here, _FIELD, n), f"{name}.{field.name}") for n, field in enumerate(message.field))
        yield from _messages(message.nested_type, (*here, _NESTED), name)
        yield from _enums(message.enum_type, (*here, _NESTED_ENUM), name)


def _enums(enums: Sequence[EnumDescriptorProto], at: Location, scope: str) -> Iterator[tuple[Location, str]]:
    for index, enum in enumerate(enums):
        here, name = (*at, index), f"{scope}.{enum.name}"
        yield here, name
        yield from (((*here, _VALUE, n), f"{name}.{value.name}") for n, value in enumerate(enum.value))
