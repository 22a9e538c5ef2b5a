"""Answers the RPCs of `proto/baton/analytics/v1`."""

from baton.analytics.v1 import funnel_pb2

from eventlog.views import Views
from runtime.call import Call
from runtime.messages import fill
from services.analytics import queries


class Funnels:
    def __init__(self, views: Views) -> None:
        self._views = views

    async def GetFunnel(self, request: funnel_pb2.GetFunnelRequest, call: Call) -> funnel_pb2.Funnel:
        identity = call.identity
        found = await queries.funnel(self._views, identity.tenant, identity.scope, request.group_by or "source")
        rows = [fill(funnel_pb2.FunnelRow, row) for row in found.rows]
        return funnel_pb2.Funnel(rows=rows, positions=found.positions)
