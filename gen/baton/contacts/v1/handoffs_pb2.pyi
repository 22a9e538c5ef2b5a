import datetime

from baton.common.v1 import options_pb2 as _options_pb2
from baton.common.v1 import types_pb2 as _types_pb2
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

class HandoffSubject(_message.Message):
    __slots__ = ("kind", "id")
    KIND_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    kind: str
    id: str
    def __init__(self, kind: _Optional[str] = ..., id: _Optional[str] = ...) -> None: ...

class HandoffBrief(_message.Message):
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

class Handoff(_message.Message):
    __slots__ = ("id", "etag", "create_time", "update_time", "custom", "kind", "from_department", "to_department", "from_branch", "to_branch", "assignee", "subject", "person_id", "company_id", "state", "note", "brief", "missing", "basis", "manifest", "receipt", "closing", "supplements", "questions", "accepted_by", "accepted_at", "owner", "previous_id", "opportunity_ids", "related", "deadline", "overdue", "history", "differences", "asked_by")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Handoff.State]
        ASKED: _ClassVar[Handoff.State]
        OFFERED: _ClassVar[Handoff.State]
        DELIVERED: _ClassVar[Handoff.State]
        QUESTIONED: _ClassVar[Handoff.State]
        ACCEPTED: _ClassVar[Handoff.State]
        RETURNED: _ClassVar[Handoff.State]
        WITHDRAWN: _ClassVar[Handoff.State]
        DISCREPANT: _ClassVar[Handoff.State]
    STATE_UNSPECIFIED: Handoff.State
    ASKED: Handoff.State
    OFFERED: Handoff.State
    DELIVERED: Handoff.State
    QUESTIONED: Handoff.State
    ACCEPTED: Handoff.State
    RETURNED: Handoff.State
    WITHDRAWN: Handoff.State
    DISCREPANT: Handoff.State
    class Part(_message.Message):
        __slots__ = ("part", "basis", "manifest", "receipt", "delivered", "differences")
        class BasisEntry(_message.Message):
            __slots__ = ("key", "value")
            KEY_FIELD_NUMBER: _ClassVar[int]
            VALUE_FIELD_NUMBER: _ClassVar[int]
            key: str
            value: str
            def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
        PART_FIELD_NUMBER: _ClassVar[int]
        BASIS_FIELD_NUMBER: _ClassVar[int]
        MANIFEST_FIELD_NUMBER: _ClassVar[int]
        RECEIPT_FIELD_NUMBER: _ClassVar[int]
        DELIVERED_FIELD_NUMBER: _ClassVar[int]
        DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
        part: str
        basis: _containers.ScalarMap[str, str]
        manifest: _containers.RepeatedCompositeFieldContainer[_types_pb2.ManifestEntry]
        receipt: _containers.RepeatedCompositeFieldContainer[_types_pb2.ManifestEntry]
        delivered: bool
        differences: _containers.RepeatedScalarFieldContainer[str]
        def __init__(self, part: _Optional[str] = ..., basis: _Optional[_Mapping[str, str]] = ..., manifest: _Optional[_Iterable[_Union[_types_pb2.ManifestEntry, _Mapping]]] = ..., receipt: _Optional[_Iterable[_Union[_types_pb2.ManifestEntry, _Mapping]]] = ..., delivered: _Optional[bool] = ..., differences: _Optional[_Iterable[str]] = ...) -> None: ...
    class Question(_message.Message):
        __slots__ = ("id", "question", "asked_by", "asked_at", "answer", "answered_by", "answered_at")
        ID_FIELD_NUMBER: _ClassVar[int]
        QUESTION_FIELD_NUMBER: _ClassVar[int]
        ASKED_BY_FIELD_NUMBER: _ClassVar[int]
        ASKED_AT_FIELD_NUMBER: _ClassVar[int]
        ANSWER_FIELD_NUMBER: _ClassVar[int]
        ANSWERED_BY_FIELD_NUMBER: _ClassVar[int]
        ANSWERED_AT_FIELD_NUMBER: _ClassVar[int]
        id: str
        question: str
        asked_by: str
        asked_at: _timestamp_pb2.Timestamp
        answer: str
        answered_by: str
        answered_at: _timestamp_pb2.Timestamp
        def __init__(self, id: _Optional[str] = ..., question: _Optional[str] = ..., asked_by: _Optional[str] = ..., asked_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., answer: _Optional[str] = ..., answered_by: _Optional[str] = ..., answered_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
    class Step(_message.Message):
        __slots__ = ("at", "employee", "what", "note")
        AT_FIELD_NUMBER: _ClassVar[int]
        EMPLOYEE_FIELD_NUMBER: _ClassVar[int]
        WHAT_FIELD_NUMBER: _ClassVar[int]
        NOTE_FIELD_NUMBER: _ClassVar[int]
        at: _timestamp_pb2.Timestamp
        employee: str
        what: str
        note: str
        def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., employee: _Optional[str] = ..., what: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...
    class BasisEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    FROM_DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    TO_DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    FROM_BRANCH_FIELD_NUMBER: _ClassVar[int]
    TO_BRANCH_FIELD_NUMBER: _ClassVar[int]
    ASSIGNEE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    COMPANY_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    BRIEF_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    CLOSING_FIELD_NUMBER: _ClassVar[int]
    SUPPLEMENTS_FIELD_NUMBER: _ClassVar[int]
    QUESTIONS_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_BY_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_AT_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_ID_FIELD_NUMBER: _ClassVar[int]
    OPPORTUNITY_IDS_FIELD_NUMBER: _ClassVar[int]
    RELATED_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    ASKED_BY_FIELD_NUMBER: _ClassVar[int]
    id: str
    etag: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    custom: _struct_pb2.Struct
    kind: str
    from_department: str
    to_department: str
    from_branch: str
    to_branch: str
    assignee: str
    subject: HandoffSubject
    person_id: str
    company_id: str
    state: Handoff.State
    note: str
    brief: HandoffBrief
    missing: _containers.RepeatedScalarFieldContainer[str]
    basis: _containers.ScalarMap[str, str]
    manifest: _containers.RepeatedCompositeFieldContainer[_types_pb2.ManifestEntry]
    receipt: _containers.RepeatedCompositeFieldContainer[_types_pb2.ManifestEntry]
    closing: Handoff.Part
    supplements: _containers.RepeatedCompositeFieldContainer[Handoff.Part]
    questions: _containers.RepeatedCompositeFieldContainer[Handoff.Question]
    accepted_by: str
    accepted_at: _timestamp_pb2.Timestamp
    owner: str
    previous_id: str
    opportunity_ids: _containers.RepeatedScalarFieldContainer[str]
    related: _containers.RepeatedScalarFieldContainer[str]
    deadline: _timestamp_pb2.Timestamp
    overdue: bool
    history: _containers.RepeatedCompositeFieldContainer[Handoff.Step]
    differences: _containers.RepeatedScalarFieldContainer[str]
    asked_by: str
    def __init__(self, id: _Optional[str] = ..., etag: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., custom: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., kind: _Optional[str] = ..., from_department: _Optional[str] = ..., to_department: _Optional[str] = ..., from_branch: _Optional[str] = ..., to_branch: _Optional[str] = ..., assignee: _Optional[str] = ..., subject: _Optional[_Union[HandoffSubject, _Mapping]] = ..., person_id: _Optional[str] = ..., company_id: _Optional[str] = ..., state: _Optional[_Union[Handoff.State, str]] = ..., note: _Optional[str] = ..., brief: _Optional[_Union[HandoffBrief, _Mapping]] = ..., missing: _Optional[_Iterable[str]] = ..., basis: _Optional[_Mapping[str, str]] = ..., manifest: _Optional[_Iterable[_Union[_types_pb2.ManifestEntry, _Mapping]]] = ..., receipt: _Optional[_Iterable[_Union[_types_pb2.ManifestEntry, _Mapping]]] = ..., closing: _Optional[_Union[Handoff.Part, _Mapping]] = ..., supplements: _Optional[_Iterable[_Union[Handoff.Part, _Mapping]]] = ..., questions: _Optional[_Iterable[_Union[Handoff.Question, _Mapping]]] = ..., accepted_by: _Optional[str] = ..., accepted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., owner: _Optional[str] = ..., previous_id: _Optional[str] = ..., opportunity_ids: _Optional[_Iterable[str]] = ..., related: _Optional[_Iterable[str]] = ..., deadline: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., overdue: _Optional[bool] = ..., history: _Optional[_Iterable[_Union[Handoff.Step, _Mapping]]] = ..., differences: _Optional[_Iterable[str]] = ..., asked_by: _Optional[str] = ...) -> None: ...

class CreateHandoffRequest(_message.Message):
    __slots__ = ("kind", "subject", "to_department", "to_branch", "to_employee", "note", "brief", "custom")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    TO_DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    TO_BRANCH_FIELD_NUMBER: _ClassVar[int]
    TO_EMPLOYEE_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    BRIEF_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_FIELD_NUMBER: _ClassVar[int]
    kind: str
    subject: HandoffSubject
    to_department: str
    to_branch: str
    to_employee: str
    note: str
    brief: HandoffBrief
    custom: _struct_pb2.Struct
    def __init__(self, kind: _Optional[str] = ..., subject: _Optional[_Union[HandoffSubject, _Mapping]] = ..., to_department: _Optional[str] = ..., to_branch: _Optional[str] = ..., to_employee: _Optional[str] = ..., note: _Optional[str] = ..., brief: _Optional[_Union[HandoffBrief, _Mapping]] = ..., custom: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class GetHandoffRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class UpdateHandoffRequest(_message.Message):
    __slots__ = ("handoff", "update_mask")
    HANDOFF_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    handoff: Handoff
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, handoff: _Optional[_Union[Handoff, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class ListHandoffsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "order_by", "id", "kind", "from_department", "to_department", "from_branch", "to_branch", "assignee", "subject_id", "subject_kind", "person_id", "company_id", "state", "note", "missing", "accepted_by", "owner", "previous_id", "opportunity_ids", "related", "overdue", "asked_by", "deadline_after", "deadline_before", "accepted_at_after", "accepted_at_before", "create_time_after", "create_time_before", "update_time_after", "update_time_before")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    FROM_DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    TO_DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    FROM_BRANCH_FIELD_NUMBER: _ClassVar[int]
    TO_BRANCH_FIELD_NUMBER: _ClassVar[int]
    ASSIGNEE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_KIND_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    COMPANY_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_BY_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_ID_FIELD_NUMBER: _ClassVar[int]
    OPPORTUNITY_IDS_FIELD_NUMBER: _ClassVar[int]
    RELATED_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_FIELD_NUMBER: _ClassVar[int]
    ASKED_BY_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_AFTER_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_BEFORE_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_AT_AFTER_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_AT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_AFTER_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_BEFORE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_AFTER_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_BEFORE_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    order_by: str
    id: _containers.RepeatedScalarFieldContainer[str]
    kind: _containers.RepeatedScalarFieldContainer[str]
    from_department: _containers.RepeatedScalarFieldContainer[str]
    to_department: _containers.RepeatedScalarFieldContainer[str]
    from_branch: _containers.RepeatedScalarFieldContainer[str]
    to_branch: _containers.RepeatedScalarFieldContainer[str]
    assignee: _containers.RepeatedScalarFieldContainer[str]
    subject_id: _containers.RepeatedScalarFieldContainer[str]
    subject_kind: _containers.RepeatedScalarFieldContainer[str]
    person_id: _containers.RepeatedScalarFieldContainer[str]
    company_id: _containers.RepeatedScalarFieldContainer[str]
    state: _containers.RepeatedScalarFieldContainer[Handoff.State]
    note: _containers.RepeatedScalarFieldContainer[str]
    missing: _containers.RepeatedScalarFieldContainer[str]
    accepted_by: _containers.RepeatedScalarFieldContainer[str]
    owner: _containers.RepeatedScalarFieldContainer[str]
    previous_id: _containers.RepeatedScalarFieldContainer[str]
    opportunity_ids: _containers.RepeatedScalarFieldContainer[str]
    related: _containers.RepeatedScalarFieldContainer[str]
    overdue: _containers.RepeatedScalarFieldContainer[bool]
    asked_by: _containers.RepeatedScalarFieldContainer[str]
    deadline_after: _timestamp_pb2.Timestamp
    deadline_before: _timestamp_pb2.Timestamp
    accepted_at_after: _timestamp_pb2.Timestamp
    accepted_at_before: _timestamp_pb2.Timestamp
    create_time_after: _timestamp_pb2.Timestamp
    create_time_before: _timestamp_pb2.Timestamp
    update_time_after: _timestamp_pb2.Timestamp
    update_time_before: _timestamp_pb2.Timestamp
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., order_by: _Optional[str] = ..., id: _Optional[_Iterable[str]] = ..., kind: _Optional[_Iterable[str]] = ..., from_department: _Optional[_Iterable[str]] = ..., to_department: _Optional[_Iterable[str]] = ..., from_branch: _Optional[_Iterable[str]] = ..., to_branch: _Optional[_Iterable[str]] = ..., assignee: _Optional[_Iterable[str]] = ..., subject_id: _Optional[_Iterable[str]] = ..., subject_kind: _Optional[_Iterable[str]] = ..., person_id: _Optional[_Iterable[str]] = ..., company_id: _Optional[_Iterable[str]] = ..., state: _Optional[_Iterable[_Union[Handoff.State, str]]] = ..., note: _Optional[_Iterable[str]] = ..., missing: _Optional[_Iterable[str]] = ..., accepted_by: _Optional[_Iterable[str]] = ..., owner: _Optional[_Iterable[str]] = ..., previous_id: _Optional[_Iterable[str]] = ..., opportunity_ids: _Optional[_Iterable[str]] = ..., related: _Optional[_Iterable[str]] = ..., overdue: _Optional[_Iterable[bool]] = ..., asked_by: _Optional[_Iterable[str]] = ..., deadline_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deadline_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., accepted_at_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., accepted_at_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListHandoffsResponse(_message.Message):
    __slots__ = ("handoffs", "next_page_token", "total_size")
    HANDOFFS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    handoffs: _containers.RepeatedCompositeFieldContainer[Handoff]
    next_page_token: str
    total_size: int
    def __init__(self, handoffs: _Optional[_Iterable[_Union[Handoff, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_size: _Optional[int] = ...) -> None: ...

class AcceptHandoffRequest(_message.Message):
    __slots__ = ("id", "owner", "opportunity_id", "accepted_at", "keep_promises")
    ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    OPPORTUNITY_ID_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_AT_FIELD_NUMBER: _ClassVar[int]
    KEEP_PROMISES_FIELD_NUMBER: _ClassVar[int]
    id: str
    owner: str
    opportunity_id: str
    accepted_at: _timestamp_pb2.Timestamp
    keep_promises: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., owner: _Optional[str] = ..., opportunity_id: _Optional[str] = ..., accepted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., keep_promises: _Optional[_Iterable[str]] = ...) -> None: ...

class AskHandoffRequest(_message.Message):
    __slots__ = ("id", "question")
    ID_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    id: str
    question: str
    def __init__(self, id: _Optional[str] = ..., question: _Optional[str] = ...) -> None: ...

class AnswerHandoffRequest(_message.Message):
    __slots__ = ("id", "question_id", "answer")
    ID_FIELD_NUMBER: _ClassVar[int]
    QUESTION_ID_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    id: str
    question_id: str
    answer: str
    def __init__(self, id: _Optional[str] = ..., question_id: _Optional[str] = ..., answer: _Optional[str] = ...) -> None: ...

class ReturnHandoffRequest(_message.Message):
    __slots__ = ("id", "reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    reason: str
    def __init__(self, id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ReassignHandoffRequest(_message.Message):
    __slots__ = ("id", "to_branch", "to_employee")
    ID_FIELD_NUMBER: _ClassVar[int]
    TO_BRANCH_FIELD_NUMBER: _ClassVar[int]
    TO_EMPLOYEE_FIELD_NUMBER: _ClassVar[int]
    id: str
    to_branch: str
    to_employee: str
    def __init__(self, id: _Optional[str] = ..., to_branch: _Optional[str] = ..., to_employee: _Optional[str] = ...) -> None: ...

class HandBackHandoffRequest(_message.Message):
    __slots__ = ("id", "reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    reason: str
    def __init__(self, id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class WithdrawHandoffRequest(_message.Message):
    __slots__ = ("id", "reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    reason: str
    def __init__(self, id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class HandoffKind(_message.Message):
    __slots__ = ("kind", "from_department", "to_department", "deadline_working_minutes", "required", "id", "etag", "create_time", "update_time", "custom")
    KIND_FIELD_NUMBER: _ClassVar[int]
    FROM_DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    TO_DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_WORKING_MINUTES_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_FIELD_NUMBER: _ClassVar[int]
    kind: str
    from_department: str
    to_department: str
    deadline_working_minutes: int
    required: _containers.RepeatedScalarFieldContainer[str]
    id: str
    etag: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    custom: _struct_pb2.Struct
    def __init__(self, kind: _Optional[str] = ..., from_department: _Optional[str] = ..., to_department: _Optional[str] = ..., deadline_working_minutes: _Optional[int] = ..., required: _Optional[_Iterable[str]] = ..., id: _Optional[str] = ..., etag: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., custom: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class CreateHandoffKindRequest(_message.Message):
    __slots__ = ("handoff_kind",)
    HANDOFF_KIND_FIELD_NUMBER: _ClassVar[int]
    handoff_kind: HandoffKind
    def __init__(self, handoff_kind: _Optional[_Union[HandoffKind, _Mapping]] = ...) -> None: ...

class GetHandoffKindRequest(_message.Message):
    __slots__ = ("kind",)
    KIND_FIELD_NUMBER: _ClassVar[int]
    kind: str
    def __init__(self, kind: _Optional[str] = ...) -> None: ...

class UpdateHandoffKindRequest(_message.Message):
    __slots__ = ("handoff_kind", "update_mask")
    HANDOFF_KIND_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    handoff_kind: HandoffKind
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, handoff_kind: _Optional[_Union[HandoffKind, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class ListHandoffKindsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "order_by", "kind", "from_department", "to_department", "deadline_working_minutes", "required", "create_time_after", "create_time_before", "update_time_after", "update_time_before", "id")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    FROM_DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    TO_DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_WORKING_MINUTES_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_AFTER_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_BEFORE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_AFTER_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_BEFORE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    order_by: str
    kind: _containers.RepeatedScalarFieldContainer[str]
    from_department: _containers.RepeatedScalarFieldContainer[str]
    to_department: _containers.RepeatedScalarFieldContainer[str]
    deadline_working_minutes: _containers.RepeatedScalarFieldContainer[int]
    required: _containers.RepeatedScalarFieldContainer[str]
    create_time_after: _timestamp_pb2.Timestamp
    create_time_before: _timestamp_pb2.Timestamp
    update_time_after: _timestamp_pb2.Timestamp
    update_time_before: _timestamp_pb2.Timestamp
    id: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., order_by: _Optional[str] = ..., kind: _Optional[_Iterable[str]] = ..., from_department: _Optional[_Iterable[str]] = ..., to_department: _Optional[_Iterable[str]] = ..., deadline_working_minutes: _Optional[_Iterable[int]] = ..., required: _Optional[_Iterable[str]] = ..., create_time_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., id: _Optional[_Iterable[str]] = ...) -> None: ...

class ListHandoffKindsResponse(_message.Message):
    __slots__ = ("handoff_kinds", "next_page_token", "total_size")
    HANDOFF_KINDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TOTAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    handoff_kinds: _containers.RepeatedCompositeFieldContainer[HandoffKind]
    next_page_token: str
    total_size: int
    def __init__(self, handoff_kinds: _Optional[_Iterable[_Union[HandoffKind, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., total_size: _Optional[int] = ...) -> None: ...
