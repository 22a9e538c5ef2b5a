import datetime

from baton.common.v1 import imports_pb2 as _imports_pb2
from baton.common.v1 import options_pb2 as _options_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ImportAcceptancesRequest(_message.Message):
    __slots__ = ("import_id", "rows")
    IMPORT_ID_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    import_id: str
    rows: _containers.RepeatedCompositeFieldContainer[AcceptanceRow]
    def __init__(self, import_id: _Optional[str] = ..., rows: _Optional[_Iterable[_Union[AcceptanceRow, _Mapping]]] = ...) -> None: ...

class AcceptanceRow(_message.Message):
    __slots__ = ("line", "digest", "employee", "acceptance")
    LINE_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    EMPLOYEE_FIELD_NUMBER: _ClassVar[int]
    ACCEPTANCE_FIELD_NUMBER: _ClassVar[int]
    line: int
    digest: str
    employee: str
    acceptance: Acceptance
    def __init__(self, line: _Optional[int] = ..., digest: _Optional[str] = ..., employee: _Optional[str] = ..., acceptance: _Optional[_Union[Acceptance, _Mapping]] = ...) -> None: ...

class Acceptance(_message.Message):
    __slots__ = ("handoff_id", "owner", "accepted_at")
    HANDOFF_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_AT_FIELD_NUMBER: _ClassVar[int]
    handoff_id: str
    owner: str
    accepted_at: _timestamp_pb2.Timestamp
    def __init__(self, handoff_id: _Optional[str] = ..., owner: _Optional[str] = ..., accepted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ImportAcceptancesResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[_imports_pb2.ImportResult]
    def __init__(self, results: _Optional[_Iterable[_Union[_imports_pb2.ImportResult, _Mapping]]] = ...) -> None: ...
