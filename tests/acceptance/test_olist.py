"""The walk of the README on real data: 8,000 leads, 842 deals, as an operator would do it on a fresh `baton up`, in one
process and as a cluster."""

import asyncio
import csv
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import running_cluster
from tests.support.data import oracle, real_data
from tests.support.olist import DEALS_FILE, LEADS_FILE, MAPS, REJECTED, TENANT, Walk
from tests.support.running import Answer, Baton, running

# A cluster is some twenty processes: one at a time.
pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("cluster")]

WAYS = {"one process": running, "a cluster": running_cluster}


@pytest.fixture(scope="module", params=WAYS)
async def walk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Walk]:
    real_data(LEADS_FILE)
    async with WAYS[request.param](tmp_path_factory.mktemp("olist") / "home") as baton:
        walk = Walk(baton)
        await walk.go()
        print({name: round(seconds, 1) for name, seconds in walk.seconds.items()}, sum(walk.seconds.values()))
        yield walk


def counted(report: Any) -> tuple[int, ...]:
    return tuple(report[name] for name in ("rows", "created", "updated", "unchanged", "rejected"))


async def test_all_leads_come_in_without_a_warning(walk: Walk) -> None:
    report = walk.said("leads")
    assert counted(report) == (8000, 8000, 0, 0, 0)
    assert report["warnings"] == []


async def test_all_deals_come_in_and_the_one_won_before_its_first_contact_is_told(walk: Walk) -> None:
    report = walk.said("deals")
    assert counted(report) == (842, 842, 0, 0, 0)
    (warning,) = report["warnings"]
    assert (warning["line"], warning["column"]) == (669, "won_date")
    assert "2018-03-06T19:38:55Z" in warning["detail"]
    assert "2018-03-08T00:00:00Z" in warning["detail"]


async def test_every_handoff_is_delivered_and_nothing_is_lost(walk: Walk) -> None:
    audit = walk.said("audit")
    (pair,) = audit["pairs"]
    counts = {"asked": 8000, "offered": 8000, "delivered": 8000, "accepted": 842, "returned": 0, "withdrawn": 0}
    assert {name: pair[name] for name in counts} == counts
    assert (audit["pending"], audit["discrepancies"], audit["lost"]) == (0, 0, 0)


async def test_most_handoffs_stay_delivered(walk: Walk) -> None:
    async with await walk.baton.client(TENANT, "mona", "manager") as client:
        listed = await client.get("/v1/handoffs", params={"state": "DELIVERED", "pageSize": 1})
    assert listed.json()["totalSize"] == 7158


async def test_the_funnel_by_source_is_the_known_one(walk: Walk) -> None:
    known = oracle("olist_funnel_by_origin.csv")
    rows = (await walk.funnel("source"))["rows"]
    assert len(rows) == len(known) == 11
    for row in rows:
        leads, won, revenue = known[row["key"] or "(null)"]
        assert (row["leads"], row["qualified"], row["won"]) == (int(leads), int(leads), int(won))
        (money,) = row["revenue"]
        assert (money["currency"], Decimal(money["amount"])) == ("BRL", Decimal(revenue))
    (missing,) = (row for row in rows if row["key"] == "")
    assert (missing["leads"], missing["won"], missing["revenue"][0]["amount"]) == (60, 14, "150000.00")


async def test_the_funnel_by_month_is_the_known_one(walk: Walk) -> None:
    rows = (await walk.funnel("month"))["rows"]
    known = oracle("olist_funnel_by_first_contact_month.csv")
    assert {row["key"]: [str(row["leads"]), str(row["won"])] for row in rows} == known


async def test_the_funnel_by_owner_is_the_known_one(walk: Walk) -> None:
    rows = {row["key"]: row for row in (await walk.funnel("owner"))["rows"]}
    nobody = rows.pop("")
    assert (nobody["leads"], nobody["won"]) == (7158, 0)
    assert {key: [str(row["won"])] for key, row in rows.items()} == oracle("olist_won_by_sr_id.csv")


async def test_revenue_and_conversion_in_all_are_the_known_ones(walk: Walk) -> None:
    (row,) = (await walk.funnel("branch"))["rows"]
    assert row["revenue"] == [{"currency": "BRL", "amount": "61784006.00"}]
    assert (row["leads"], row["accepted"], row["won"], row["conversion"]) == (8000, 842, 842, "0.10525")


