from baton.common.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ImportResult(_message.Message):
    __slots__ = ("line", "outcome", "id", "handoff_id", "field", "detail", "warnings")
    class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        OUTCOME_UNSPECIFIED: _ClassVar[ImportResult.Outcome]
        CREATED: _ClassVar[ImportResult.Outcome]
        UPDATED: _ClassVar[ImportResult.Outcome]
        UNCHANGED: _ClassVar[ImportResult.Outcome]
        REJECTED: _ClassVar[ImportResult.Outcome]
        NOT_YET: _ClassVar[ImportResult.Outcome]
    OUTCOME_UNSPECIFIED: ImportResult.Outcome
    CREATED: ImportResult.Outcome
    UPDATED: ImportResult.Outcome
    UNCHANGED: ImportResult.Outcome
    REJECTED: ImportResult.Outcome
    NOT_YET: ImportResult.Outcome
    LINE_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    HANDOFF_ID_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    line: int
    outcome: ImportResult.Outcome
    id: str
    handoff_id: str
    field: str
    detail: str
    warnings: _containers.RepeatedCompositeFieldContainer[RowWarning]
    def __init__(self, line: _Optional[int] = ..., outcome: _Optional[_Union[ImportResult.Outcome, str]] = ..., id: _Optional[str] = ..., handoff_id: _Optional[str] = ..., field: _Optional[str] = ..., detail: _Optional[str] = ..., warnings: _Optional[_Iterable[_Union[RowWarning, _Mapping]]] = ...) -> None: ...

class RowWarning(_message.Message):
    __slots__ = ("field", "detail")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    field: str
    detail: str
    def __init__(self, field: _Optional[str] = ..., detail: _Optional[str] = ...) -> None: ...
