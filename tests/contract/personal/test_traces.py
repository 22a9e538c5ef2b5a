"""One trace a command: from the request to its last consequence in another department, and nobody's name in it."""

import logging
from collections.abc import Iterator

import httpx
import orjson
import pytest

from eventlog.events import Position
from eventlog.tracing import trace_id
from runtime.channels import Channels
from runtime.department import DEPARTMENTS
from runtime.gathering import Gathering
from runtime.grpc_server import GrpcServer
from runtime.identity import Verifier
from runtime.logs import JsonFormatter
from runtime.remote import RemoteCaller
from tests.support.door import client_of
from tests.support.house import Town, eventually
from tests.support.spans import Spans, recorded_spans

pytestmark = pytest.mark.timeout(240)

CREATE = "baton.marketing.v1.Leads/CreateLead"
ZOYA = {
    "source": "form",
    "branch": "riga",
    "person": {"name": "Zoya Quartzova", "email": "zoya.quartzova@example.org", "phone": "+37120000001"},
    "note": "Xylophone lover",
}
WORDS = ("Zoya", "Quartzova", "quartzova@example", "37120000001", "Xylophone", "Jabberwocky")


@pytest.fixture
def spans() -> Iterator[Spans]:
    with recorded_spans() as spans:
        yield spans


async def qualified(client: httpx.AsyncClient, **headers: str) -> str:
    """A lead, qualified by one more request; its id."""
    created = await client.post("/v1/leads", json=ZOYA)
    assert created.status_code == 201, created.text
    lead: str = created.json()["id"]
    asked = {"note": "Jabberwocky fan", "toBranch": "riga"}
    response = await client.post(f"/v1/leads/{lead}:qualify", json=asked, headers=headers)
    assert response.status_code == 200, response.text
    return lead


async def traces_of(town: Town, department: str) -> dict[str, set[str]]:
    """The trace of every fact of this tenant by type, as it stands in a department's log."""
    page = await town.houses.running[department].house.store.read_all(Position(0), 10_000)
    found: dict[str, set[str]] = {}
    for event in page.events:
        if event.tenant == town.tenant:
            found.setdefault(event.type, set()).add(trace_id(orjson.loads(event.metadata).get("trace", "")))
    return found


async def delivered(town: Town) -> dict[str, set[str]]:
    """The traces of contacts' facts, once the handoff was received."""
    return await eventually(lambda: traces_of(town, "contacts"), lambda found: "contacts.handoff-delivered" in found)


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
GIVEN = f"00-{TRACE}-00f067aa0ba902b7-01"


async def test_one_request_is_one_trace_to_its_last_consequence(town: Town, spans: Spans) -> None:
    async with client_of(town, town.caller) as client:
        await qualified(client, traceparent=GIVEN)
    heard = await delivered(town)

    assert heard["contacts.handoff-offered"] == heard["contacts.handoff-delivered"] == {TRACE}
    made = {span.name for span in spans.all() if span.context and f"{span.context.trace_id:032x}" == TRACE}
    assert {
        "POST /v1/leads/{id}:qualify",
        "baton.marketing.v1.Leads/QualifyLead",
        "append marketing",
        "hear marketing",
        "append contacts",
        "hear contacts",
    } <= made
    assert [name for name in made if name.startswith("do ")] != []


async def test_a_request_without_a_trace_begins_one(town: Town, spans: Spans) -> None:
    async with client_of(town, town.caller) as client:
        assert (await client.post("/v1/leads", json=ZOYA)).status_code == 201
    (request,) = spans.named("POST /v1/leads")
    assert request.parent is None
    captured = await traces_of(town, "marketing")
    assert {f"{request.context.trace_id:032x}"} == captured["marketing.lead-captured"]


async def test_a_call_over_grpc_belongs_to_the_trace_of_its_caller(town: Town, spans: Spans) -> None:
    dispatcher = town.houses.dispatcher(Verifier(town.issuer.public))
    server = GrpcServer(town.houses.caller(dispatcher), dispatcher.services, "127.0.0.1", 0)
    await server.start()
    caller = RemoteCaller(Channels(dict.fromkeys(DEPARTMENTS, f"127.0.0.1:{server.port}")))
    try:
        async with client_of(town, Gathering(caller, DEPARTMENTS)) as client:
            assert (await client.post("/v1/leads", json=ZOYA)).status_code == 201
    finally:
        await caller.close()
        await server.stop()
    (request,) = spans.named("POST /v1/leads")
    both = spans.named(CREATE)
    assert {span.kind.name for span in both} == {"CLIENT", "SERVER"}
    assert {span.context.trace_id for span in both} == {request.context.trace_id}
    assert {("append marketing", CREATE), (CREATE, CREATE), (CREATE, "POST /v1/leads")} <= spans.parents()


async def test_without_a_collector_facts_have_a_trace_and_no_span_is_made(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a span was made")

    monkeypatch.setattr("runtime.telemetry.OtelSpan.__init__", never)
    monkeypatch.setattr("eventlog.tracing._spanning", never)
    async with client_of(town, town.caller) as client:
        await qualified(client)
    (trace,) = (await delivered(town))["contacts.handoff-offered"]
    assert trace
    assert (await traces_of(town, "marketing"))["marketing.lead-qualified"] == {trace}


async def test_no_span_and_no_line_of_the_logs_names_a_person_or_a_tenant(
    town: Town, spans: Spans, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "baton")
    async with client_of(town, town.caller) as client:
        lead = await qualified(client)
        wrong = {"lead": 5, **ZOYA, "person": {"name": "Zoya Quartzova", "email": "quartzova@"}}
        assert (await client.post("/v1/leads", json=wrong)).status_code == 400
        assert (await client.post(f"/v1/leads/{lead}:qualify", json={"note": "Jabberwocky"})).status_code < 500
    await delivered(town)

    told = "\n".join(span.to_json() for span in spans.all())
    assert len(spans.all()) > 10
    assert [word for word in (*WORDS, town.tenant, lead) if word in told] == []
    lines = "\n".join(JsonFormatter({"role": "up"}).format(record) for record in caplog.records)
    assert [word for word in WORDS if word in lines] == []
