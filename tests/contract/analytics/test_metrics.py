"""The metrics, as analytics answers them on a real database."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from baton.analytics.v1 import metrics_pb2

from eventlog.decider import Refused
from eventlog.errors import Behind
from eventlog.events import Place, Position
from facts.common import HandoffAsk, ManifestEntry, Subject
from facts.contacts import HandoffAccepted, HandoffDelivered
from facts.marketing import LeadCaptured, LeadDisqualified, LeadQualified, LeadTouched, LeadUpdated, Touch
from facts.sales import OpportunityOpened, OpportunityWon
from gateway.transcoding.writing import to_json
from runtime import operations_service
from runtime.call import Call, Identity
from runtime.errors import RpcError
from runtime.rpc import READ
from services.analytics.api import Metrics
from services.analytics.metric_queries import DAYS_MAX, Range, Rows, day_ends
from tests.contract.analytics import answers
from tests.contract.analytics.hearing import heard_everything
from tests.support.house import Desk, Town

NINE = datetime(2018, 3, 31, 9, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def lead(town: Town, id: str, *then: Any, **more: Any) -> None:
    """A lead as marketing tells of it; `then` are more facts of it."""
    captured = LeadCaptured(**{"lead_id": f"{id}-{town.tenant}", "branch": "london", "captured_at": NINE, **more})
    await town.tell(f"marketing.lead-{id}-{town.tenant}", captured, *then)


def touched(town: Town, id: str, at: datetime, source: str) -> LeadTouched:
    return LeadTouched(lead_id=f"{id}-{town.tenant}", touch=Touch(at=at, source=source))


async def won(town: Town, id: str, at: datetime) -> None:
    opened = OpportunityOpened(
        opportunity_id=f"o-{id}", lead_ids=(f"{id}-{town.tenant}",), branch="london", pipeline="default", stage="new",
        opened_at=NINE,
    )  # fmt: skip
    deal = OpportunityWon(opportunity_id=f"o-{id}", closed_at=at)
    await town.tell(f"sales.opportunity-{id}-{town.tenant}", opened, deal)


async def ana(town: Town) -> Desk:
    """An analyst's desk, once analytics has heard everything."""
    await heard_everything(town)
    return town.desk("ana", "analyst", package="analytics")


