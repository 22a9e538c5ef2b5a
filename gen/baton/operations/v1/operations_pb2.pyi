import datetime

from baton.common.v1 import options_pb2 as _options_pb2
from baton.log.v1 import log_pb2 as _log_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetStatusRequest(_message.Message):
    __slots__ = ("tenant", "department")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    department: str
    def __init__(self, tenant: _Optional[str] = ..., department: _Optional[str] = ...) -> None: ...

class Status(_message.Message):
    __slots__ = ("departments", "unreachable", "kafka")
    DEPARTMENTS_FIELD_NUMBER: _ClassVar[int]
    UNREACHABLE_FIELD_NUMBER: _ClassVar[int]
    KAFKA_FIELD_NUMBER: _ClassVar[int]
    departments: _containers.RepeatedCompositeFieldContainer[DepartmentStatus]
    unreachable: _containers.RepeatedScalarFieldContainer[str]
    kafka: KafkaStatus
    def __init__(self, departments: _Optional[_Iterable[_Union[DepartmentStatus, _Mapping]]] = ..., unreachable: _Optional[_Iterable[str]] = ..., kafka: _Optional[_Union[KafkaStatus, _Mapping]] = ...) -> None: ...

class KafkaStatus(_message.Message):
    __slots__ = ("bootstrap",)
    BOOTSTRAP_FIELD_NUMBER: _ClassVar[int]
    bootstrap: str
    def __init__(self, bootstrap: _Optional[str] = ...) -> None: ...

class DepartmentStatus(_message.Message):
    __slots__ = ("department", "head", "sources", "parked", "due", "failed", "waiting", "relay", "streaming")
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    PARKED_FIELD_NUMBER: _ClassVar[int]
    DUE_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    RELAY_FIELD_NUMBER: _ClassVar[int]
    STREAMING_FIELD_NUMBER: _ClassVar[int]
    department: str
    head: str
    sources: _containers.RepeatedCompositeFieldContainer[SourceStatus]
    parked: int
    due: int
    failed: str
    waiting: _containers.RepeatedCompositeFieldContainer[WaitingTodos]
    relay: RelayStatus
    streaming: StreamingStatus
    def __init__(self, department: _Optional[str] = ..., head: _Optional[str] = ..., sources: _Optional[_Iterable[_Union[SourceStatus, _Mapping]]] = ..., parked: _Optional[int] = ..., due: _Optional[int] = ..., failed: _Optional[str] = ..., waiting: _Optional[_Iterable[_Union[WaitingTodos, _Mapping]]] = ..., relay: _Optional[_Union[RelayStatus, _Mapping]] = ..., streaming: _Optional[_Union[StreamingStatus, _Mapping]] = ...) -> None: ...

class StreamingStatus(_message.Message):
    __slots__ = ("sources", "parked")
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    PARKED_FIELD_NUMBER: _ClassVar[int]
    sources: _containers.RepeatedCompositeFieldContainer[SourceStatus]
    parked: int
    def __init__(self, sources: _Optional[_Iterable[_Union[SourceStatus, _Mapping]]] = ..., parked: _Optional[int] = ...) -> None: ...

class WaitingTodos(_message.Message):
    __slots__ = ("kind", "count", "since", "seconds", "reason")
    KIND_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    kind: str
    count: int
    since: _timestamp_pb2.Timestamp
    seconds: float
    reason: str
    def __init__(self, kind: _Optional[str] = ..., count: _Optional[int] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., seconds: _Optional[float] = ..., reason: _Optional[str] = ...) -> None: ...

class RelayStatus(_message.Message):
    __slots__ = ("position", "lag")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    LAG_FIELD_NUMBER: _ClassVar[int]
    position: str
    lag: int
    def __init__(self, position: _Optional[str] = ..., lag: _Optional[int] = ...) -> None: ...

class SourceStatus(_message.Message):
    __slots__ = ("source", "position", "lag")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    LAG_FIELD_NUMBER: _ClassVar[int]
    source: str
    position: str
    lag: int
    def __init__(self, source: _Optional[str] = ..., position: _Optional[str] = ..., lag: _Optional[int] = ...) -> None: ...

class ListParkedRequest(_message.Message):
    __slots__ = ("department", "tenant")
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    department: str
    tenant: str
    def __init__(self, department: _Optional[str] = ..., tenant: _Optional[str] = ...) -> None: ...

