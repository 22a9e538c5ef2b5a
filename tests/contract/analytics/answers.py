"""Analytics' answers about metrics as plain values, to be compared with a fold."""

from datetime import UTC, datetime
from typing import Any, Protocol

from baton.analytics.v1 import metrics_pb2


class Desk(Protocol):
    """Whoever can be asked."""

    async def ask(self, method: str, request: Any) -> Any: ...


async def touches(desk: Desk, **asked: Any) -> list[dict[str, Any]]:
    answer = await desk.ask("Metrics/GetTouches", metrics_pb2.GetTouchesRequest(**asked))
    return [
        {
            "start": row.start.ToDatetime(UTC), "key": row.key, "leads": row.leads, "touches": row.touches,
            "firstTouches": row.first_touches, "lastTouches": row.last_touches, "wonByFirst": row.won_by_first,
            "wonByLast": row.won_by_last,
        }
        for row in answer.rows
    ]  # fmt: skip


async def dwell(desk: Desk, **asked: Any) -> list[dict[str, Any]]:
    answer = await desk.ask("Metrics/GetDwell", metrics_pb2.GetDwellRequest(**asked))
    return [
        {"kind": row.kind, "state": row.state, "key": row.key, "stays": spread(row.stays), "staying": row.staying}
        for row in answer.rows
    ]


async def latencies(desk: Desk, start: datetime | None = None, end: datetime | None = None, **asked: Any) -> Any:
    request = metrics_pb2.GetHandoffLatenciesRequest(**{"from": start, "to": end, **asked})
    answer = await desk.ask("Metrics/GetHandoffLatencies", request)
    return [
        {
            "until": row.until.ToDatetime(UTC), "fromDepartment": row.from_department,
            "toDepartment": row.to_department, "key": row.key, "asked": row.asked,
            "delivery": spread(row.delivery), "acceptance": spread(row.acceptance), "response": spread(row.response),
        }
        for row in answer.rows
    ]  # fmt: skip


def spread(message: metrics_pb2.Spread) -> dict[str, Any]:
    times = {field.name: value.ToTimedelta() for field, value in message.ListFields() if field.name != "count"}
    return {"count": message.count, **times}
