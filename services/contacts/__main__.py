"""The composition root of contacts: what runs in this department."""

from runtime.department import Department, House
from services.contacts.api.acceptances import Acceptances
from services.contacts.api.access import Access
from services.contacts.api.branches import Branches
from services.contacts.api.companies import Companies
from services.contacts.api.handoff_asking import Asking
from services.contacts.api.handoff_kinds import HandoffKinds
from services.contacts.api.handoff_reading import HandoffReader
from services.contacts.api.handoffs import Handoffs
from services.contacts.api.importing import Importer
from services.contacts.api.interactions import Interactions
from services.contacts.api.naming import Naming
from services.contacts.api.people import People
from services.contacts.api.promises import Promises
from services.contacts.api.sight import Sight
from services.contacts.api.timelines import Timelines
from services.contacts.common.given import Given
from services.contacts.common.registering import Registrar
from services.contacts.handoff_queries import HandoffQueries
from services.contacts.projections.handoffs import HANDOFFS
from services.contacts.projections.interactions import INTERACTIONS
from services.contacts.projections.records import RECORDS
from services.contacts.projections.timeline import ACCESS, OFFERS, TIMELINE
from services.contacts.queries import Queries
from services.contacts.reactions import handoffs, leads
from services.receipts import receiving


def build(house: House) -> Department:
    handler, views, keyring = house.handler, house.views, house.keyring
    queries, given, about_handoffs = Queries(views), Given(handler), HandoffQueries(views)
    access, importer, registrar = Access(handler, queries), Importer(handler, keyring), Registrar(handler, keyring)
    handoff_reader, naming = HandoffReader(house, about_handoffs), Naming(house, queries)
    asking = Asking(house, about_handoffs, naming)
    return Department(
        servicers={
            "baton.contacts.v1.People": People(views, access, registrar, given, importer),
            "baton.contacts.v1.Companies": Companies(views, access, handler, given, importer),
            "baton.contacts.v1.Branches": Branches(views, handler),
            "baton.contacts.v1.Interactions": Interactions(views, queries, access, handler, importer, house.clock),
            "baton.contacts.v1.Promises": Promises(house, queries),
            "baton.contacts.v1.Timelines": Timelines(queries, handoff_reader),
            "baton.contacts.v1.Handoffs": Handoffs(house, about_handoffs, handoff_reader, naming, asking),
            "baton.contacts.v1.HandoffKinds": HandoffKinds(house),
            "baton.contacts.v1.Acceptances": Acceptances(house, about_handoffs),
        },
        projections=[RECORDS, INTERACTIONS, TIMELINE, ACCESS, OFFERS, HANDOFFS],
        reactions=[
            leads.reactions(house, registrar, given),
            handoffs.reactions(house, about_handoffs),
            receiving(house),
        ],
        hears=("marketing", "sales"),
        readable=Sight(queries).streams,
    )
