"""Answers the RPCs of `proto/baton/analytics/v1`."""

import asyncio
from collections.abc import Mapping
from typing import Any

from baton.analytics.v1 import funnel_pb2, metrics_pb2

from eventlog.clock import Clock
from eventlog.errors import Behind
from eventlog.events import Place
from eventlog.views import Views
from runtime.call import Call
from runtime.messages import fill, values
from services.analytics import metric_queries, queries
from services.analytics.metric_queries import Range, Rows, Scope, day_ends

#: How long a question waits for the places that it names, and how often it is looked until then.
WAIT_S, LOOK_S = 5.0, 0.05


class Funnels:
    def __init__(self, views: Views) -> None:
        self._views = views

    async def GetFunnel(self, request: funnel_pb2.GetFunnelRequest, call: Call) -> funnel_pb2.Funnel:
        identity = call.identity
        found = await queries.funnel(self._views, identity.tenant, identity.scope, request.group_by or "source")
        rows = [fill(funnel_pb2.FunnelRow, row) for row in found.rows]
        return funnel_pb2.Funnel(rows=rows, positions=found.positions)


class Metrics:
    """`clock` says where the sliding day of handoffs ends when nobody does. Raises `Behind`."""

    def __init__(self, rows: Rows, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock

    async def GetTouches(self, request: metrics_pb2.GetTouchesRequest, call: Call) -> metrics_pb2.Touches:
        asked = values(request)
        group_by, window = asked.get("group_by", "source"), asked.get("window", "hour")
        during = _range(asked)
        await self._counted(call)
        found = await metric_queries.touches(self._rows, _scope(call), during, group_by, window)
        return fill(metrics_pb2.Touches, found)

    async def GetDwell(self, request: metrics_pb2.GetDwellRequest, call: Call) -> metrics_pb2.Dwell:
        asked = values(request)
        group_by, during = asked.get("group_by", "branch"), _range(asked)
        await self._counted(call)
        return fill(metrics_pb2.Dwell, await metric_queries.dwell(self._rows, _scope(call), during, group_by))

    async def GetHandoffLatencies(
        self, request: metrics_pb2.GetHandoffLatenciesRequest, call: Call
    ) -> metrics_pb2.HandoffLatencies:
        asked = values(request)
        ends, group_by = day_ends(_range(asked), self._clock()), asked.get("group_by", "pair")
        await self._counted(call)
        found = await metric_queries.handoffs(self._rows, _scope(call), ends, group_by)
        return fill(metrics_pb2.HandoffLatencies, found)

    async def _counted(self, call: Call) -> None:
        """Return once the rows go as far as the caller wants. Stream workers write them: that the department's views
        are there says nothing of them."""
        deadline = asyncio.get_running_loop().time() + WAIT_S
        while call.min_places and (behind := _behind(await metric_queries.counted(self._rows), call.min_places)):
            if asyncio.get_running_loop().time() > deadline:
                raise Behind(behind)
            await asyncio.sleep(LOOK_S)


def _behind(counted: Mapping[str, Place], wanted: Mapping[str, Place]) -> str:
    """Which department is not counted that far, or ""."""
    for department, place in wanted.items():
        there = counted.get(department, place)
        if (there.generation, there.position) < (place.generation, place.position):
            return f"{department} was counted up to {there}, not yet to {place}"
    return ""


def _scope(call: Call) -> Scope:
    return Scope(call.identity.tenant, call.identity.scope)


def _range(asked: Mapping[str, Any]) -> Range:
    return Range(asked.get("from"), asked.get("to"))
