"""The walk of the README on real data: 8,000 leads, 842 deals, as an operator would do it on a fresh `baton up`, in one
process and as a cluster."""

import asyncio
import csv
import json
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.cluster import running_cluster
from tests.support.data import oracle, real_data
from tests.support.olist import DEALS_FILE, LEADS_FILE, MAPS, REJECTED, TENANT, Walk
from tests.support.running import Baton, running

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


@dataclass(frozen=True)
class Lists:
    """Everything that the walk brought in, as REST lists it."""

    leads: list[dict[str, Any]]
    deals: list[dict[str, Any]]
    handoffs: list[dict[str, Any]]


@pytest.fixture(scope="module")
async def found(walk: Walk) -> Lists:
    async with await walk.baton.client(TENANT, "mona", "manager") as client:
        return Lists(
            leads=await everything(client, "leads"),
            deals=await everything(client, "opportunities"),
            handoffs=await everything(client, "handoffs"),
        )


async def everything(client: httpx.AsyncClient, name: str) -> list[dict[str, Any]]:
    """All pages of a list."""
    resources: list[dict[str, Any]] = []
    token = ""
    while True:
        page = (await client.get(f"/v1/{name}", params={"pageSize": 500, "pageToken": token})).json()
        resources += page[name]
        token = page["nextPageToken"]
        if not token:
            assert len(resources) == page["totalSize"]
            return resources


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


async def test_every_lead_says_what_its_row_says_and_no_person(found: Lists) -> None:
    rows = table(LEADS_FILE)
    assert len(rows) == len(found.leads) == 8000
    shown = ("externalId", "source", "landingPage", "branch", "capturedAt", "state", "personId", "personCandidates")
    assert by_external_id({name: lead[name] for name in shown} for lead in found.leads) == by_external_id(
        {
            "externalId": row["mql_id"],
            "source": row["origin"],
            "landingPage": row["landing_page_id"],
            "branch": "olist",
            "capturedAt": f"{row['first_contact_date']}T00:00:00Z",
            "state": "QUALIFIED",
            "personId": "",
            "personCandidates": [],
        }
        for row in rows
    )
    assert [lead["externalId"] for lead in found.leads if "person" in lead or "company" in lead] == []


async def test_every_handoff_was_asked_on_the_day_of_first_contact(found: Lists) -> None:
    """`qualifiedAt` is told by the handoff that it asked for."""
    asked = {each["subject"]["id"]: (each["history"][0]["what"], each["history"][0]["at"]) for each in found.handoffs}
    captured = {lead["id"]: ("asked", lead["capturedAt"]) for lead in found.leads}
    assert len(asked) == 8000
    assert asked == captured


async def test_every_deal_has_every_column_of_its_row(found: Lists) -> None:
    rows = table(DEALS_FILE)
    assert len(rows) == len(found.deals) == 842
    lead_ids = {lead["externalId"]: lead["id"] for lead in found.leads}
    shown = ("externalId", "leadIds", "owner", "amount", "state", "closedAt", "branch", "custom")
    assert by_external_id({name: deal[name] for name in shown} for deal in found.deals) == by_external_id(
        {
            "externalId": row["mql_id"],
            "leadIds": [lead_ids[row["mql_id"]]],
            "owner": row["sr_id"],
            "amount": {"currency": "BRL", "amount": f"{Decimal(row['declared_monthly_revenue']):.2f}"},
            "state": "WON",
            "closedAt": utc(row["won_date"]),
            "branch": "olist",
            "custom": custom(row),
        }
        for row in rows
    )


def custom(row: Mapping[str, str]) -> dict[str, Any]:
    """The columns that Baton knows nothing of; what is empty is absent."""
    found: dict[str, Any] = {
        "sellerId": row["seller_id"],
        "businessSegment": row["business_segment"],
        "leadType": row["lead_type"],
        "leadBehaviourProfile": [each for each in row["lead_behaviour_profile"].split(", ") if each],
        "hasCompany": {"True": True, "False": False}.get(row["has_company"], ""),
        "hasGtin": {"True": True, "False": False}.get(row["has_gtin"], ""),
        "averageStock": row["average_stock"],
        "businessType": row["business_type"],
        "declaredProductCatalogSize": row["declared_product_catalog_size"],
    }
    return {name: value for name, value in found.items() if value not in ("", [])}


async def test_every_deal_was_accepted_by_its_sdr_for_its_sr_when_it_was_won(found: Lists) -> None:
    names = {lead["id"]: lead["externalId"] for lead in found.leads}
    accepted = {
        names[each["subject"]["id"]]: (each["acceptedBy"], each["owner"], each["acceptedAt"])
        for each in found.handoffs
        if each["state"] == "ACCEPTED"
    }
    assert accepted == {row["mql_id"]: (row["sdr_id"], row["sr_id"], utc(row["won_date"])) for row in table(DEALS_FILE)}


@pytest.mark.parametrize(
    ("department", "type", "employee"),
    [("sales", "sales.opportunity-won", "sr_id"), ("contacts", "contacts.handoff-accepted", "sdr_id")],
)
async def test_who_did_it_is_the_employee_and_who_imported_the_actor(
    walk: Walk, found: Lists, department: str, type: str, employee: str
) -> None:
    names = {deal["id"]: deal["externalId"] for deal in found.deals}
    names |= {deal["handoffId"]: deal["externalId"] for deal in found.deals}
    read = await walk.baton.cli("log", "tail", department, "--tenant", TENANT)
    events = [json.loads(line) for line in read.stdout.splitlines() if f'"{type}"' in line]
    did = [(names[event["stream"].partition("-")[2]], *who(event)) for event in events]
    assert sorted(did) == sorted((row["mql_id"], row[employee], "baton") for row in table(DEALS_FILE))


def who(event: Any) -> tuple[str, str]:
    return event["metadata"]["employee"], event["metadata"]["actor"]


def table(file: str) -> list[dict[str, str]]:
    with real_data(file).open(newline="") as opened:
        return list(csv.DictReader(opened))


def utc(date: str) -> str:
    return date.replace(" ", "T") + "Z"


def by_external_id(resources: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {each["externalId"]: each for each in resources}


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
