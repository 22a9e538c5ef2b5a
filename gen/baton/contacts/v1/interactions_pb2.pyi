import datetime

from baton.common.v1 import imports_pb2 as _imports_pb2
from baton.common.v1 import options_pb2 as _options_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Interaction(_message.Message):
    __slots__ = ("id", "etag", "create_time", "update_time", "custom", "external_id", "person_id", "company_id", "lead_id", "opportunity_id", "channel", "direction", "employee", "branch", "occurred_at", "duration_seconds", "summary", "promises")
    class Channel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CHANNEL_UNSPECIFIED: _ClassVar[Interaction.Channel]
        CALL: _ClassVar[Interaction.Channel]
        EMAIL: _ClassVar[Interaction.Channel]
        SMS: _ClassVar[Interaction.Channel]
        MEETING: _ClassVar[Interaction.Channel]
        VISIT: _ClassVar[Interaction.Channel]
        WEB: _ClassVar[Interaction.Channel]
        POINT_OF_SALE: _ClassVar[Interaction.Channel]
        MESSENGER: _ClassVar[Interaction.Channel]
        NOTE: _ClassVar[Interaction.Channel]
    CHANNEL_UNSPECIFIED: Interaction.Channel
    CALL: Interaction.Channel
    EMAIL: Interaction.Channel
    SMS: Interaction.Channel
    MEETING: Interaction.Channel
    VISIT: Interaction.Channel
    WEB: Interaction.Channel
    POINT_OF_SALE: Interaction.Channel
    MESSENGER: Interaction.Channel
    NOTE: Interaction.Channel
    class Direction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DIRECTION_UNSPECIFIED: _ClassVar[Interaction.Direction]
        IN: _ClassVar[Interaction.Direction]
        OUT: _ClassVar[Interaction.Direction]
    DIRECTION_UNSPECIFIED: Interaction.Direction
    IN: Interaction.Direction
    OUT: Interaction.Direction
    class MadePromise(_message.Message):
        __slots__ = ("id", "what", "by", "due", "state")
        ID_FIELD_NUMBER: _ClassVar[int]
        WHAT_FIELD_NUMBER: _ClassVar[int]
        BY_FIELD_NUMBER: _ClassVar[int]
        DUE_FIELD_NUMBER: _ClassVar[int]
        STATE_FIELD_NUMBER: _ClassVar[int]
        id: str
        what: str
        by: str
        due: _timestamp_pb2.Timestamp
        state: Promise.State
        def __init__(self, id: _Optional[str] = ..., what: _Optional[str] = ..., by: _Optional[str] = ..., due: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[_Union[Promise.State, str]] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    COMPANY_ID_FIELD_NUMBER: _ClassVar[int]
    LEAD_ID_FIELD_NUMBER: _ClassVar[int]
    OPPORTUNITY_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    EMPLOYEE_FIELD_NUMBER: _ClassVar[int]
    BRANCH_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    DURATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    PROMISES_FIELD_NUMBER: _ClassVar[int]
    id: str
    etag: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    custom: _struct_pb2.Struct
    external_id: str
    person_id: str
    company_id: str
    lead_id: str
    opportunity_id: str
    channel: Interaction.Channel
    direction: Interaction.Direction
    employee: str
    branch: str
    occurred_at: _timestamp_pb2.Timestamp
    duration_seconds: int
    summary: str
    promises: _containers.RepeatedCompositeFieldContainer[Interaction.MadePromise]
    def __init__(self, id: _Optional[str] = ..., etag: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., custom: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., external_id: _Optional[str] = ..., person_id: _Optional[str] = ..., company_id: _Optional[str] = ..., lead_id: _Optional[str] = ..., opportunity_id: _Optional[str] = ..., channel: _Optional[_Union[Interaction.Channel, str]] = ..., direction: _Optional[_Union[Interaction.Direction, str]] = ..., employee: _Optional[str] = ..., branch: _Optional[str] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., duration_seconds: _Optional[int] = ..., summary: _Optional[str] = ..., promises: _Optional[_Iterable[_Union[Interaction.MadePromise, _Mapping]]] = ...) -> None: ...

class Promise(_message.Message):
    __slots__ = ("id", "etag", "create_time", "update_time", "interaction_id", "person_id", "what", "by", "due", "state", "overdue", "branch", "released_reason", "custom")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Promise.State]
        OPEN: _ClassVar[Promise.State]
        KEPT: _ClassVar[Promise.State]
        RELEASED: _ClassVar[Promise.State]
    STATE_UNSPECIFIED: Promise.State
    OPEN: Promise.State
    KEPT: Promise.State
    RELEASED: Promise.State
    ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    INTERACTION_ID_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    WHAT_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    DUE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_FIELD_NUMBER: _ClassVar[int]
    BRANCH_FIELD_NUMBER: _ClassVar[int]
    RELEASED_REASON_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_FIELD_NUMBER: _ClassVar[int]
    id: str
    etag: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    interaction_id: str
    person_id: str
    what: str
    by: str
    due: _timestamp_pb2.Timestamp
    state: Promise.State
    overdue: bool
    branch: str
    released_reason: str
    custom: _struct_pb2.Struct
    def __init__(self, id: _Optional[str] = ..., etag: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., interaction_id: _Optional[str] = ..., person_id: _Optional[str] = ..., what: _Optional[str] = ..., by: _Optional[str] = ..., due: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[_Union[Promise.State, str]] = ..., overdue: _Optional[bool] = ..., branch: _Optional[str] = ..., released_reason: _Optional[str] = ..., custom: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class CreateInteractionRequest(_message.Message):
    __slots__ = ("interaction",)
    INTERACTION_FIELD_NUMBER: _ClassVar[int]
    interaction: Interaction
    def __init__(self, interaction: _Optional[_Union[Interaction, _Mapping]] = ...) -> None: ...

class GetInteractionRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class UpdateInteractionRequest(_message.Message):
    __slots__ = ("interaction", "update_mask")
    INTERACTION_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    interaction: Interaction
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, interaction: _Optional[_Union[Interaction, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class ListInteractionsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "order_by", "id", "external_id", "person_id", "company_id", "lead_id", "opportunity_id", "channel", "direction", "employee", "branch", "duration_seconds", "summary", "occurred_at_after", "occurred_at_before", "create_time_after", "create_time_before", "update_time_after", "update_time_before")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    COMPANY_ID_FIELD_NUMBER: _ClassVar[int]
    LEAD_ID_FIELD_NUMBER: _ClassVar[int]
    OPPORTUNITY_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    EMPLOYEE_FIELD_NUMBER: _ClassVar[int]
    BRANCH_FIELD_NUMBER: _ClassVar[int]
    DURATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_AFTER_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_AFTER_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_BEFORE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_AFTER_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_BEFORE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    order_by: str
    id: _containers.RepeatedScalarFieldContainer[str]
    external_id: _containers.RepeatedScalarFieldContainer[str]
    person_id: _containers.RepeatedScalarFieldContainer[str]
    company_id: _containers.RepeatedScalarFieldContainer[str]
    lead_id: _containers.RepeatedScalarFieldContainer[str]
    opportunity_id: _containers.RepeatedScalarFieldContainer[str]
    channel: _containers.RepeatedScalarFieldContainer[Interaction.Channel]
    direction: _containers.RepeatedScalarFieldContainer[Interaction.Direction]
    employee: _containers.RepeatedScalarFieldContainer[str]
    branch: _containers.RepeatedScalarFieldContainer[str]
    duration_seconds: _containers.RepeatedScalarFieldContainer[int]
    summary: _containers.RepeatedScalarFieldContainer[str]
    occurred_at_after: _timestamp_pb2.Timestamp
    occurred_at_before: _timestamp_pb2.Timestamp
    create_time_after: _timestamp_pb2.Timestamp
    create_time_before: _timestamp_pb2.Timestamp
    update_time_after: _timestamp_pb2.Timestamp
    update_time_before: _timestamp_pb2.Timestamp
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., order_by: _Optional[str] = ..., id: _Optional[_Iterable[str]] = ..., external_id: _Optional[_Iterable[str]] = ..., person_id: _Optional[_Iterable[str]] = ..., company_id: _Optional[_Iterable[str]] = ..., lead_id: _Optional[_Iterable[str]] = ..., opportunity_id: _Optional[_Iterable[str]] = ..., channel: _Optional[_Iterable[_Union[Interaction.Channel, str]]] = ..., direction: _Optional[_Iterable[_Union[Interaction.Direction, str]]] = ..., employee: _Optional[_Iterable[str]] = ..., branch: _Optional[_Iterable[str]] = ..., duration_seconds: _Optional[_Iterable[int]] = ..., summary: _Optional[_Iterable[str]] = ..., occurred_at_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., occurred_at_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListInteractionsResponse(_message.Message):
    __slots__ = ("interactions", "next_page_token", "total_size")
    INTERACTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    interactions: _containers.RepeatedCompositeFieldContainer[Interaction]
    next_page_token: str
    total_size: int
    def __init__(self, interactions: _Optional[_Iterable[_Union[Interaction, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_size: _Optional[int] = ...) -> None: ...

class GetPromiseRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ListPromisesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "order_by", "id", "interaction_id", "person_id", "what", "by", "state", "overdue", "branch", "due_after", "due_before", "create_time_after", "create_time_before", "update_time_after", "update_time_before", "released_reason")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    INTERACTION_ID_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    WHAT_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_FIELD_NUMBER: _ClassVar[int]
    BRANCH_FIELD_NUMBER: _ClassVar[int]
    DUE_AFTER_FIELD_NUMBER: _ClassVar[int]
    DUE_BEFORE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_AFTER_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_BEFORE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_AFTER_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_BEFORE_FIELD_NUMBER: _ClassVar[int]
    RELEASED_REASON_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    order_by: str
    id: _containers.RepeatedScalarFieldContainer[str]
    interaction_id: _containers.RepeatedScalarFieldContainer[str]
    person_id: _containers.RepeatedScalarFieldContainer[str]
    what: _containers.RepeatedScalarFieldContainer[str]
    by: _containers.RepeatedScalarFieldContainer[str]
    state: _containers.RepeatedScalarFieldContainer[Promise.State]
    overdue: _containers.RepeatedScalarFieldContainer[bool]
    branch: _containers.RepeatedScalarFieldContainer[str]
    due_after: _timestamp_pb2.Timestamp
    due_before: _timestamp_pb2.Timestamp
    create_time_after: _timestamp_pb2.Timestamp
    create_time_before: _timestamp_pb2.Timestamp
    update_time_after: _timestamp_pb2.Timestamp
    update_time_before: _timestamp_pb2.Timestamp
    released_reason: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., order_by: _Optional[str] = ..., id: _Optional[_Iterable[str]] = ..., interaction_id: _Optional[_Iterable[str]] = ..., person_id: _Optional[_Iterable[str]] = ..., what: _Optional[_Iterable[str]] = ..., by: _Optional[_Iterable[str]] = ..., state: _Optional[_Iterable[_Union[Promise.State, str]]] = ..., overdue: _Optional[_Iterable[bool]] = ..., branch: _Optional[_Iterable[str]] = ..., due_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., due_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., released_reason: _Optional[_Iterable[str]] = ...) -> None: ...

class ListPromisesResponse(_message.Message):
    __slots__ = ("promises", "next_page_token", "total_size")
    PROMISES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    promises: _containers.RepeatedCompositeFieldContainer[Promise]
    next_page_token: str
    total_size: int
    def __init__(self, promises: _Optional[_Iterable[_Union[Promise, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_size: _Optional[int] = ...) -> None: ...

class KeepPromiseRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ReleasePromiseRequest(_message.Message):
    __slots__ = ("id", "reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    reason: str
    def __init__(self, id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class InteractionRow(_message.Message):
    __slots__ = ("line", "digest", "employee", "interaction")
    LINE_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    EMPLOYEE_FIELD_NUMBER: _ClassVar[int]
    INTERACTION_FIELD_NUMBER: _ClassVar[int]
    line: int
    digest: str
    employee: str
    interaction: Interaction
    def __init__(self, line: _Optional[int] = ..., digest: _Optional[str] = ..., employee: _Optional[str] = ..., interaction: _Optional[_Union[Interaction, _Mapping]] = ...) -> None: ...

class ImportInteractionsRequest(_message.Message):
    __slots__ = ("import_id", "rows")
    IMPORT_ID_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    import_id: str
    rows: _containers.RepeatedCompositeFieldContainer[InteractionRow]
    def __init__(self, import_id: _Optional[str] = ..., rows: _Optional[_Iterable[_Union[InteractionRow, _Mapping]]] = ...) -> None: ...

class ImportInteractionsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[_imports_pb2.ImportResult]
    def __init__(self, results: _Optional[_Iterable[_Union[_imports_pb2.ImportResult, _Mapping]]] = ...) -> None: ...
