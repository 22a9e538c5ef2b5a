"""The composition root of analytics: what runs in this department."""

from runtime.department import Department, House
from services.analytics.api import Funnels, Metrics
from services.analytics.metric_queries import Rows
from services.analytics.projections import FUNNEL, METRICS
from services.analytics.queries import HEARD

#: What `baton stream analytics` runs, where departments are processes of their own; else the projector does.
STREAMS = METRICS


def build(house: House) -> Department:
    streamed = house.settings.departments is not None
    rows = Rows(house.views, "stream_heard" if streamed else "checkpoints")
    return Department(
        servicers={
            "baton.analytics.v1.Funnels": Funnels(house.views),
            "baton.analytics.v1.Metrics": Metrics(rows, house.clock),
        },
        projections=[FUNNEL] if streamed else [FUNNEL, METRICS],
        hears=HEARD,
    )
