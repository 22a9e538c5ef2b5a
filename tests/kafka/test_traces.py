"""One trace a command, over real Kafka: from the request to what another department makes of it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import httpx
import pytest

from eventlog.kafka.records import header
from eventlog.kafka.topic_end import committed_reader
from eventlog.tracing import trace_id
from gateway.app import Gateway
from gateway.contract import Contract
from gateway.openapi.document import document
from gateway.pages import Pages
from runtime.identity import Issuer, Verifier
from runtime.roles.project import project
from runtime.roles.relay import relay
from runtime.roles.serve import serve
from tests.contract.test_roles import TENANT, Installation, an_installation, ready
from tests.support.house import eventually
from tests.support.kafka import own_server
from tests.support.postgres import TestServer
from tests.support.relaying import records_of
from tests.support.spans import Spans, recorded_spans

pytestmark = pytest.mark.timeout(240)

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
GIVEN = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def spans() -> Iterator[Spans]:
    with recorded_spans() as spans:
        yield spans


@pytest.fixture
async def installed(own_postgres: TestServer, tmp_path: Path) -> AsyncIterator[Installation]:
    """Marketing and contacts, each with all its roles."""
    async with AsyncExitStack() as stack:
        kafka = await stack.enter_async_context(own_server())
        installation = await an_installation(own_postgres, tmp_path, kafka.bootstrap)
        for name in ("marketing", "contacts"):
            for role in (serve, project, relay):
                started = await stack.enter_async_context(role(name, installation.settings(name)))
                await eventually(partial(ready, started), lambda reasons: reasons == [])
        yield installation


async def test_a_request_is_one_trace_through_log_relay_and_topic_into_another_departments_projection(
    installed: Installation, spans: Spans
) -> None:
    lead = await captured(installed)
    # Marketing hears itself without Kafka, so it is contacts that hears it, of what the relay sent.
    wanted = {
        "POST /v1/leads",
        "baton.marketing.v1.Leads/CreateLead",
        "append marketing",
        "send baton.marketing.v1",
        "hear marketing by contacts",
        "append contacts",
        "send baton.contacts.v1",
        "hear contacts by marketing",
    }

    async def made() -> set[str]:
        return names_in(spans)

    await eventually(made, lambda found: found >= wanted)
    assert await traces_told(installed.bootstrap, f"marketing.lead-{lead}") == {TRACE}


async def captured(installed: Installation) -> str:
    """A lead who asks something, by way of the gateway and over gRPC; its id."""
    issuer, contract = Issuer.at(installed.home / "keys" / "issuer.pem"), Contract.load()
    token = issuer.token(TENANT, "mia", branch="riga", roles=("manager",))
    asked = {
        "source": "fair",
        "person": {"name": "Anna Petrova", "email": "anna.petrova@example.com"},
        "enquiry": {"channel": "WEB", "direction": "IN", "summary": "300 mugs"},
    }
    async with installed.caller() as caller:
        gateway = Gateway(contract, caller, Verifier(issuer.public), Pages(document(contract, "0"), list))
        headers = {"authorization": f"Bearer {token}", "traceparent": GIVEN}
        transport = httpx.ASGITransport(gateway)
        async with httpx.AsyncClient(transport=transport, base_url="http://baton", headers=headers) as client:
            created = await client.post("/v1/leads", json=asked)
    assert created.status_code == 201, created.text
    lead: str = created.json()["id"]
    return lead


def names_in(spans: Spans) -> set[str]:
    """Of the spans of this trace; who heard is told where somebody else than the log's own department may."""
    found = [span for span in spans.all() if span.context and f"{span.context.trace_id:032x}" == TRACE]
    heard = {f"{span.name} by {(span.attributes or {}).get('baton.department')}" for span in found}
    return {span.name for span in found} | heard


async def traces_told(bootstrap: str, stream: str) -> set[str]:
    """The traces in the headers of a stream's records."""
    async with committed_reader(bootstrap) as consumer:
        records = await records_of(consumer, "baton.marketing.v1")
    of_stream = [record for record in records if record.key == stream.encode()]
    return {trace_id(header(record.headers, "traceparent")) for record in of_stream}
