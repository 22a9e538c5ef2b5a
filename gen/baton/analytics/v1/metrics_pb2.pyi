import datetime

from baton.common.v1 import options_pb2 as _options_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Spread(_message.Message):
    __slots__ = ("count", "p50", "p90", "p95", "p99", "mean", "max")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    P50_FIELD_NUMBER: _ClassVar[int]
    P90_FIELD_NUMBER: _ClassVar[int]
    P95_FIELD_NUMBER: _ClassVar[int]
    P99_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    count: int
    p50: _duration_pb2.Duration
    p90: _duration_pb2.Duration
    p95: _duration_pb2.Duration
    p99: _duration_pb2.Duration
    mean: _duration_pb2.Duration
    max: _duration_pb2.Duration
    def __init__(self, count: _Optional[int] = ..., p50: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., p90: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., p95: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., p99: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., mean: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class GetTouchesRequest(_message.Message):
    __slots__ = ("to", "group_by", "window")
    FROM_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    GROUP_BY_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    to: _timestamp_pb2.Timestamp
    group_by: str
    window: str
    def __init__(self, to: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., group_by: _Optional[str] = ..., window: _Optional[str] = ..., **kwargs) -> None: ...

class Touches(_message.Message):
    __slots__ = ("rows", "positions")
    class PositionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ROWS_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[TouchRow]
    positions: _containers.ScalarMap[str, str]
    def __init__(self, rows: _Optional[_Iterable[_Union[TouchRow, _Mapping]]] = ..., positions: _Optional[_Mapping[str, str]] = ...) -> None: ...

class TouchRow(_message.Message):
    __slots__ = ("start", "key", "leads", "touches", "first_touches", "last_touches", "won_by_first", "won_by_last")
    START_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    LEADS_FIELD_NUMBER: _ClassVar[int]
    TOUCHES_FIELD_NUMBER: _ClassVar[int]
    FIRST_TOUCHES_FIELD_NUMBER: _ClassVar[int]
    LAST_TOUCHES_FIELD_NUMBER: _ClassVar[int]
    WON_BY_FIRST_FIELD_NUMBER: _ClassVar[int]
    WON_BY_LAST_FIELD_NUMBER: _ClassVar[int]
    start: _timestamp_pb2.Timestamp
    key: str
    leads: int
    touches: int
    first_touches: int
    last_touches: int
    won_by_first: int
    won_by_last: int
    def __init__(self, start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., key: _Optional[str] = ..., leads: _Optional[int] = ..., touches: _Optional[int] = ..., first_touches: _Optional[int] = ..., last_touches: _Optional[int] = ..., won_by_first: _Optional[int] = ..., won_by_last: _Optional[int] = ...) -> None: ...

class GetDwellRequest(_message.Message):
    __slots__ = ("to", "group_by")
    FROM_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    GROUP_BY_FIELD_NUMBER: _ClassVar[int]
    to: _timestamp_pb2.Timestamp
    group_by: str
    def __init__(self, to: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., group_by: _Optional[str] = ..., **kwargs) -> None: ...

class Dwell(_message.Message):
    __slots__ = ("rows", "positions")
    class PositionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ROWS_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[DwellRow]
    positions: _containers.ScalarMap[str, str]
    def __init__(self, rows: _Optional[_Iterable[_Union[DwellRow, _Mapping]]] = ..., positions: _Optional[_Mapping[str, str]] = ...) -> None: ...

class DwellRow(_message.Message):
    __slots__ = ("kind", "state", "key", "stays", "staying")
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    STAYS_FIELD_NUMBER: _ClassVar[int]
    STAYING_FIELD_NUMBER: _ClassVar[int]
    kind: str
    state: str
    key: str
    stays: Spread
    staying: int
    def __init__(self, kind: _Optional[str] = ..., state: _Optional[str] = ..., key: _Optional[str] = ..., stays: _Optional[_Union[Spread, _Mapping]] = ..., staying: _Optional[int] = ...) -> None: ...

class GetHandoffLatenciesRequest(_message.Message):
    __slots__ = ("to", "group_by")
    FROM_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    GROUP_BY_FIELD_NUMBER: _ClassVar[int]
    to: _timestamp_pb2.Timestamp
    group_by: str
    def __init__(self, to: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., group_by: _Optional[str] = ..., **kwargs) -> None: ...

class HandoffLatencies(_message.Message):
    __slots__ = ("rows", "positions")
    class PositionsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ROWS_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[HandoffLatencyRow]
    positions: _containers.ScalarMap[str, str]
    def __init__(self, rows: _Optional[_Iterable[_Union[HandoffLatencyRow, _Mapping]]] = ..., positions: _Optional[_Mapping[str, str]] = ...) -> None: ...

class HandoffLatencyRow(_message.Message):
    __slots__ = ("until", "from_department", "to_department", "key", "asked", "delivery", "acceptance", "response")
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    FROM_DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    TO_DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    ASKED_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_FIELD_NUMBER: _ClassVar[int]
    ACCEPTANCE_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    until: _timestamp_pb2.Timestamp
    from_department: str
    to_department: str
    key: str
    asked: int
    delivery: Spread
    acceptance: Spread
    response: Spread
    def __init__(self, until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., from_department: _Optional[str] = ..., to_department: _Optional[str] = ..., key: _Optional[str] = ..., asked: _Optional[int] = ..., delivery: _Optional[_Union[Spread, _Mapping]] = ..., acceptance: _Optional[_Union[Spread, _Mapping]] = ..., response: _Optional[_Union[Spread, _Mapping]] = ...) -> None: ...
