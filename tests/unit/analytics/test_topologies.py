"""What the topologies derive, and that rows come out equal however the streams are shuffled."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.analytics import (
    HandoffRequested,
    HandoffStepped,
    LeadCounted,
    LeadWon,
    Stayed,
    TouchCounted,
    TouchDropped,
)
from facts.marketing import LeadUpdated, Touch
from services.analytics.projections import METRICS
from services.analytics.topologies import DWELL, HANDOFFS, TOPOLOGIES, TOUCHES, WINS
from tests.support.examples import (
    CALLED_AT,
    CLOSED_AT,
    HANDOFF,
    LEAD,
    LEAD_CAPTURED,
    LEAD_DISQUALIFIED,
    LEAD_LINKED,
    LEAD_QUALIFIED,
    LEAD_TOUCHED,
    LEAD_UPDATED,
    OPPORTUNITY,
    OPPORTUNITY_LOST,
    OPPORTUNITY_OPENED,
    OPPORTUNITY_REOPENED,
    OPPORTUNITY_WON,
    QUALIFIED_AT,
)
from tests.support.examples_handoffs import (
    HANDOFF_ACCEPTED,
    HANDOFF_ASKED,
    HANDOFF_DELIVERED,
    HANDOFF_OFFERED,
    HANDOFF_REASSIGNED,
    SUPPLEMENT_DELIVERED,
)
from tests.support.metrics_history import history
from tests.support.projecting import START, Heard, derived, interleavings, recorded, rows

LEAD_STREAM, DEAL_STREAM, HANDOFF_STREAM = (
    f"marketing.lead-{LEAD}",
    f"sales.opportunity-{OPPORTUNITY}",
    f"contacts.handoff-{HANDOFF}",
)
MARKETING = recorded(LEAD_STREAM, LEAD_CAPTURED, LEAD_TOUCHED, LEAD_QUALIFIED, LEAD_UPDATED, LEAD_DISQUALIFIED)
CONTACTS = recorded(HANDOFF_STREAM, HANDOFF_OFFERED, HANDOFF_DELIVERED, HANDOFF_ACCEPTED, SUPPLEMENT_DELIVERED)
SALES = recorded(DEAL_STREAM, OPPORTUNITY_OPENED, OPPORTUNITY_WON, LEAD_LINKED, OPPORTUNITY_REOPENED, OPPORTUNITY_WON)


@given(interleavings([MARKETING, CONTACTS, SALES]))
def test_departments_may_be_heard_in_any_order(heard: list[Heard]) -> None:
    assert rows(METRICS, heard) == rows(METRICS, [*MARKETING, *CONTACTS, *SALES])


@given(seed=st.integers(0, 1000), order=st.randoms(use_true_random=False))
def test_whole_histories_may_be_heard_in_any_order(seed: int, order: Any) -> None:
    streams: dict[str, list[Any]] = {}
    for stream, fact in history(seed, leads=6, deals=4):
        streams.setdefault(stream, []).append(fact)
    told = [recorded(stream, *facts, position=100 * n) for n, (stream, facts) in enumerate(streams.items())]
    turns = [n for n, stream in enumerate(told) for _ in stream]
    order.shuffle(turns)
    hands = [iter(stream) for stream in told]

    assert rows(METRICS, [next(hands[n]) for n in turns]) == rows(METRICS, [each for one in told for each in one])


@pytest.mark.parametrize("topology", TOPOLOGIES, ids=lambda topology: topology.name)
def test_what_is_derived_names_nobody(topology: Any) -> None:
    told = str([derived(topology, each) for each in (MARKETING, CONTACTS, SALES)])
    for personal in ("Anna", "Petrova", "afternoon", "mugs", "minimum"):
        assert personal not in told


# ------------------------------------------------------------------------------------------------- leads and touches


def counted(**more: Any) -> LeadCounted:
    values = {name: getattr(LEAD_CAPTURED, name) for name in ("source", "landing_page", "campaign", "branch")}
    return LeadCounted(lead_id=LEAD, captured_at=CALLED_AT, **{**values, **more})


def touch(n: int, at: datetime, **more: str) -> TouchCounted:
    return TouchCounted(lead_id=LEAD, n=n, at=at, **more)


def test_a_lead_counts_with_the_touches_that_it_came_with_and_those_that_follow() -> None:
    assert derived(TOUCHES, recorded(LEAD_STREAM, LEAD_CAPTURED, LEAD_TOUCHED)) == [
        counted(),
        touch(1, CALLED_AT, channel="search", source="organic_search"),
        touch(2, QUALIFIED_AT, channel="EMAIL", campaign="spring-2026"),
    ]


def test_the_capture_of_a_lead_without_touches_is_one_and_is_corrected_with_it() -> None:
    bare = LEAD_CAPTURED.model_copy(update={"touches": ()})
    page = {"campaign": "spring-2026", "landing_page": "/wholesale"}
    assert derived(TOUCHES, recorded(LEAD_STREAM, bare, LEAD_UPDATED, LEAD_TOUCHED)) == [
        counted(),
        touch(0, CALLED_AT, source="organic_search", **page),
        counted(source="fair"),
        touch(0, CALLED_AT, source="fair", **page),
        touch(1, QUALIFIED_AT, channel="EMAIL", campaign="spring-2026"),
    ]


def test_touches_that_are_told_anew_take_the_place_of_the_old_ones() -> None:
    anew = LeadUpdated(lead_id=LEAD, fields=("touches",), touches=(Touch(at=QUALIFIED_AT, source="fair"),))
    assert derived(TOUCHES, recorded(LEAD_STREAM, LEAD_CAPTURED, LEAD_TOUCHED, anew, LEAD_TOUCHED))[3:] == [
        touch(1, QUALIFIED_AT, source="fair"),
        TouchDropped(lead_id=LEAD, n=2),
        touch(2, QUALIFIED_AT, channel="EMAIL", campaign="spring-2026"),
    ]


def won(lead_id: str, at: datetime | None) -> LeadWon:
    return LeadWon(lead_id=lead_id, opportunity_id=OPPORTUNITY, won_at=at)


def test_every_lead_of_a_deal_is_won_with_it_until_it_is_reopened() -> None:
    assert derived(WINS, SALES) == [
        won(LEAD, CLOSED_AT),
        won(LEAD_LINKED.lead_id, CLOSED_AT),
        won(LEAD, None),
        won(LEAD_LINKED.lead_id, None),
        won(LEAD, CLOSED_AT),
        won(LEAD_LINKED.lead_id, CLOSED_AT),
    ]


def test_a_deal_that_was_never_won_says_nothing_of_its_leads() -> None:
    assert derived(WINS, recorded(DEAL_STREAM, OPPORTUNITY_OPENED, OPPORTUNITY_LOST, OPPORTUNITY_REOPENED)) == []


# ------------------------------------------------------------------------------------------------------------ dwell


def stay(n: int, state: str, since: datetime, until: datetime | None = None, **more: str) -> Stayed:
    held = {"branch": "london", "employee": "emma.clarke", **more}
    return Stayed(kind="lead", id=LEAD, n=n, state=state, entered_at=since, left_at=until, **held)


def test_a_state_ends_as_the_world_dates_the_next_one_else_when_that_was_recorded() -> None:
    recorded_at = START + timedelta(minutes=3, seconds=len(LEAD_STREAM))
    assert derived(DWELL, recorded(LEAD_STREAM, LEAD_CAPTURED, LEAD_QUALIFIED, LEAD_DISQUALIFIED)) == [
        stay(1, "NEW", CALLED_AT),
        stay(1, "NEW", CALLED_AT, QUALIFIED_AT),
        stay(2, "QUALIFIED", QUALIFIED_AT),
        stay(2, "QUALIFIED", QUALIFIED_AT, recorded_at),
        stay(3, "DISQUALIFIED", recorded_at),
    ]


def test_a_stay_belongs_to_who_has_the_record_at_its_end() -> None:
    passed_on = LeadUpdated(lead_id=LEAD, fields=("owner", "branch"), owner="priya", branch="leeds")
    priya: dict[str, Any] = {"branch": "leeds", "employee": "priya"}
    assert derived(DWELL, recorded(LEAD_STREAM, LEAD_CAPTURED, passed_on, LEAD_QUALIFIED))[1:] == [
        stay(1, "NEW", CALLED_AT, **priya),
        stay(1, "NEW", CALLED_AT, QUALIFIED_AT, **priya),
        stay(2, "QUALIFIED", QUALIFIED_AT, **priya),
    ]


def test_a_capture_that_is_corrected_later_moves_the_beginning_of_the_first_state() -> None:
    earlier = CALLED_AT - timedelta(days=2)
    corrected = LeadUpdated(lead_id=LEAD, fields=("captured_at",), captured_at=earlier)
    told = derived(DWELL, recorded(LEAD_STREAM, LEAD_CAPTURED, LEAD_QUALIFIED, corrected))
    assert told[-1] == stay(1, "NEW", earlier, QUALIFIED_AT)


# --------------------------------------------------------------------------------------------------------- handoffs


def test_who_asks_and_the_handoff_itself_tell_of_it_apart() -> None:
    ask = LEAD_QUALIFIED.ask
    (requested,) = derived(HANDOFFS, recorded(LEAD_STREAM, LEAD_CAPTURED, LEAD_QUALIFIED))
    assert requested == HandoffRequested(
        handoff_id=HANDOFF,
        kind="lead-to-sales",
        from_department="marketing",
        to_department="sales",
        from_branch=ask.from_branch,
        to_branch=ask.to_branch,
        asked_at=START + timedelta(minutes=2, seconds=len(LEAD_STREAM)),
        dated_at=QUALIFIED_AT,
    )
    steps = derived(HANDOFFS, CONTACTS)
    assert steps[-1] == HandoffStepped(
        handoff_id=HANDOFF,
        to_branch=HANDOFF_ACCEPTED.to_branch,
        delivered_at=START + timedelta(minutes=2, seconds=len(HANDOFF_STREAM)),
        accepted_at=START + timedelta(minutes=3, seconds=len(HANDOFF_STREAM)),
        dated_at=HANDOFF_ACCEPTED.accepted_at,
    )


def test_a_handoff_is_delivered_once_and_supplements_do_not_count() -> None:
    heard = recorded(HANDOFF_STREAM, HANDOFF_OFFERED, HANDOFF_DELIVERED, HANDOFF_DELIVERED, SUPPLEMENT_DELIVERED)
    assert derived(HANDOFFS, heard) == derived(HANDOFFS, heard[:2])


def test_a_handoff_that_is_asked_for_by_hand_says_so_itself_and_moves_when_it_is_passed_on() -> None:
    requested, *steps = derived(HANDOFFS, recorded(HANDOFF_STREAM, HANDOFF_ASKED, HANDOFF_OFFERED, HANDOFF_REASSIGNED))
    assert isinstance(requested, HandoffRequested)
    assert [step.to_branch for step in steps] == [HANDOFF_OFFERED.to_branch, HANDOFF_REASSIGNED.to_branch]