class ListParkedResponse(_message.Message):
    __slots__ = ("parked", "unreachable")
    PARKED_FIELD_NUMBER: _ClassVar[int]
    UNREACHABLE_FIELD_NUMBER: _ClassVar[int]
    parked: _containers.RepeatedCompositeFieldContainer[ParkedStream]
    unreachable: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, parked: _Optional[_Iterable[_Union[ParkedStream, _Mapping]]] = ..., unreachable: _Optional[_Iterable[str]] = ...) -> None: ...

class ParkedStream(_message.Message):
    __slots__ = ("department", "source", "tenant", "stream", "version", "type", "kind", "reason", "parked_at", "events", "by")
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    PARKED_AT_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    department: str
    source: str
    tenant: str
    stream: str
    version: int
    type: str
    kind: str
    reason: str
    parked_at: _timestamp_pb2.Timestamp
    events: int
    by: str
    def __init__(self, department: _Optional[str] = ..., source: _Optional[str] = ..., tenant: _Optional[str] = ..., stream: _Optional[str] = ..., version: _Optional[int] = ..., type: _Optional[str] = ..., kind: _Optional[str] = ..., reason: _Optional[str] = ..., parked_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., events: _Optional[int] = ..., by: _Optional[str] = ...) -> None: ...

class GetParkedRequest(_message.Message):
    __slots__ = ("department", "stream", "tenant")
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    department: str
    stream: str
    tenant: str
    def __init__(self, department: _Optional[str] = ..., stream: _Optional[str] = ..., tenant: _Optional[str] = ...) -> None: ...

class ParkedEvents(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[ParkedEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[ParkedEvent, _Mapping]]] = ...) -> None: ...

class ParkedEvent(_message.Message):
    __slots__ = ("event", "kind", "reason", "by")
    EVENT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    event: _log_pb2.LoggedEvent
    kind: str
    reason: str
    by: str
    def __init__(self, event: _Optional[_Union[_log_pb2.LoggedEvent, _Mapping]] = ..., kind: _Optional[str] = ..., reason: _Optional[str] = ..., by: _Optional[str] = ...) -> None: ...

class RetryParkedRequest(_message.Message):
    __slots__ = ("department", "stream", "tenant")
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    department: str
    stream: str
    tenant: str
    def __init__(self, department: _Optional[str] = ..., stream: _Optional[str] = ..., tenant: _Optional[str] = ...) -> None: ...

class DiscardParkedRequest(_message.Message):
    __slots__ = ("department", "stream", "tenant", "reason", "version")
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    department: str
    stream: str
    tenant: str
    reason: str
    version: int
    def __init__(self, department: _Optional[str] = ..., stream: _Optional[str] = ..., tenant: _Optional[str] = ..., reason: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class ParkedOutcome(_message.Message):
    __slots__ = ("clear", "remaining")
    CLEAR_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    clear: bool
    remaining: int
    def __init__(self, clear: _Optional[bool] = ..., remaining: _Optional[int] = ...) -> None: ...

class RebuildRequest(_message.Message):
    __slots__ = ("department", "check", "tenant")
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    CHECK_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    department: str
    check: bool
    tenant: str
    def __init__(self, department: _Optional[str] = ..., check: _Optional[bool] = ..., tenant: _Optional[str] = ...) -> None: ...

class RebuildResponse(_message.Message):
    __slots__ = ("department", "done", "tables", "events", "seconds", "positions")
    class PositionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    TABLES_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    department: str
    done: bool
    tables: _containers.RepeatedCompositeFieldContainer[RebuiltTable]
    events: int
    seconds: float
    positions: _containers.ScalarMap[str, str]
    def __init__(self, department: _Optional[str] = ..., done: _Optional[bool] = ..., tables: _Optional[_Iterable[_Union[RebuiltTable, _Mapping]]] = ..., events: _Optional[int] = ..., seconds: _Optional[float] = ..., positions: _Optional[_Mapping[str, str]] = ...) -> None: ...

class RebuiltTable(_message.Message):
    __slots__ = ("table", "rows", "differing", "examples")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    DIFFERING_FIELD_NUMBER: _ClassVar[int]
    EXAMPLES_FIELD_NUMBER: _ClassVar[int]
    table: str
    rows: int
    differing: int
    examples: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, table: _Optional[str] = ..., rows: _Optional[int] = ..., differing: _Optional[int] = ..., examples: _Optional[_Iterable[str]] = ...) -> None: ...
