"""The oracle of the crash loop sees each way in which a log may break its promise."""

from typing import Any

import pytest

from tests.crash.load import Attempt
from tests.crash.oracle import acknowledged_and_attempted

LEAD = "marketing.lead-1"


def event(type: str, stream: str, external_id: str = "") -> dict[str, Any]:
    return {"type": type, "stream": stream, "data": {"external_id": external_id}}


CAPTURED = event("marketing.lead-captured", LEAD, "web-1")
QUALIFIED = event("marketing.lead-qualified", LEAD)
CALLED = event("contacts.interaction-recorded", "contacts.interaction-1", "call-1")
#: Contacts registers the person of a lead by itself.
FOUND = event("contacts.person-registered", "contacts.person-1")
ASKED = [
    Attempt("lead", "k1", "web-1", "/v1/leads", {}, {"id": "1"}),
    Attempt("qualify", "k2", "web-1", "/v1/leads/1:qualify", {}, {"id": "1"}),
    Attempt("interaction", "k3", "call-1", "/v1/interactions", {}, {"id": "1"}),
]


def judge(events: list[dict[str, Any]], attempts: list[Attempt]) -> None:
    acknowledged_and_attempted({"all": events}, attempts)


def test_what_was_asked_and_stands_there_once_is_right() -> None:
    judge([CAPTURED, QUALIFIED, CALLED, FOUND], ASKED)


@pytest.mark.parametrize(
    ("events", "attempts", "told"),
    [
        ([CAPTURED, QUALIFIED], ASKED, "interaction: acknowledged and not in the log"),
        ([CAPTURED, CALLED], ASKED, "qualify: acknowledged and not in the log"),
        ([CAPTURED, QUALIFIED, CALLED], ASKED[:2], "interaction: in the log and never attempted"),
        ([CAPTURED, QUALIFIED], ASKED[:1], "qualify: in the log and never attempted"),
        ([CAPTURED, QUALIFIED, CALLED, CALLED], ASKED, "interaction: recorded twice"),
        ([CAPTURED, QUALIFIED, QUALIFIED, CALLED], ASKED, "qualify: recorded twice"),
    ],
)
def test_what_is_lost_invented_or_doubled_is_told(
    events: list[dict[str, Any]], attempts: list[Attempt], told: str
) -> None:
    with pytest.raises(AssertionError, match=told):
        judge(events, attempts)
