"""The composition root of sales: what runs in this department."""

from runtime.department import Department, House
from runtime.imports import Shown
from services.offers import Sight
from services.receipts import receiving
from services.sales.api import Opportunities, Pipelines
from services.sales.projections import OFFERS, OPPORTUNITIES
from services.sales.reactions import TakingOver, reactions


def build(house: House) -> Department:
    shown = Shown(house.store, house.hearing, house.views, "opportunities")
    sight = Sight(house.views, "sales.opportunity", "opportunities")
    return Department(
        servicers={
            "baton.sales.v1.Opportunities": Opportunities(house.handler, house.views, sight, shown, house.clock),
            "baton.sales.v1.Pipelines": Pipelines(),
        },
        projections=[OPPORTUNITIES, OFFERS],
        reactions=[reactions(TakingOver(house.handler)), receiving(house)],
        hears=["contacts", "marketing"],
        readable=sight.streams,
    )
