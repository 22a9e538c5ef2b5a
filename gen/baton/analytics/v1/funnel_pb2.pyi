from baton.common.v1 import options_pb2 as _options_pb2
from baton.common.v1 import types_pb2 as _types_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetFunnelRequest(_message.Message):
    __slots__ = ("group_by",)
    GROUP_BY_FIELD_NUMBER: _ClassVar[int]
    group_by: str
    def __init__(self, group_by: _Optional[str] = ...) -> None: ...

class Funnel(_message.Message):
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
    rows: _containers.RepeatedCompositeFieldContainer[FunnelRow]
    positions: _containers.ScalarMap[str, str]
    def __init__(self, rows: _Optional[_Iterable[_Union[FunnelRow, _Mapping]]] = ..., positions: _Optional[_Mapping[str, str]] = ...) -> None: ...

class FunnelRow(_message.Message):
    __slots__ = ("key", "leads", "qualified", "accepted", "opportunities", "won", "lost", "conversion", "revenue")
    KEY_FIELD_NUMBER: _ClassVar[int]
    LEADS_FIELD_NUMBER: _ClassVar[int]
    QUALIFIED_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    OPPORTUNITIES_FIELD_NUMBER: _ClassVar[int]
    WON_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    CONVERSION_FIELD_NUMBER: _ClassVar[int]
    REVENUE_FIELD_NUMBER: _ClassVar[int]
    key: str
    leads: int
    qualified: int
    accepted: int
    opportunities: int
    won: int
    lost: int
    conversion: str
    revenue: _containers.RepeatedCompositeFieldContainer[_types_pb2.Money]
    def __init__(self, key: _Optional[str] = ..., leads: _Optional[int] = ..., qualified: _Optional[int] = ..., accepted: _Optional[int] = ..., opportunities: _Optional[int] = ..., won: _Optional[int] = ..., lost: _Optional[int] = ..., conversion: _Optional[str] = ..., revenue: _Optional[_Iterable[_Union[_types_pb2.Money, _Mapping]]] = ...) -> None: ...
