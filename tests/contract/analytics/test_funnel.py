"""The funnel, as analytics answers it on a real database."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from baton.analytics.v1 import funnel_pb2
from google.protobuf.json_format import MessageToDict

from facts.common import HandoffAsk, Money, Subject
from facts.contacts import HandoffAccepted
from facts.marketing import LeadCaptured, LeadQualified, LeadUpdated
from facts.sales import (
    LeadLinked,
    OpportunityLost,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityUpdated,
    OpportunityWon,
)
from runtime.errors import RpcError
from tests.contract.analytics.hearing import heard_everything
from tests.support.house import Town

MARCH, APRIL = datetime(2018, 3, 31, 23, 59, tzinfo=UTC), datetime(2018, 4, 1, tzinfo=UTC)
EUR, BRL = "EUR", "BRL"


async def lead(town: Town, id: str, qualified: bool = True, **more: Any) -> None:
    captured = {"lead_id": id, "branch": "london", "captured_at": MARCH, "source": "fair", **more}
    facts: list[Any] = [LeadCaptured(**captured)]
    if qualified:
        ask = HandoffAsk(
            handoff_id=f"h-{id}", kind="lead-to-sales", to_department="sales", from_branch="london", to_branch="london",
            asked_at=MARCH,
        )  # fmt: skip
        facts.append(LeadQualified(lead_id=id, qualified_at=MARCH, ask=ask))
    await town.tell(f"marketing.lead-{town.tenant}-{id}", *facts)


async def accepted(town: Town, lead_id: str, owner: str) -> None:
    fact = HandoffAccepted(
        handoff_id=f"h-{lead_id}", kind="lead-to-sales", to_department="sales",
        subject=Subject(kind="lead", id=lead_id), to_branch="london", owner=owner, opportunity_id=f"o-{lead_id}",
        opens=True, accepted_by=owner, accepted_at=APRIL, basis={}, closing=(),
    )  # fmt: skip
    await town.tell(f"contacts.handoff-{town.tenant}-{lead_id}", fact)


async def deal(town: Town, id: str, leads: tuple[str, ...], owner: str, *then: Any) -> None:
    opened = OpportunityOpened(
        opportunity_id=id,
        lead_ids=leads,
        branch="london",
        owner=owner,
        pipeline="default",
        stage="new",
        opened_at=APRIL,
    )
    await town.tell(f"sales.opportunity-{town.tenant}-{id}", opened, *then)


def won(id: str, currency: str = EUR, amount: str = "100") -> OpportunityWon:
    return OpportunityWon(opportunity_id=id, amount=Money(currency=currency, amount=Decimal(amount)), closed_at=APRIL)


async def funnel(town: Town, group_by: str = "source", leads: int = 1, branch: str = "", *roles: str) -> Any:
    """The funnel, once analytics has heard of so many leads, as JSON."""
    desk = town.desk("ana", *(roles or ("analyst",)), branch=branch, package="analytics")
    request = funnel_pb2.GetFunnelRequest(group_by=group_by)

    async def ask() -> Any:
        answer = await desk.ask("Funnels/GetFunnel", request)
        return MessageToDict(answer, always_print_fields_with_no_presence=True)

    await heard_everything(town)
    found = await ask()
    assert sum(row["leads"] for row in found["rows"]) == leads, found
    return found["rows"]


def counts(row: Any) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("key", "leads", "qualified", "accepted", "opportunities", "won", "lost"))


async def test_leads_are_counted_once_however_far_they_came(town: Town) -> None:
    for n in range(4):
        await lead(town, f"l{n}", qualified=n > 0)
    await accepted(town, "l2", "oliver")
    await deal(town, "o2", ("l2",), "oliver", won("o2", amount="12.3"))
    await accepted(town, "l3", "oliver")
    await deal(town, "o3", ("l3",), "oliver", OpportunityLost(opportunity_id="o3", reason="price", closed_at=APRIL))
    (row,) = await funnel(town, leads=4)
    assert counts(row) == ("fair", 4, 3, 2, 2, 1, 1)
    assert row["conversion"] == "0.25"
    assert row["revenue"] == [{"currency": EUR, "amount": "12.30"}]


async def test_a_lead_is_lost_only_when_all_its_opportunities_are(town: Town) -> None:
    await lead(town, "l1")
    lost = OpportunityLost(opportunity_id="a", reason="price", closed_at=APRIL)
    await deal(town, "a", ("l1",), "oliver", lost)
    await deal(town, "b", ("l1",), "oliver")
    (row,) = await funnel(town)
    assert counts(row) == ("fair", 1, 1, 0, 1, 0, 0)


async def test_a_reopened_opportunity_is_worth_nothing_until_it_is_won_again(town: Town) -> None:
    await lead(town, "l1")
    await deal(town, "a", ("l1",), "oliver", won("a"), OpportunityReopened(opportunity_id="a"))
    (row,) = await funnel(town)
    assert (row["won"], row["revenue"]) == (0, [])


async def test_an_amount_counts_once_at_the_first_lead_of_its_opportunity(town: Town) -> None:
    await lead(town, "l1", source="fair")
    await lead(town, "l2", source="web")
    await deal(town, "a", ("l2",), "oliver", LeadLinked(opportunity_id="a", lead_id="l1"), won("a"))
    fair, web = await funnel(town, leads=2)
    assert (fair["won"], fair["revenue"]) == (1, [])
    assert (web["won"], web["revenue"]) == (1, [{"currency": EUR, "amount": "100.00"}])


async def test_revenue_is_one_amount_a_currency(town: Town) -> None:
    for n, currency in enumerate((EUR, BRL, EUR)):
        await lead(town, f"l{n}")
        await deal(town, f"o{n}", (f"l{n}",), "oliver", won(f"o{n}", currency, "0.5"))
    (row,) = await funnel(town, leads=3)
    assert row["revenue"] == [{"currency": BRL, "amount": "0.50"}, {"currency": EUR, "amount": "1.00"}]


async def test_a_month_is_that_of_capture_in_utc_and_owners_are_those_of_opportunities(town: Town) -> None:
    await lead(town, "l1", captured_at=MARCH)
    await lead(town, "l2", captured_at=APRIL)
    await deal(town, "a", ("l2",), "oliver", OpportunityUpdated(opportunity_id="a", fields=("owner",), owner="priya"))
    months = await funnel(town, "month", leads=2)
    owners = await funnel(town, "owner", leads=2)
    assert [row["key"] for row in months] == ["2018-03", "2018-04"]
    assert [(row["key"], row["opportunities"]) for row in owners] == [("", 0), ("priya", 1)]


async def test_what_was_corrected_counts_where_it_belongs_now(town: Town) -> None:
    await lead(town, "l1", landing_page="/a")
    corrected = LeadUpdated(lead_id="l1", fields=("landing_page", "branch"), landing_page="/b", branch="leeds")
    await town.tell(f"marketing.lead-{town.tenant}-l1", corrected)
    assert [row["key"] for row in await funnel(town, "landingPage")] == ["/b"]
    assert [row["key"] for row in await funnel(town, "branch")] == ["leeds"]


async def test_who_does_not_see_the_tenant_sees_the_leads_of_the_branch(town: Town) -> None:
    await lead(town, "l1", branch="london")
    await lead(town, "l2", branch="leeds")
    (row,) = await funnel(town, "branch", 1, "leeds", "sales")
    assert counts(row)[:2] == ("leeds", 1)


async def test_clerks_of_other_branches_and_other_tenants_see_nothing(town: Town) -> None:
    await lead(town, "l1")
    await heard_everything(town)
    clerk = town.desk("carl", "clerk", branch="nowhere", package="analytics")
    assert not (await clerk.ask("Funnels/GetFunnel", funnel_pb2.GetFunnelRequest())).rows
    stranger = town.desk("eve", "admin", package="analytics", tenant="another")
    assert not (await stranger.ask("Funnels/GetFunnel", funnel_pb2.GetFunnelRequest())).rows


async def test_positions_are_those_that_the_rows_were_computed_at(town: Town) -> None:
    await lead(town, "l1")
    await heard_everything(town)
    desk = town.desk("ana", "analyst", package="analytics")
    answer = await desk.ask("Funnels/GetFunnel", funnel_pb2.GetFunnelRequest())
    (running,) = town.houses.running.values()
    assert dict(answer.positions) == {name: str(await feed.head()) for name, feed in running.house.feeds.items()}


async def test_a_group_that_there_is_not_is_refused(town: Town) -> None:
    with pytest.raises(RpcError):
        await funnel(town, "colour", leads=0)


async def test_each_owner_has_what_came_of_the_own_opportunities(town: Town) -> None:
    await lead(town, "l1")
    await lead(town, "l2")
    await deal(town, "a", ("l1", "l2"), "oliver", won("a"))
    await deal(town, "b", ("l1",), "priya", won("b", BRL, "7.5"))
    lost = OpportunityLost(opportunity_id="c", reason="price", closed_at=APRIL)
    await deal(town, "c", ("l2",), "priya", lost)
    oliver, priya = await funnel(town, "owner", leads=4)
    assert counts(oliver) == ("oliver", 2, 2, 0, 2, 2, 0)
    assert oliver["revenue"] == [{"currency": EUR, "amount": "100.00"}]
    assert counts(priya) == ("priya", 2, 2, 0, 2, 1, 1)
    assert priya["revenue"] == [{"currency": BRL, "amount": "7.50"}]
