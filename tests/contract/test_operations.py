"""What operators see and do: status, stopped streams and what becomes of them, views computed anew."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from baton.contacts.v1 import handoffs_pb2
from baton.marketing.v1 import leads_pb2
from baton.operations.v1 import operations_pb2 as messages

from eventlog.events import NewEvent, Place
from eventlog.store import ANY, Append, Command, StreamWrite
from facts.marketing import LeadTouched, Touch
from runtime.call import Call, Identity
from runtime.errors import RpcError
from runtime.measuring import Measuring
from runtime.metrics import REGISTRY
from runtime.opening import Opened
from runtime.operations_service import Operations
from tests.support.house import Desk, Town, eventually, open_town
from tests.support.postgres import running_server

pytestmark = pytest.mark.timeout(120)

STREAM = "marketing.lead-7"
UNMEASURED = "unmeasured"
AT = datetime(2026, 3, 6, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    home = tmp_path_factory.mktemp("operations")
    with running_server() as server:
        async with open_town(server.dsn("postgres"), Path(home), ["contacts", "marketing"]) as town:
            yield town


@pytest.fixture
def town(opened: Town) -> Town:
    """The same departments with a tenant that nobody else uses."""
    return Town(opened.houses, opened.issuer, opened.caller)


@pytest.fixture
def operator(town: Town) -> Desk:
    return town.desk("olga", "operator", package="operations")


async def tell_nonsense(town: Town) -> None:
    """An event whose payload is no such fact, and a good one behind it."""
    command = Command(uuid4(), b"." * 32)
    bad = NewEvent("marketing.lead-touched", 1, b'{"lead_id":7}', b"{}")
    store = town.houses.running["marketing"].house.store
    await store.append(Append(town.tenant, command, [StreamWrite(STREAM, ANY, [bad])]))
    await town.tell(STREAM, LeadTouched(lead_id="7", touch=Touch(at=AT)))


async def parked(operator: Desk, department: str = "contacts") -> list[messages.ParkedStream]:
    return list((await operator.ask("Operations/ListParked", messages.ListParkedRequest(department=department))).parked)


def unmeasured(town: Town, name: str = UNMEASURED) -> Opened:
    """Contacts, under a name that nobody in this process measures: what is shown of it, the test has shown."""
    opened = town.houses.running["contacts"].opened
    feeds = {**opened.feeds, name: opened.feeds["contacts"]}
    return replace(opened, house=replace(opened.house, name=name), feeds=feeds)


def gauge(metric: str, department: str = UNMEASURED, **labels: str) -> float:
    """Raises `AssertionError` where there is no such series."""
    value = REGISTRY.get_sample_value(metric, {"department": department, **labels})
    assert value is not None, f"{metric} of {department} is not shown"
    return value


def departments_shown() -> set[str | None]:
    return {sample.labels.get("department") for metric in REGISTRY.collect() for sample in metric.samples}


async def test_an_answer_shows_nothing_in_the_metrics_only_who_measures_again_and_again_does(town: Town) -> None:
    """Who answers once would show for ever how far the views were then."""
    opened = unmeasured(town, "asked")

    async def heal(*stream: object) -> bool:
        raise AssertionError("nothing is healed here")

    everybody = Call(Identity("*", "olga", "", frozenset({"operator"})), "GetStatus", Command(uuid4(), b""))
    (found,) = (await Operations(opened, heal).GetStatus(messages.GetStatusRequest(), everybody)).departments
    assert found.department == "asked"
    assert "asked" not in departments_shown()

    await Measuring(opened).once()
    (lag,) = (each.lag for each in found.sources if each.source == "marketing")
    assert gauge("baton_view_lag", "asked", source="marketing") == lag
    assert gauge("baton_log_head", "asked") == Place.parse(found.head).position


async def test_what_waits_to_be_done_is_shown_with_its_age_and_the_reason(town: Town, operator: Desk) -> None:
    lead_id = str(uuid4())
    request = handoffs_pb2.CreateHandoffRequest(subject={"kind": "lead", "id": lead_id}, to_branch="york")
    asked = await town.desk("grace").ask("Handoffs/CreateHandoff", request)

    async def waiting() -> dict[str, messages.WaitingTodos]:
        status = await operator.ask("Operations/GetStatus", messages.GetStatusRequest())
        (contacts,) = (each for each in status.departments if each.department == "contacts")
        assert contacts.due == sum(each.count for each in contacts.waiting)
        return {each.kind: each for each in contacts.waiting}

    found = (await eventually(waiting, lambda seen: "offer" in seen and seen["offer"].reason))["offer"]
    measuring = Measuring(unmeasured(town))
    await measuring.once()
    labels = {"kind": "offer"}

    assert (found.count, found.reason) == (1, f"nobody recorded anything about lead:{lead_id} yet")
    assert 0 <= found.seconds < 60
    assert gauge("baton_todos_waiting", **labels) == 1
    assert gauge("baton_todos_oldest_seconds", **labels) >= found.seconds

    withdraw = handoffs_pb2.WithdrawHandoffRequest(id=asked.id, reason="Misspelt")
    await town.desk("grace").ask("Handoffs/WithdrawHandoff", withdraw)
    await eventually(waiting, lambda seen: not seen)
    await measuring.once()
    assert gauge("baton_todos_waiting", **labels) == gauge("baton_todos_oldest_seconds", **labels) == 0


async def test_status_names_every_department_with_what_it_hears(operator: Desk) -> None:
    status = await operator.ask("Operations/GetStatus", messages.GetStatusRequest())
    heard = {each.department: {source.source for source in each.sources} for each in status.departments}
    assert set(heard) == {"contacts", "marketing"}
    assert heard["contacts"] >= {"contacts", "marketing"}
    assert [each.failed for each in status.departments] == ["", ""]


async def test_a_stopped_stream_is_listed_with_its_reason_and_shown_event_by_event(town: Town, operator: Desk) -> None:
    await tell_nonsense(town)
    (stopped,) = await eventually(lambda: parked(operator), lambda found: found and found[0].events == 2)
    assert (stopped.source, stopped.stream, stopped.version, stopped.kind) == ("marketing", STREAM, 1, "FAULT")
    assert "lead_id" in stopped.reason
    shown = await operator.ask("Operations/GetParked", messages.GetParkedRequest(department="contacts", stream=STREAM))
    assert [(each.event.version, each.kind) for each in shown.events] == [(1, "FAULT"), (2, "FOLLOWS")]


async def test_what_topologies_cannot_go_on_with_is_shown_beside_it_and_how_far_they_are(
    town: Town, operator: Desk
) -> None:
    """Of their workers there is nothing here but what they write down."""
    lead = await town.desk("emma", package="marketing").ask("Leads/CreateLead", leads_pb2.CreateLeadRequest(lead={}))
    stream, views = f"marketing.lead-{lead.id}", town.houses.running["contacts"].house.views
    await views.execute("UPDATE stream_epoch SET streamed = true")
    await views.execute("INSERT INTO stream_heard (source, generation, position) VALUES ('marketing', 1, 0)")
    await views.execute(STREAM_PARKED, town.tenant, stream)

    (stopped,) = [each for each in await parked(operator) if each.stream == stream]
    assert (stopped.by, stopped.kind, stopped.events, stopped.reason) == ("topologies", "FAULT", 1, "what is this?")
    request = messages.GetParkedRequest(department="contacts", stream=stream)
    (shown,) = (await operator.ask("Operations/GetParked", request)).events
    assert (shown.by, shown.event.version, shown.event.type) == ("topologies", 1, "marketing.lead-captured")

    found = await operator.ask("Operations/GetStatus", messages.GetStatusRequest(department="contacts"))
    (contacts,), head = found.departments, await town.houses.running["marketing"].house.store.head()
    assert (contacts.parked, contacts.streaming.parked) == (1, 1)
    assert [(each.source, each.position, each.lag) for each in contacts.streaming.sources] == [
        ("marketing", "1.0", head.position)
    ]
    await Measuring(town.houses.running["contacts"].opened).once()
    assert gauge("baton_stream_lag", "contacts", source="marketing") == head.position
    before = gauge("baton_parked_streams", "contacts", source="marketing")
    await views.execute("DELETE FROM stream_parked")
    await Measuring(town.houses.running["contacts"].opened).once()
    assert gauge("baton_parked_streams", "contacts", source="marketing") == before - 1
    await views.execute("UPDATE stream_epoch SET streamed = false")


STREAM_PARKED = """
INSERT INTO stream_parked (tenant, stream, version, source, position, type, kind, reason, parked_at)
VALUES ($1, $2, 1, 'marketing', 1, 'marketing.lead-captured', 'FAULT', 'what is this?', now())
"""


async def test_a_retry_of_what_is_still_wrong_leaves_it_stopped(town: Town, operator: Desk) -> None:
    await tell_nonsense(town)
    await eventually(lambda: parked(operator), lambda found: found and found[0].events == 2)
    request = messages.RetryParkedRequest(department="contacts", stream=STREAM)
    assert await operator.ask("Operations/RetryParked", request) == messages.ParkedOutcome(clear=False, remaining=2)


async def test_a_discarded_event_is_a_fact_and_the_rest_of_its_stream_goes_on(town: Town, operator: Desk) -> None:
    await tell_nonsense(town)
    await eventually(lambda: parked(operator), lambda found: found and found[0].events == 2)
    request = messages.DiscardParkedRequest(
        department="contacts", stream=STREAM, version=1, reason="a test of the importer"
    )
    assert await operator.ask("Operations/DiscardParked", request) == messages.ParkedOutcome(clear=True)
    assert await parked(operator) == []
    contacts = town.houses.running["contacts"].house.store
    bad = (await town.houses.running["marketing"].house.store.read_stream(town.tenant, STREAM))[0]
    (recorded,) = await contacts.read_stream(town.tenant, f"contacts.discarded-{bad.id}")
    assert recorded.type == "operations.fact-discarded"
    assert bad.digest.hex().encode() in recorded.data
    assert b"importer" not in recorded.data


async def test_parked_streams_are_measured_where_they_are_written_down(town: Town, operator: Desk) -> None:
    """So they are shown after a restart, too, and fall as soon as somebody discards, without another fact."""
    await tell_nonsense(town)
    await eventually(lambda: parked(operator), lambda found: found and found[0].events == 2)
    measuring, labels = Measuring(unmeasured(town)), {"source": "marketing"}
    await measuring.once()
    everybody = town.desk("olga", "operator", package="operations", tenant="*")
    stopped = [each for each in await parked(everybody) if each.source == "marketing"]
    assert gauge("baton_parked_streams", **labels) == len(stopped)
    assert gauge("baton_parked_streams", source="sales") == 0

    request = messages.DiscardParkedRequest(department="contacts", stream=STREAM, version=1, reason="nonsense")
    assert (await operator.ask("Operations/DiscardParked", request)).clear
    await measuring.once()
    assert gauge("baton_parked_streams", **labels) == len(stopped) - 1


async def test_only_the_event_that_was_looked_at_is_discarded_however_often_it_is_asked(
    town: Town, operator: Desk
) -> None:
    await tell_nonsense(town)
    await tell_nonsense(town)
    await eventually(lambda: parked(operator), lambda found: found and found[0].events == 4)
    request = messages.DiscardParkedRequest(department="contacts", stream=STREAM, version=1, reason="nonsense")
    left = messages.ParkedOutcome(clear=False, remaining=2)

    assert await operator.ask("Operations/DiscardParked", request, idempotency_key="once") == left
    assert await operator.ask("Operations/DiscardParked", request, idempotency_key="once") == left
    assert await operator.ask("Operations/DiscardParked", request) == left

    request.version = 4
    with pytest.raises(RpcError, match="version 4 waits behind version 3") as refused:
        await operator.ask("Operations/DiscardParked", request)
    assert refused.value.kind.http == 409


async def test_another_tenants_stopped_streams_are_not_there(town: Town, operator: Desk) -> None:
    await tell_nonsense(town)
    await eventually(lambda: parked(operator), lambda found: found and found[0].events == 2)
    stranger = town.desk("eve", "operator", package="operations", tenant="globex")
    assert await parked(stranger) == []
    everybody = town.desk("olga", "operator", package="operations", tenant="*")
    assert town.tenant in {each.tenant for each in await parked(everybody)}
    request = messages.DiscardParkedRequest(
        department="contacts", stream=STREAM, version=1, reason="x", tenant=town.tenant
    )
    with pytest.raises(RpcError) as error:
        await stranger.ask("Operations/DiscardParked", request)
    assert error.value.kind.http == 404


async def test_only_operators_operate(town: Town) -> None:
    clerk = town.desk("emma", "clerk", branch="riga", package="operations")
    with pytest.raises(RpcError) as error:
        await clerk.ask("Operations/GetStatus", messages.GetStatusRequest())
    assert error.value.kind.http == 403


async def test_status_counts_what_is_parked_for_the_tenant_that_may_know(town: Town, operator: Desk) -> None:
    await tell_nonsense(town)
    await eventually(lambda: parked(operator), lambda found: found and found[0].events == 2)

    async def counted(desk: Desk, tenant: str = "") -> int:
        status = await desk.ask("Operations/GetStatus", messages.GetStatusRequest(tenant=tenant))
        return next(each.parked for each in status.departments if each.department == "contacts")

    everybody = town.desk("olga", "operator", package="operations", tenant="*")
    assert await counted(operator) == await counted(everybody, town.tenant) == 1
    assert await counted(town.desk("eve", "operator", package="operations", tenant="globex")) == 0
    assert await counted(everybody) >= 1


async def test_views_are_compared_with_a_fold_of_the_logs_and_made_anew(town: Town) -> None:
    operator = town.desk("olga", "operator", package="operations", tenant="*")
    for check in (True, False):
        request = messages.RebuildRequest(department="marketing", check=check)
        rebuilt = await eventually(partial(operator.ask, "Operations/Rebuild", request), lambda r: r.done)
        assert {table.differing for table in rebuilt.tables} == {0}
        assert "leads" in {table.table for table in rebuilt.tables}


async def test_one_tenants_views_are_compared_alone(town: Town) -> None:
    everybody = town.desk("olga", "operator", package="operations", tenant="*")
    views = town.houses.running["marketing"].house.views
    await views.execute("INSERT INTO views.leads (tenant, id) VALUES ($1, 'never-captured')", town.tenant)

    async def differing(tenant: str) -> int:
        request = messages.RebuildRequest(department="marketing", check=True, tenant=tenant)
        rebuilt = await eventually(lambda: everybody.ask("Operations/Rebuild", request), lambda r: r.done)
        return sum(table.differing for table in rebuilt.tables)

    assert await differing(town.tenant) == 1
    assert await differing("globex") == 0
    await views.execute("DELETE FROM views.leads WHERE tenant = $1", town.tenant)


async def test_a_tenants_own_token_rebuilds_and_compares_nothing(town: Town) -> None:
    for check in (True, False):
        for role in ("operator", "admin"):
            request = messages.RebuildRequest(department="marketing", check=check)
            with pytest.raises(RpcError) as error:
                await town.desk("eve", role, package="operations").ask("Operations/Rebuild", request)
            assert error.value.kind.http == 403


async def test_a_rebuild_that_swaps_is_for_all_tenants(town: Town) -> None:
    everybody = town.desk("olga", "operator", package="operations", tenant="*")
    with pytest.raises(RpcError) as error:
        await everybody.ask("Operations/Rebuild", messages.RebuildRequest(department="marketing", tenant="acme"))
    assert error.value.kind.http == 400


async def test_a_department_that_there_is_not_is_named_as_such(town: Town) -> None:
    operator = town.desk("olga", "operator", package="operations", tenant="*")
    with pytest.raises(RpcError) as error:
        await operator.ask("Operations/Rebuild", messages.RebuildRequest(department="kitchen"))
    assert error.value.kind.http in (400, 404)
    assert "contacts" in str(error.value)
