"""One question to every department: answers joined, who is away named, and no question that was for one."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest
from baton.log.v1 import log_pb2
from baton.operations.v1 import operations_pb2 as messages

from runtime.caller import Reply
from runtime.errors import FORBIDDEN, UNAVAILABLE, Kind, RpcError, failure
from runtime.gathering import Gathering

STATUS, PARKED, REBUILD = (f"baton.operations.v1.Operations/{rpc}" for rpc in ("GetStatus", "ListParked", "Rebuild"))
NAMES = ["contacts", "marketing"]


class Departments:
    """Answer with their name; `failing` says who does not, and why."""

    def __init__(self, **failing: Kind) -> None:
        self.failing = failing
        self.asked: list[tuple[str, Mapping[str, str]]] = []

    async def call(self, method: str, request: Any, metadata: Mapping[str, str]) -> Reply:
        self.asked.append((request.department, metadata))
        if request.department in self.failing:
            raise failure(self.failing[request.department], "no")
        if method == STATUS:
            return Reply(messages.Status(departments=[messages.DepartmentStatus(department=request.department)]))
        return Reply(messages.RebuildResponse(department=request.department))

    async def stream(self, method: str, request: Any, metadata: Mapping[str, str]) -> AsyncGenerator[Any, None]:
        yield log_pb2.StreamItem(id=request.department)


async def test_what_names_no_department_is_asked_of_all_with_the_callers_token() -> None:
    departments = Departments()
    reply = await Gathering(departments, NAMES).call(STATUS, messages.GetStatusRequest(), {"authorization": "b"})
    assert [each.department for each in reply.message.departments] == NAMES
    assert sorted(departments.asked) == [(name, {"authorization": "b"}) for name in NAMES]
    assert list(reply.message.unreachable) == []


async def test_what_names_one_is_asked_of_that_one() -> None:
    departments = Departments()
    await Gathering(departments, NAMES).call(STATUS, messages.GetStatusRequest(department="sales"), {})
    assert departments.asked == [("sales", {})]


async def test_a_department_that_is_away_is_named_beside_the_answers_of_the_others() -> None:
    gathering = Gathering(Departments(marketing=UNAVAILABLE), NAMES)
    status = (await gathering.call(STATUS, messages.GetStatusRequest(), {})).message
    assert [each.department for each in status.departments] == ["contacts"]
    assert list(status.unreachable) == ["marketing"]


async def test_nobody_there_is_no_empty_answer() -> None:
    gathering = Gathering(Departments(contacts=UNAVAILABLE, marketing=UNAVAILABLE), NAMES)
    with pytest.raises(RpcError) as error:
        await gathering.call(PARKED, messages.ListParkedRequest(), {})
    assert error.value.kind is UNAVAILABLE


async def test_a_refusal_is_a_refusal() -> None:
    gathering = Gathering(Departments(marketing=FORBIDDEN), NAMES)
    with pytest.raises(RpcError) as error:
        await gathering.call(STATUS, messages.GetStatusRequest(), {})
    assert error.value.kind is FORBIDDEN


async def test_what_changes_something_is_never_asked_of_all() -> None:
    departments = Departments()
    await Gathering(departments, NAMES).call(REBUILD, messages.RebuildRequest(), {})
    assert departments.asked == [("", {})]


async def test_streams_pass_through() -> None:
    items = Gathering(Departments(), NAMES).stream("x", log_pb2.SubscribeRequest(department="sales"), {})
    assert [item.id async for item in items] == ["sales"]
