"""Answers the RPCs of `proto/baton/analytics/v1`."""

from collections.abc import Mapping
from typing import Any

from baton.analytics.v1 import funnel_pb2, metrics_pb2

from eventlog.views import Views
from runtime.call import Call
from runtime.department import Clock
from runtime.messages import fill, values
from services.analytics import metric_queries, queries
from services.analytics.metric_queries import Range, Rows, Scope, day_ends


class Funnels:
    def __init__(self, views: Views) -> None:
        self._views = views

    async def GetFunnel(self, request: funnel_pb2.GetFunnelRequest, call: Call) -> funnel_pb2.Funnel:
        identity = call.identity
        found = await queries.funnel(self._views, identity.tenant, identity.scope, request.group_by or "source")
        rows = [fill(funnel_pb2.FunnelRow, row) for row in found.rows]
        return funnel_pb2.Funnel(rows=rows, positions=found.positions)


class Metrics:
    """`clock` says where the sliding day of handoffs ends when nobody does."""

    def __init__(self, rows: Rows, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock

    async def GetTouches(self, request: metrics_pb2.GetTouchesRequest, call: Call) -> metrics_pb2.Touches:
        asked = values(request)
        group_by, window = asked.get("group_by", "source"), asked.get("window", "hour")
        found = await metric_queries.touches(self._rows, _scope(call), _range(asked), group_by, window)
        return fill(metrics_pb2.Touches, found)

    async def GetDwell(self, request: metrics_pb2.GetDwellRequest, call: Call) -> metrics_pb2.Dwell:
        asked = values(request)
        group_by = asked.get("group_by", "branch")
        return fill(metrics_pb2.Dwell, await metric_queries.dwell(self._rows, _scope(call), _range(asked), group_by))

    async def GetHandoffLatencies(
        self, request: metrics_pb2.GetHandoffLatenciesRequest, call: Call
    ) -> metrics_pb2.HandoffLatencies:
        asked = values(request)
        ends = day_ends(_range(asked), self._clock())
        found = await metric_queries.handoffs(self._rows, _scope(call), ends, asked.get("group_by", "pair"))
        return fill(metrics_pb2.HandoffLatencies, found)


def _scope(call: Call) -> Scope:
    return Scope(call.identity.tenant, call.identity.scope)


def _range(asked: Mapping[str, Any]) -> Range:
    return Range(asked.get("from"), asked.get("to"))