async def test_who_accepted_is_the_employee_and_who_imported_the_actor(walk: Walk) -> None:
    known = oracle("olist_won_by_sdr_id.csv")
    async with await walk.baton.client(TENANT, "mona", "manager") as client:
        for sdr in list(known)[:3]:
            listed = await client.get("/v1/handoffs", params={"acceptedBy": sdr, "pageSize": 1})
            assert [str(listed.json()["totalSize"])] == known[sdr]
        handoff = listed.json()["handoffs"][0]
    read = await walk.baton.cli("log", "read", f"contacts.handoff-{handoff['id']}")
    events = [Answer(0, line, "").json() for line in read.stdout.splitlines()]
    (accepted,) = (event for event in events if event["type"] == "contacts.handoff-accepted")
    assert (accepted["metadata"]["employee"], accepted["metadata"]["actor"]) == (sdr, "baton")


async def test_a_deal_has_every_column_of_its_row(walk: Walk) -> None:
    with real_data(DEALS_FILE).open(newline="") as file:
        row = next(row for row in csv.DictReader(file) if "," in row["lead_behaviour_profile"] and row["has_gtin"])
    async with await walk.baton.client(TENANT, "mona", "manager") as client:
        (deal,) = (await client.get("/v1/opportunities", params={"externalId": row["mql_id"]})).json()["opportunities"]
    assert (deal["state"], deal["owner"], len(deal["leadIds"])) == ("WON", row["sr_id"], 1)
    assert deal["closedAt"] == row["won_date"].replace(" ", "T") + "Z"
    custom = deal["custom"]
    assert custom["leadBehaviourProfile"] == row["lead_behaviour_profile"].split(", ")
    assert custom["hasGtin"] == (row["has_gtin"] == "True")
    assert custom["sellerId"] == row["seller_id"]
    empty = {"average_stock": "averageStock", "declared_product_catalog_size": "declaredProductCatalogSize"}
    assert {name for column, name in empty.items() if not row[column]}.isdisjoint(custom)


async def test_the_same_again_changes_nothing(walk: Walk) -> None:
    before = {group: await walk.funnel(group) for group in ("source", "month", "owner")}
    await walk.bring("deals again", "deals", DEALS_FILE)
    await walk.bring("leads again", "leads", LEADS_FILE)
    await walk.step("audit again", "audit", "handoffs", "--wait", "60")
    assert counted(walk.said("leads again")) == (8000, 0, 0, 8000, 0)
    assert counted(walk.said("deals again")) == (842, 0, 0, 842, 0)
    assert walk.said("audit again")["pairs"] == walk.said("audit")["pairs"]
    assert {group: await walk.funnel(group) for group in before} == before


async def test_every_chain_holds(walk: Walk) -> None:
    await walk.step("verify", "verify")
    verified = walk.said("verify")
    assert verified["broken"] == []
    assert verified["events"] > 40_000


async def test_an_import_that_is_killed_in_the_middle_goes_on(tmp_path: Path) -> None:
    """kill -9 of the importer, then the same command again: the same end as without."""
    async with running(tmp_path / "home") as baton:
        walk = Walk(baton)
        map = str(MAPS / "leads.toml")
        command = ("import", "leads", str(real_data(LEADS_FILE)), "--map", map, "--tenant", TENANT, *REJECTED, "--json")
        importing = await baton.spawn(*command)
        await some_leads(baton, at_least=500)
        importing.kill()
        await importing.wait()
        await walk.step("resumed", *command[:-1])
        rows, created, _, unchanged, rejected = counted(walk.said("resumed"))
        assert (rows, created + unchanged, rejected) == (8000, 8000, 0)
        assert unchanged >= 500
        await walk.step("audit", "audit", "handoffs", "--wait", "120")
        assert [pair["delivered"] for pair in walk.said("audit")["pairs"]] == [8000]


async def some_leads(baton: Baton, at_least: int) -> None:
    """Until so many leads are there."""
    deadline = time.monotonic() + 60
    async with await baton.client(TENANT, "mona", "manager") as client:
        while time.monotonic() < deadline:
            listed = (await client.get("/v1/leads", params={"pageSize": 1})).json()
            if listed["totalSize"] >= at_least:
                return
            await asyncio.sleep(0.05)
    raise AssertionError(f"there were not {at_least} leads in a minute; last seen: {listed['totalSize']}")
