from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor
ACCESS_FIELD_NUMBER: _ClassVar[int]
access: _descriptor.FieldDescriptor
TEXT_FIELD_NUMBER: _ClassVar[int]
text: _descriptor.FieldDescriptor
NUMBER_FIELD_NUMBER: _ClassVar[int]
number: _descriptor.FieldDescriptor
ITEMS_MAX_FIELD_NUMBER: _ClassVar[int]
items_max: _descriptor.FieldDescriptor
EXAMPLE_FIELD_NUMBER: _ClassVar[int]
example: _descriptor.FieldDescriptor
ROUTED_BY_FIELD_NUMBER: _ClassVar[int]
routed_by: _descriptor.FieldDescriptor

class Access(_message.Message):
    __slots__ = ("roles", "anonymous")
    ROLES_FIELD_NUMBER: _ClassVar[int]
    ANONYMOUS_FIELD_NUMBER: _ClassVar[int]
    roles: _containers.RepeatedScalarFieldContainer[str]
    anonymous: bool
    def __init__(self, roles: _Optional[_Iterable[str]] = ..., anonymous: _Optional[bool] = ...) -> None: ...

class Text(_message.Message):
    __slots__ = ("length_max", "pattern", "format", "multiline", "words")
    LENGTH_MAX_FIELD_NUMBER: _ClassVar[int]
    PATTERN_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    MULTILINE_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    length_max: int
    pattern: str
    format: str
    multiline: bool
    words: str
    def __init__(self, length_max: _Optional[int] = ..., pattern: _Optional[str] = ..., format: _Optional[str] = ..., multiline: _Optional[bool] = ..., words: _Optional[str] = ...) -> None: ...

class Number(_message.Message):
    __slots__ = ("min", "max")
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    min: int
    max: int
    def __init__(self, min: _Optional[int] = ..., max: _Optional[int] = ...) -> None: ...
