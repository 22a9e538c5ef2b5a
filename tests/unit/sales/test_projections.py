"""Read models of sales come out equal, however facts of several opportunities and of contacts are shuffled."""

import pytest
from hypothesis import given, settings

from eventlog.projections import Projection
from services.sales.projections import OFFERS, OPPORTUNITIES
from tests.support.examples import (
    CLOSED_AT,
    HANDOFF,
    LEAD_LINKED,
    OPPORTUNITY,
    OPPORTUNITY_LOST,
    OPPORTUNITY_MOVED,
    OPPORTUNITY_OPENED,
    OPPORTUNITY_REOPENED,
    OPPORTUNITY_UPDATED,
    OPPORTUNITY_WON,
)
from tests.support.projecting import Heard, interleavings, recorded, rows
from tests.unit.marketing.test_projections import SUBJECT, offered

ANOTHER = "00000000-0000-5000-8000-000000000004"

STREAMS = [
    recorded(
        f"sales.opportunity-{OPPORTUNITY}",
        OPPORTUNITY_OPENED,
        OPPORTUNITY_UPDATED,
        OPPORTUNITY_MOVED,
        LEAD_LINKED,
        OPPORTUNITY_LOST,
        OPPORTUNITY_REOPENED,
        OPPORTUNITY_WON,
    ),
    recorded(
        f"sales.opportunity-{ANOTHER}",
        OPPORTUNITY_OPENED.model_copy(update={"opportunity_id": ANOTHER}),
        OPPORTUNITY_LOST.model_copy(update={"opportunity_id": ANOTHER}),
        position=20,
    ),
    recorded(f"contacts.handoff-{HANDOFF}", offered(HANDOFF, "", subject=SUBJECT), position=30),
]
IN_ORDER = [heard for stream in STREAMS for heard in stream]


@pytest.mark.parametrize("projection", [OPPORTUNITIES, OFFERS], ids=lambda each: each.name)
def test_every_interleaving_gives_equal_rows(projection: Projection) -> None:
    expected = rows(projection, IN_ORDER)

    @settings(max_examples=80)
    @given(interleavings(STREAMS))
    def shuffled(heard: list[Heard]) -> None:
        assert rows(projection, heard) == expected

    shuffled()


def test_an_opportunity_is_shown_as_last_told() -> None:
    shown = rows(OPPORTUNITIES, IN_ORDER)["opportunities"]
    won, lost = shown["demo", OPPORTUNITY], shown["demo", ANOTHER]
    assert (won["state"], won["stage"], won["title"]) == ("WON", "proposal", "350 mugs with a logo")
    assert won["amount"] == {"currency": "GBP", "amount": "1500.00"}
    assert won["lead_ids"] == [*OPPORTUNITY_OPENED.lead_ids, LEAD_LINKED.lead_id]
    assert (won["expected_close"], won["closed_at"], won["lost_reason"]) == (None, CLOSED_AT, "")
    assert (lost["state"], lost["lost_reason"]) == ("LOST", "Too expensive")
