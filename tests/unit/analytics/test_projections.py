"""The funnel's rows come out equal, however the facts of marketing, contacts and sales are shuffled."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given

from facts.common import Money, Subject
from facts.contacts import HandoffAccepted
from facts.sales import OpportunityUpdated
from services.analytics.projections import FUNNEL
from services.analytics.queries import conversion
from tests.support.examples import (
    ACCEPTED_AT,
    HANDOFF,
    LEAD,
    LEAD_CAPTURED,
    LEAD_LINKED,
    LEAD_QUALIFIED,
    LEAD_UPDATED,
    OPPORTUNITY,
    OPPORTUNITY_LOST,
    OPPORTUNITY_OPENED,
    OPPORTUNITY_REOPENED,
    OPPORTUNITY_WON,
)
from tests.support.projecting import Heard, interleavings, recorded, rows

ACCEPTED = HandoffAccepted(
    handoff_id=HANDOFF, kind="lead-to-sales", to_department="sales", subject=Subject(kind="lead", id=LEAD),
    to_branch="london", owner="oliver.hughes", opportunity_id=OPPORTUNITY, opens=True, accepted_by="oliver.hughes",
    accepted_at=ACCEPTED_AT, basis={}, closing=(),
)  # fmt: skip

MARKETING = recorded(f"marketing.lead-{LEAD}", LEAD_CAPTURED, LEAD_QUALIFIED, LEAD_UPDATED)
CONTACTS = recorded("contacts.handoff-1", ACCEPTED)
DEAL = (OPPORTUNITY_OPENED, LEAD_LINKED, OPPORTUNITY_LOST, OPPORTUNITY_REOPENED, OPPORTUNITY_WON)
SALES = recorded(f"sales.opportunity-{OPPORTUNITY}", *DEAL)


@given(interleavings([MARKETING, CONTACTS, SALES]))
def test_departments_may_be_heard_in_any_order(heard: list[Heard]) -> None:
    assert rows(FUNNEL, heard) == rows(FUNNEL, [*MARKETING, *CONTACTS, *SALES])


def test_a_lead_that_only_contacts_mentioned_is_not_captured() -> None:
    (lead,) = rows(FUNNEL, CONTACTS)["funnel_leads"].values()
    assert lead == {"accepted": True}


def test_a_month_has_four_digits_for_its_year_however_early() -> None:
    early = LEAD_CAPTURED.model_copy(update={"captured_at": datetime(1, 1, 2, tzinfo=UTC)})
    (lead,) = rows(FUNNEL, recorded(f"marketing.lead-{LEAD}", early))["funnel_leads"].values()
    assert lead["month"] == "0001-01"


def test_an_opportunity_that_is_reopened_is_neither_lost_nor_won() -> None:
    heard = recorded("sales.opportunity-1", OPPORTUNITY_OPENED, OPPORTUNITY_LOST, OPPORTUNITY_REOPENED)
    (opportunity,) = rows(FUNNEL, heard)["funnel_opportunities"].values()
    assert opportunity["state"] == "OPEN"


def test_an_amount_that_is_cleared_is_worth_nothing() -> None:
    cleared = OpportunityUpdated(opportunity_id=OPPORTUNITY, fields=("amount",))
    (opportunity,) = rows(FUNNEL, recorded("sales.opportunity-1", OPPORTUNITY_OPENED, cleared))[
        "funnel_opportunities"
    ].values()
    assert (opportunity["currency"], opportunity["amount"]) == ("", None)


def test_winning_without_an_amount_leaves_the_one_there_was() -> None:
    opened = OPPORTUNITY_OPENED.model_copy(update={"amount": Money(currency="EUR", amount=Decimal("12.30"))})
    won = OPPORTUNITY_WON.model_copy(update={"amount": None})
    (opportunity,) = rows(FUNNEL, recorded("sales.opportunity-1", opened, won))["funnel_opportunities"].values()
    assert (opportunity["state"], opportunity["amount"]) == ("WON", Decimal("12.30"))


def test_conversion_has_at_most_six_places_and_no_needless_zeros() -> None:
    shares = [conversion(*each) for each in ((842, 8000), (1, 3), (0, 60), (7, 7), (0, 0))]
    assert shares == ["0.10525", "0.333333", "0", "1", "0"]
