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

class LeadPerson(_message.Message):
    __slots__ = ("name", "email", "phone")
    NAME_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    PHONE_FIELD_NUMBER: _ClassVar[int]
    name: str
    email: str
    phone: str
    def __init__(self, name: _Optional[str] = ..., email: _Optional[str] = ..., phone: _Optional[str] = ...) -> None: ...

class LeadCompany(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class Enquiry(_message.Message):
    __slots__ = ("channel", "direction", "occurred_at", "duration_seconds", "summary", "promises", "interaction_id")
    class Channel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CHANNEL_UNSPECIFIED: _ClassVar[Enquiry.Channel]
        CALL: _ClassVar[Enquiry.Channel]
        EMAIL: _ClassVar[Enquiry.Channel]
        SMS: _ClassVar[Enquiry.Channel]
        MEETING: _ClassVar[Enquiry.Channel]
        VISIT: _ClassVar[Enquiry.Channel]
        WEB: _ClassVar[Enquiry.Channel]
        POINT_OF_SALE: _ClassVar[Enquiry.Channel]
        MESSENGER: _ClassVar[Enquiry.Channel]
        NOTE: _ClassVar[Enquiry.Channel]
    CHANNEL_UNSPECIFIED: Enquiry.Channel
    CALL: Enquiry.Channel
    EMAIL: Enquiry.Channel
    SMS: Enquiry.Channel
    MEETING: Enquiry.Channel
    VISIT: Enquiry.Channel
    WEB: Enquiry.Channel
    POINT_OF_SALE: Enquiry.Channel
    MESSENGER: Enquiry.Channel
    NOTE: Enquiry.Channel
    class Direction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        DIRECTION_UNSPECIFIED: _ClassVar[Enquiry.Direction]
        IN: _ClassVar[Enquiry.Direction]
        OUT: _ClassVar[Enquiry.Direction]
    DIRECTION_UNSPECIFIED: Enquiry.Direction
    IN: Enquiry.Direction
    OUT: Enquiry.Direction
    class PromiseMade(_message.Message):
        __slots__ = ("id", "what", "by", "due")
        ID_FIELD_NUMBER: _ClassVar[int]
        WHAT_FIELD_NUMBER: _ClassVar[int]
        BY_FIELD_NUMBER: _ClassVar[int]
        DUE_FIELD_NUMBER: _ClassVar[int]
        id: str
        what: str
        by: str
        due: _timestamp_pb2.Timestamp
        def __init__(self, id: _Optional[str] = ..., what: _Optional[str] = ..., by: _Optional[str] = ..., due: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    OCCURRED_AT_FIELD_NUMBER: _ClassVar[int]
    DURATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    PROMISES_FIELD_NUMBER: _ClassVar[int]
    INTERACTION_ID_FIELD_NUMBER: _ClassVar[int]
    channel: Enquiry.Channel
    direction: Enquiry.Direction
    occurred_at: _timestamp_pb2.Timestamp
    duration_seconds: int
    summary: str
    promises: _containers.RepeatedCompositeFieldContainer[Enquiry.PromiseMade]
    interaction_id: str
    def __init__(self, channel: _Optional[_Union[Enquiry.Channel, str]] = ..., direction: _Optional[_Union[Enquiry.Direction, str]] = ..., occurred_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., duration_seconds: _Optional[int] = ..., summary: _Optional[str] = ..., promises: _Optional[_Iterable[_Union[Enquiry.PromiseMade, _Mapping]]] = ..., interaction_id: _Optional[str] = ...) -> None: ...

class Consent(_message.Message):
    __slots__ = ("channel", "purpose", "granted", "wording", "at")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    WORDING_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    channel: str
    purpose: str
    granted: bool
    wording: str
    at: _timestamp_pb2.Timestamp
    def __init__(self, channel: _Optional[str] = ..., purpose: _Optional[str] = ..., granted: _Optional[bool] = ..., wording: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Touch(_message.Message):
    __slots__ = ("at", "channel", "source", "campaign", "landing_page")
    AT_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    CAMPAIGN_FIELD_NUMBER: _ClassVar[int]
    LANDING_PAGE_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    channel: str
    source: str
    campaign: str
    landing_page: str
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., channel: _Optional[str] = ..., source: _Optional[str] = ..., campaign: _Optional[str] = ..., landing_page: _Optional[str] = ...) -> None: ...

class Brief(_message.Message):
    __slots__ = ("wants", "agreed", "next_step", "cautions")
    WANTS_FIELD_NUMBER: _ClassVar[int]
    AGREED_FIELD_NUMBER: _ClassVar[int]
    NEXT_STEP_FIELD_NUMBER: _ClassVar[int]
    CAUTIONS_FIELD_NUMBER: _ClassVar[int]
    wants: str
    agreed: str
    next_step: str
    cautions: str
    def __init__(self, wants: _Optional[str] = ..., agreed: _Optional[str] = ..., next_step: _Optional[str] = ..., cautions: _Optional[str] = ...) -> None: ...

class Lead(_message.Message):
    __slots__ = ("id", "etag", "create_time", "update_time", "custom", "external_id", "source", "landing_page", "campaign", "branch", "owner", "person", "company", "note", "enquiry", "consents", "state", "person_id", "person_candidates", "company_id", "handoff_id", "captured_at", "touches")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Lead.State]
        NEW: _ClassVar[Lead.State]
        QUALIFIED: _ClassVar[Lead.State]
        RETURNED: _ClassVar[Lead.State]
        DISQUALIFIED: _ClassVar[Lead.State]
    STATE_UNSPECIFIED: Lead.State
    NEW: Lead.State
    QUALIFIED: Lead.State
    RETURNED: Lead.State
    DISQUALIFIED: Lead.State
    ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    LANDING_PAGE_FIELD_NUMBER: _ClassVar[int]
    CAMPAIGN_FIELD_NUMBER: _ClassVar[int]
    BRANCH_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    PERSON_FIELD_NUMBER: _ClassVar[int]
    COMPANY_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    ENQUIRY_FIELD_NUMBER: _ClassVar[int]
    CONSENTS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    PERSON_CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    COMPANY_ID_FIELD_NUMBER: _ClassVar[int]
    HANDOFF_ID_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_AT_FIELD_NUMBER: _ClassVar[int]
    TOUCHES_FIELD_NUMBER: _ClassVar[int]
    id: str
    etag: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    custom: _struct_pb2.Struct
    external_id: str
    source: str
    landing_page: str
    campaign: str
    branch: str
    owner: str
    person: LeadPerson
    company: LeadCompany
    note: str
    enquiry: Enquiry
    consents: _containers.RepeatedCompositeFieldContainer[Consent]
    state: Lead.State
    person_id: str
    person_candidates: _containers.RepeatedScalarFieldContainer[str]
    company_id: str
    handoff_id: str
    captured_at: _timestamp_pb2.Timestamp
    touches: _containers.RepeatedCompositeFieldContainer[Touch]
    def __init__(self, id: _Optional[str] = ..., etag: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., custom: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., external_id: _Optional[str] = ..., source: _Optional[str] = ..., landing_page: _Optional[str] = ..., campaign: _Optional[str] = ..., branch: _Optional[str] = ..., owner: _Optional[str] = ..., person: _Optional[_Union[LeadPerson, _Mapping]] = ..., company: _Optional[_Union[LeadCompany, _Mapping]] = ..., note: _Optional[str] = ..., enquiry: _Optional[_Union[Enquiry, _Mapping]] = ..., consents: _Optional[_Iterable[_Union[Consent, _Mapping]]] = ..., state: _Optional[_Union[Lead.State, str]] = ..., person_id: _Optional[str] = ..., person_candidates: _Optional[_Iterable[str]] = ..., company_id: _Optional[str] = ..., handoff_id: _Optional[str] = ..., captured_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., touches: _Optional[_Iterable[_Union[Touch, _Mapping]]] = ...) -> None: ...

class CreateLeadRequest(_message.Message):
    __slots__ = ("lead",)
    LEAD_FIELD_NUMBER: _ClassVar[int]
    lead: Lead
    def __init__(self, lead: _Optional[_Union[Lead, _Mapping]] = ...) -> None: ...

class GetLeadRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class UpdateLeadRequest(_message.Message):
    __slots__ = ("lead", "update_mask")
    LEAD_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    lead: Lead
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, lead: _Optional[_Union[Lead, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class ListLeadsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "order_by", "id", "external_id", "source", "landing_page", "campaign", "branch", "owner", "note", "state", "person_id", "person_candidates", "company_id", "handoff_id", "captured_at_after", "captured_at_before", "create_time_after", "create_time_before", "update_time_after", "update_time_before")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    LANDING_PAGE_FIELD_NUMBER: _ClassVar[int]
    CAMPAIGN_FIELD_NUMBER: _ClassVar[int]
    BRANCH_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    PERSON_CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    COMPANY_ID_FIELD_NUMBER: _ClassVar[int]
    HANDOFF_ID_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_AT_AFTER_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_AT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_AFTER_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_BEFORE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_AFTER_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_BEFORE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    order_by: str
    id: _containers.RepeatedScalarFieldContainer[str]
    external_id: _containers.RepeatedScalarFieldContainer[str]
    source: _containers.RepeatedScalarFieldContainer[str]
    landing_page: _containers.RepeatedScalarFieldContainer[str]
    campaign: _containers.RepeatedScalarFieldContainer[str]
    branch: _containers.RepeatedScalarFieldContainer[str]
    owner: _containers.RepeatedScalarFieldContainer[str]
    note: _containers.RepeatedScalarFieldContainer[str]
    state: _containers.RepeatedScalarFieldContainer[Lead.State]
    person_id: _containers.RepeatedScalarFieldContainer[str]
    person_candidates: _containers.RepeatedScalarFieldContainer[str]
    company_id: _containers.RepeatedScalarFieldContainer[str]
    handoff_id: _containers.RepeatedScalarFieldContainer[str]
    captured_at_after: _timestamp_pb2.Timestamp
    captured_at_before: _timestamp_pb2.Timestamp
    create_time_after: _timestamp_pb2.Timestamp
    create_time_before: _timestamp_pb2.Timestamp
    update_time_after: _timestamp_pb2.Timestamp
    update_time_before: _timestamp_pb2.Timestamp
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., order_by: _Optional[str] = ..., id: _Optional[_Iterable[str]] = ..., external_id: _Optional[_Iterable[str]] = ..., source: _Optional[_Iterable[str]] = ..., landing_page: _Optional[_Iterable[str]] = ..., campaign: _Optional[_Iterable[str]] = ..., branch: _Optional[_Iterable[str]] = ..., owner: _Optional[_Iterable[str]] = ..., note: _Optional[_Iterable[str]] = ..., state: _Optional[_Iterable[_Union[Lead.State, str]]] = ..., person_id: _Optional[_Iterable[str]] = ..., person_candidates: _Optional[_Iterable[str]] = ..., company_id: _Optional[_Iterable[str]] = ..., handoff_id: _Optional[_Iterable[str]] = ..., captured_at_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., captured_at_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListLeadsResponse(_message.Message):
    __slots__ = ("leads", "next_page_token", "total_size")
    LEADS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    leads: _containers.RepeatedCompositeFieldContainer[Lead]
    next_page_token: str
    total_size: int
    def __init__(self, leads: _Optional[_Iterable[_Union[Lead, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_size: _Optional[int] = ...) -> None: ...

class TouchLeadRequest(_message.Message):
    __slots__ = ("id", "at", "channel", "source", "campaign", "landing_page")
    ID_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    CAMPAIGN_FIELD_NUMBER: _ClassVar[int]
    LANDING_PAGE_FIELD_NUMBER: _ClassVar[int]
    id: str
    at: _timestamp_pb2.Timestamp
    channel: str
    source: str
    campaign: str
    landing_page: str
    def __init__(self, id: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., channel: _Optional[str] = ..., source: _Optional[str] = ..., campaign: _Optional[str] = ..., landing_page: _Optional[str] = ...) -> None: ...

class QualifyLeadRequest(_message.Message):
    __slots__ = ("id", "note", "brief", "to_branch", "to_employee", "qualified_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    BRIEF_FIELD_NUMBER: _ClassVar[int]
    TO_BRANCH_FIELD_NUMBER: _ClassVar[int]
    TO_EMPLOYEE_FIELD_NUMBER: _ClassVar[int]
    QUALIFIED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    note: str
    brief: Brief
    to_branch: str
    to_employee: str
    qualified_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., note: _Optional[str] = ..., brief: _Optional[_Union[Brief, _Mapping]] = ..., to_branch: _Optional[str] = ..., to_employee: _Optional[str] = ..., qualified_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DisqualifyLeadRequest(_message.Message):
    __slots__ = ("id", "reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    reason: str
    def __init__(self, id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class LinkPersonRequest(_message.Message):
    __slots__ = ("id", "person_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    person_id: str
    def __init__(self, id: _Optional[str] = ..., person_id: _Optional[str] = ...) -> None: ...

class QualifyStep(_message.Message):
    __slots__ = ("note", "brief", "to_branch", "to_employee", "qualified_at")
    NOTE_FIELD_NUMBER: _ClassVar[int]
    BRIEF_FIELD_NUMBER: _ClassVar[int]
    TO_BRANCH_FIELD_NUMBER: _ClassVar[int]
    TO_EMPLOYEE_FIELD_NUMBER: _ClassVar[int]
    QUALIFIED_AT_FIELD_NUMBER: _ClassVar[int]
    note: str
    brief: Brief
    to_branch: str
    to_employee: str
    qualified_at: _timestamp_pb2.Timestamp
    def __init__(self, note: _Optional[str] = ..., brief: _Optional[_Union[Brief, _Mapping]] = ..., to_branch: _Optional[str] = ..., to_employee: _Optional[str] = ..., qualified_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class LeadRow(_message.Message):
    __slots__ = ("line", "digest", "employee", "lead", "qualify")
    LINE_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    EMPLOYEE_FIELD_NUMBER: _ClassVar[int]
    LEAD_FIELD_NUMBER: _ClassVar[int]
    QUALIFY_FIELD_NUMBER: _ClassVar[int]
    line: int
    digest: str
    employee: str
    lead: Lead
    qualify: QualifyStep
    def __init__(self, line: _Optional[int] = ..., digest: _Optional[str] = ..., employee: _Optional[str] = ..., lead: _Optional[_Union[Lead, _Mapping]] = ..., qualify: _Optional[_Union[QualifyStep, _Mapping]] = ...) -> None: ...

class ImportLeadsRequest(_message.Message):
    __slots__ = ("import_id", "rows")
    IMPORT_ID_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    import_id: str
    rows: _containers.RepeatedCompositeFieldContainer[LeadRow]
    def __init__(self, import_id: _Optional[str] = ..., rows: _Optional[_Iterable[_Union[LeadRow, _Mapping]]] = ...) -> None: ...

class ImportLeadsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[_imports_pb2.ImportResult]
    def __init__(self, results: _Optional[_Iterable[_Union[_imports_pb2.ImportResult, _Mapping]]] = ...) -> None: ...
