"""The composition root of analytics: what runs in this department."""

from pathlib import Path

from runtime.department import Department, House
from services.analytics.api import Funnels, Metrics
from services.analytics.metric_queries import Rows
from services.analytics.projections import PROJECTIONS
from services.analytics.queries import HEARD


def build(house: House) -> Department:
    return Department(
        servicers={
            "baton.analytics.v1.Funnels": Funnels(house.views),
            "baton.analytics.v1.Metrics": Metrics(Rows(house.views), house.clock),
        },
        projections=PROJECTIONS,
        schema=Path(__file__).with_name("schema.sql"),
        hears=HEARD,
    )
