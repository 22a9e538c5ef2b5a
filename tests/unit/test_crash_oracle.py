"""The oracle of the crash loop sees each way in which a log may break its promise."""

from dataclasses import replace
from typing import Any

import pytest

from tests.crash.load import Attempt
from tests.crash.writes import acknowledged_and_attempted, unacknowledged

SEALED = {"sealed": "3q2+7w=="}
Logged = dict[str, Any]


def event(type: str, stream: str, version: int = 1, **data: Any) -> Logged:
    return {"type": type, "stream": stream, "version": version, "data": data}


CAPTURED = event("marketing.lead-captured", "marketing.lead-1", lead_id="1", external_id="web-1", source="form")
QUALIFIED = event("marketing.lead-qualified", "marketing.lead-1", 2, lead_id="1", note=SEALED, ask={"handoff_id": "h1"})
CALLED = event("contacts.interaction-recorded", "contacts.interaction-1", external_id="call-1", channel="CALL")
ACCEPTED = event("contacts.handoff-accepted", "contacts.handoff-h1", 3, handoff_id="h1", owner="k4")
WON = event(
    "sales.opportunity-won", "sales.opportunity-o1", 2, opportunity_id="o1", closed_at="2026-03-01T10:00:00.500000Z"
)
#: Contacts registers the person of a lead by itself.
FOUND = event("contacts.person-registered", "contacts.person-1")
LOG = [CAPTURED, QUALIFIED, CALLED, ACCEPTED, WON, FOUND]

LEAD = Attempt("lead", "k1", "web-1", "/v1/leads", {"externalId": "web-1", "source": "form"}, {"id": "1", "etag": "1"})
QUALIFY = Attempt("qualify", "k2", "web-1", "", {"note": "hot"}, {"id": "1", "etag": "2-9f2c41aa", "handoffId": "h1"})
CALL = Attempt("interaction", "k3", "call-1", "", {"channel": "CALL"}, {"id": "1", "etag": "1"})
ACCEPT = Attempt("accept", "k4", "h1", "", {"owner": "k4"}, {"id": "h1", "etag": "3"})
WIN = Attempt("win", "k5", "o1", "", {}, {"id": "o1", "etag": "2", "closedAt": "2026-03-01T10:00:00.5Z"})
ASKED = [LEAD, QUALIFY, CALL, ACCEPT, WIN]


def without(gone: Logged) -> list[Logged]:
    return [each for each in LOG if each is not gone]


def judge(events: list[Logged], attempts: list[Attempt]) -> None:
    acknowledged_and_attempted({"all": events}, attempts)


def test_what_was_asked_and_stands_there_once_is_right() -> None:
    judge(LOG, [*ASKED, Attempt("accept", "k6", "h1", "", {"owner": "k6"}, refusals=[409])])


@pytest.mark.parametrize(
    ("events", "attempts", "told"),
    [
        (without(CALLED), ASKED, "interaction: acknowledged and not in the log"),
        (without(QUALIFIED), ASKED, "qualify: acknowledged and not in the log"),
        (without(ACCEPTED), ASKED, "accept: acknowledged and not in the log"),
        (LOG, [LEAD, QUALIFY, ACCEPT, WIN], "interaction: in the log and never attempted"),
        (LOG, [LEAD, CALL, ACCEPT, WIN], "qualify: in the log and never attempted"),
        (LOG, [*ASKED[:-1], replace(WIN, answer=None, refusals=[409])], "win: in the log and never attempted, or refu"),
        ([*LOG, CALLED], ASKED, "interaction: recorded twice"),
        ([*LOG, QUALIFIED], ASKED, "qualify: recorded twice"),
        ([*LOG, WON], ASKED, "win: recorded twice"),
    ],
)
def test_what_is_lost_invented_or_doubled_is_told(events: list[Logged], attempts: list[Attempt], told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        judge(events, attempts)


@pytest.mark.parametrize(
    ("event", "other", "told"),
    [
        (CAPTURED, {"data": {**CAPTURED["data"], "source": "call"}}, "lead: k1 .*'source': .'form', 'call'"),
        (QUALIFIED, {"data": {**QUALIFIED["data"], "note": ""}}, "qualify: k2 .*'note': .'hot', ''"),
        (QUALIFIED, {"data": {**QUALIFIED["data"], "ask": {"handoff_id": "h2"}}}, "'ask.handoff_id': .'h1', 'h2'"),
        (CALLED, {"stream": "contacts.interaction-2"}, "'stream': .'contacts.interaction-1', 'contacts.interaction-2'"),
        (ACCEPTED, {"version": 4}, "'version': .3, 4"),
        (ACCEPTED, {"data": {**ACCEPTED["data"], "owner": "k6"}}, "'owner': .'k4', 'k6'"),
        (WON, {"data": {**WON["data"], "closed_at": "2026-03-01T10:00:01Z"}}, "win: k5 .*'closed_at'"),
    ],
)
def test_what_stands_otherwise_than_it_was_acknowledged_is_told(event: Logged, other: Logged, told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        judge([*without(event), {**event, **other}], ASKED)


def test_only_what_others_have_not_told_yet_may_be_refused() -> None:
    early, forbidden = replace(ACCEPT, refusals=[409, 404]), replace(ACCEPT, refusals=[409, 403])
    assert (early.wrongly_refused, forbidden.wrongly_refused) == ([], [403])
    assert replace(LEAD, refusals=[409]).wrongly_refused == [409]


def test_kinds_of_which_nothing_came_through_are_told() -> None:
    assert unacknowledged([*ASKED[:-1], replace(WIN, answer=None)]) == ["person", "return", "touch", "update", "win"]
