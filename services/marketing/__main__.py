"""The composition root of marketing: what runs in this department."""

from runtime.department import Department, House
from runtime.imports import Shown
from services.marketing.api import Leads
from services.marketing.projections import LEADS, OFFERS
from services.marketing.queries import Queries
from services.marketing.reactions import Returns, reactions
from services.offers import Sight
from services.receipts import receiving


def build(house: House) -> Department:
    queries = Queries(house.views)
    shown = Shown(house.store, house.hearing, house.views, "leads")
    sight = Sight(house.views, "marketing.lead", "leads")
    return Department(
        servicers={"baton.marketing.v1.Leads": Leads(house.handler, house.views, queries, sight, shown, house.clock)},
        projections=[LEADS, OFFERS],
        reactions=[reactions(Returns(house.handler, queries, house.feeds["contacts"], house.codec)), receiving(house)],
        hears=["contacts", "sales"],
        readable=sight.streams,
    )