def cells(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


# ---------------------------------------------------------------------------------------------------------- touches


async def test_leads_and_touches_stand_in_the_hour_and_under_the_source_of_their_own(town: Town) -> None:
    await lead(town, "l1", touched(town, "l1", NINE + HOUR, "fair"), source="web")
    rows = await answers.touches(await ana(town))
    nine, ten = NINE.replace(minute=0), NINE.replace(hour=10, minute=0)
    assert cells(rows, "start", "key", "leads", "touches") == [(nine, "web", 1, 1), (ten, "fair", 0, 1)]


async def test_the_first_and_the_last_touch_of_a_lead_are_those_before_it_was_won(town: Town) -> None:
    touches = [touched(town, "l1", NINE + n * HOUR, source) for n, source in ((1, "fair"), (3, "mail"))]
    await lead(town, "l1", *touches, source="web")
    await won(town, "l1", NINE + 2 * HOUR)
    rows = await answers.touches(await ana(town), window="day")
    assert cells(rows, "key", "firstTouches", "lastTouches", "wonByFirst", "wonByLast") == [
        ("fair", 0, 1, 0, 1),
        ("mail", 0, 0, 0, 0),
        ("web", 1, 0, 1, 0),
    ]


async def test_of_touches_at_one_moment_the_one_told_first_is_the_first(town: Town) -> None:
    same = tuple(Touch(at=NINE, source=source) for source in ("fair", "mail", "web"))
    await lead(town, "l1", touches=same)
    rows = await answers.touches(await ana(town))
    assert cells(rows, "key", "firstTouches", "lastTouches")[1:] == [("fair", 1, 0), ("mail", 0, 0), ("web", 0, 1)]


async def test_a_time_counts_from_its_first_moment_up_to_but_without_its_last(town: Town) -> None:
    for n in range(3):
        await lead(town, f"l{n}", captured_at=NINE + n * HOUR, source="web")
    asked: Any = {"from": NINE, "to": NINE + 2 * HOUR}
    assert sum(row["leads"] for row in await answers.touches(await ana(town), **asked)) == 2


async def test_a_lead_that_was_corrected_counts_as_it_is_now(town: Town) -> None:
    corrected = LeadUpdated(lead_id=f"l1-{town.tenant}", fields=("source", "branch"), source="fair", branch="leeds")
    await lead(town, "l1", corrected, source="web")
    desk = await ana(town)
    assert cells(await answers.touches(desk), "key", "leads", "touches") == [("fair", 1, 1)]
    assert cells(await answers.touches(desk, group_by="branch"), "key", "leads", "touches") == [("leeds", 1, 1)]


# ------------------------------------------------------------------------------------------------------------ dwell


async def test_stays_that_ended_are_measured_and_those_that_go_on_are_counted(town: Town) -> None:
    for n in range(4):
        ask = HandoffAsk(
            handoff_id=f"h{n}-{town.tenant}", kind="lead-to-sales", to_department="sales", from_branch="london",
            to_branch="london", asked_at=NINE,
        )  # fmt: skip
        qualified = LeadQualified(lead_id=f"l{n}-{town.tenant}", qualified_at=NINE + n * HOUR, ask=ask)
        await lead(town, f"l{n}", *([qualified] if n else []))
    new, staying = await answers.dwell(await ana(town))
    spread = {"p50": 2 * HOUR, "p90": 3 * HOUR, "p95": 3 * HOUR, "p99": 3 * HOUR, "mean": 2 * HOUR, "max": 3 * HOUR}
    london = {"kind": "lead", "key": "london"}
    assert new == {**london, "state": "NEW", "stays": {"count": 3, **spread}, "staying": 1}
    assert staying == {**london, "state": "QUALIFIED", "stays": {"count": 0}, "staying": 3}


async def test_a_state_that_ended_before_it_began_took_no_time(town: Town) -> None:
    await lead(town, "l1", captured_at=datetime.now(UTC) + DAY)
    gone = LeadDisqualified(lead_id=f"l1-{town.tenant}", reason="a mistake")
    await town.tell(f"marketing.lead-l1-{town.tenant}", gone)
    _, new = await answers.dwell(await ana(town), group_by="state")
    assert (new["state"], new["stays"]["count"], new["stays"]["max"]) == ("NEW", 1, timedelta(0))


# --------------------------------------------------------------------------------------------------------- handoffs


async def handoff(town: Town, id: str, *, to_branch: str = "leeds", accepted_at: datetime | None = None) -> None:
    """Asked for by marketing, delivered, and perhaps accepted; all recorded now."""
    name = f"{id}-{town.tenant}"
    ask = HandoffAsk(
        handoff_id=name, kind="lead-to-sales", to_department="sales", from_branch="london", to_branch=to_branch,
        asked_at=NINE,
    )  # fmt: skip
    await lead(town, id, LeadQualified(lead_id=name, qualified_at=NINE, ask=ask))
    entry = ManifestEntry(stream=f"marketing.lead-{name}", version=2, digest="")
    steps: list[Any] = [HandoffDelivered(handoff_id=name, part="offer", receipt=(entry,))]
    if accepted_at:
        steps.append(
            HandoffAccepted(
                handoff_id=name, kind="lead-to-sales", to_department="sales", subject=Subject(kind="lead", id=name),
                to_branch=to_branch, owner="", opportunity_id="", opens=True, accepted_by="", accepted_at=accepted_at,
                basis={}, closing=(),
            )
        )  # fmt: skip
    for step in steps:
        await town.tell(f"contacts.handoff-{name}", step)


async def test_a_handoff_counts_in_the_day_that_ends_now(town: Town) -> None:
    await handoff(town, "h1", accepted_at=NINE + HOUR)
    await handoff(town, "h2")
    (row,) = await answers.latencies(await ana(town))
    assert (row["fromDepartment"], row["toDepartment"], row["key"], row["asked"]) == ("marketing", "sales", "", 2)
    assert (row["delivery"]["count"], row["acceptance"]["count"]) == (2, 1)
    assert timedelta(0) < row["delivery"]["p50"] <= row["delivery"]["max"] < timedelta(minutes=1)
    assert row["response"]["max"] == HOUR


async def test_the_day_slides_from_hour_to_hour_and_forgets_what_is_older(town: Town) -> None:
    await handoff(town, "h1")
    desk, now = await ana(town), datetime.now(UTC)
    rows = await answers.latencies(desk, now - 2 * DAY, now + 2 * DAY)
    first = now.replace(minute=0, second=0, microsecond=0) + HOUR
    assert [row["until"] for row in rows] == [first + n * HOUR for n in range(24)]


async def test_a_handoff_concerns_the_branch_that_asks_and_the_one_that_has_it(town: Town) -> None:
    await handoff(town, "h1", to_branch="leeds")
    await heard_everything(town)
    seen = {}
    for branch in ("london", "leeds", "york"):
        clerk = town.desk("carl", "clerk", branch=branch, package="analytics")
        seen[branch] = len(await answers.latencies(clerk))
    assert seen == {"london": 1, "leeds": 1, "york": 0}


def test_the_day_ends_at_the_full_hours_of_a_time_or_at_its_end() -> None:
    half_past = NOON + HOUR / 2
    assert day_ends(Range(), NOON) == [NOON]
    assert day_ends(Range(None, half_past), NOON) == [half_past]
    assert day_ends(Range(half_past, NOON + 2 * HOUR), NOON) == [NOON + HOUR, NOON + 2 * HOUR]
    assert day_ends(Range(NOON - HOUR), NOON) == [NOON - HOUR, NOON]
    assert len(day_ends(Range(NOON - (DAYS_MAX - 1) * HOUR), NOON)) == DAYS_MAX
    for wrong in (NOON - DAYS_MAX * HOUR, NOON + HOUR):
        with pytest.raises(Refused):
            day_ends(Range(wrong), NOON)


# ------------------------------------------------------------------------------------------------------------- all


async def test_a_stranger_sees_nothing_and_a_clerk_what_is_of_the_branch(town: Town) -> None:
    await lead(town, "l1", branch="london")
    await heard_everything(town)
    for employee, of in (("carl", {"branch": "leeds"}), ("eve", {"tenant": "another"})):
        desk = town.desk(employee, "admin" if employee == "eve" else "clerk", package="analytics", **of)
        assert await answers.touches(desk) == await answers.dwell(desk) == await answers.latencies(desk) == []
    clerk = town.desk("carl", "clerk", branch="london", package="analytics")
    assert len(await answers.touches(clerk)) == len(await answers.dwell(clerk)) == 1


async def test_positions_are_those_that_the_rows_were_computed_at(town: Town) -> None:
    await lead(town, "l1")
    desk = await ana(town)
    (running,) = town.houses.running.values()
    heads = {name: str(await feed.head()) for name, feed in running.house.feeds.items()}
    for method, request in (
        ("GetTouches", metrics_pb2.GetTouchesRequest()),
        ("GetDwell", metrics_pb2.GetDwellRequest()),
        ("GetHandoffLatencies", metrics_pb2.GetHandoffLatenciesRequest()),
    ):
        assert dict((await desk.ask(f"Metrics/{method}", request)).positions) == heads


async def test_what_stream_workers_count_is_waited_for(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The department's own views are there long before."""
    (running,) = town.houses.running.values()
    views = running.house.views
    await views.execute("INSERT INTO stream_heard (source, generation, position) VALUES ('marketing', 1, 3)")
    metrics = Metrics(Rows(views, "stream_heard"), running.house.clock)
    ana = Identity(town.tenant, "ana", "", frozenset({"analyst"}))
    call = Call(ana, "GetDwell", READ, min_places={"marketing": Place(1, Position(4))})
    with monkeypatch.context() as patched:
        patched.setattr("services.analytics.api.WAIT_S", 0.2)
        with pytest.raises(Behind, match=r"marketing was counted up to 1\.3, not yet to 1\.4"):
            await metrics.GetDwell(metrics_pb2.GetDwellRequest(), call)

    asked = asyncio.create_task(metrics.GetDwell(metrics_pb2.GetDwellRequest(), call))
    await views.execute("UPDATE stream_heard SET position = 4")

    assert (await asked).positions["marketing"] == "1.4"


async def test_what_stream_workers_have_heard_nothing_of_is_behind_all_the_same(town: Town) -> None:
    (running,) = town.houses.running.values()
    await lead(town, "l1")
    await running.house.views.execute("UPDATE stream_epoch SET streamed = true")
    await running.house.views.execute("TRUNCATE stream_heard")
    found = {each.source: each for each in (await operations_service.status(running.opened)).streaming.sources}
    await running.house.views.execute("UPDATE stream_epoch SET streamed = false")

    assert sorted(found) == ["contacts", "marketing", "sales"]
    assert found["marketing"].lag == (await running.house.feeds["marketing"].head()).position > 0


async def test_what_makes_no_sense_is_refused(town: Town) -> None:
    backwards: Any = {"from": NOON, "to": NINE}
    for method, request, status in (
        ("GetTouches", metrics_pb2.GetTouchesRequest(group_by="colour"), 400),
        ("GetTouches", metrics_pb2.GetTouchesRequest(window="week"), 400),
        ("GetTouches", metrics_pb2.GetTouchesRequest(**backwards), 409),
        ("GetDwell", metrics_pb2.GetDwellRequest(**backwards), 409),
        ("GetHandoffLatencies", metrics_pb2.GetHandoffLatenciesRequest(**backwards), 409),
    ):
        with pytest.raises(RpcError) as refused:
            await town.desk("ana", "analyst", package="analytics").ask(f"Metrics/{method}", request)
        assert refused.value.kind.http == status


def test_durations_are_seconds_in_json() -> None:
    took = metrics_pb2.Spread(count=1, p50=timedelta(microseconds=52_311), max=HOUR)
    shown = orjson.loads(to_json(took))
    assert shown == {"count": 1, "p50": "0.052311s", "max": "3600s"}
