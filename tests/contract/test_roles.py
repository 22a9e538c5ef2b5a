"""Roles apart, in one process of the test: what each is refused for, what it changes, and two of a kind."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from baton.marketing.v1 import leads_pb2
from baton.operations.v1 import operations_pb2 as messages

from eventlog.errors import NotSafe
from eventlog.events import NewEvent
from eventlog.kafka.topics import facts_topic, partitions_of, watermarks_topic
from eventlog.postgres.store import PostgresStore
from eventlog.store import ANY, Append, Command, StreamWrite
from runtime.channels import Channels
from runtime.databases import KEYRING, Databases, Passwords
from runtime.department import DEPARTMENTS
from runtime.errors import RpcError
from runtime.gathering import Gathering
from runtime.identity import EVERY_TENANT, Issuer
from runtime.remote import RemoteCaller
from runtime.roles.migrate import migrate
from runtime.roles.process import Started
from runtime.roles.project import project
from runtime.roles.relay import relay
from runtime.roles.serve import serve
from runtime.settings import Settings, WrongSetting
from tests.support.house import eventually
from tests.support.kafka import shared_server
from tests.support.postgres import TestServer, running_server
from tests.support.running import free_port

pytestmark = pytest.mark.timeout(240)

TENANT = "acme"
STREAM = "marketing.lead-7"


@dataclass
class Installation:
    """Databases of all departments on one server, and the settings of each department's roles."""

    home: Path
    databases: Databases
    bootstrap: str
    ports: Mapping[str, int]

    def settings(self, department: str) -> Settings:
        return Settings(
            home=self.home,
            database_url=self.databases.dsn(department),
            keyring_url=self.databases.dsn(KEYRING),
            kafka_bootstrap=self.bootstrap,
            departments={name: f"127.0.0.1:{port}" for name, port in self.ports.items()},
            grpc_port=self.ports[department],
            instance=uuid4().hex,
        )

    @asynccontextmanager
    async def caller(self) -> AsyncIterator[Gathering]:
        caller = RemoteCaller(Channels({name: f"127.0.0.1:{port}" for name, port in self.ports.items()}))
        yield Gathering(caller, list(self.ports))
        await caller.close()

    def metadata(self, *roles: str, tenant: str = TENANT) -> dict[str, str]:
        token = Issuer.at(self.home / "keys" / "issuer.pem").token(tenant, "mona", roles=roles)
        return {"authorization": f"Bearer {token}", "idempotency-key": uuid4().hex}


@pytest.fixture(scope="module")
def server() -> Iterator[TestServer]:
    with running_server() as server:
        yield server


@pytest.fixture(scope="module")
async def installed(server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return await an_installation(server, tmp_path_factory.mktemp("roles"), (await shared_server()).bootstrap)


async def an_installation(server: TestServer, home: Path, bootstrap: str) -> Installation:
    """Its topics are called as an installation's are: no other can be on that Kafka."""
    (home / "keys").mkdir(mode=0o700)
    settings = Settings(home=home, database_url=server.dsn("postgres"), kafka_bootstrap=bootstrap)
    await migrate(DEPARTMENTS, settings)
    databases = Databases(server.dsn("postgres"), Passwords.at(settings.postgres_key))
    return Installation(home, databases, bootstrap, {name: free_port() for name in DEPARTMENTS})


async def ready(started: Started) -> list[str]:
    """Why the role cannot be counted on."""
    return [reason for check in started.checks.values() if (reason := await check())]


async def test_a_role_that_finds_nothing_prepared_is_refused_and_makes_nothing(
    installed: Installation, server: TestServer, database: str
) -> None:
    empty = replace(installed.settings("sales"), database_url=server.dsn(server.create_database()))
    for role in (serve, project, relay):
        with pytest.raises(NotSafe, match="run `baton migrate`"):
            async with role("sales", empty):
                pass
    connection = await asyncpg.connect(empty.database_url)
    assert await connection.fetchval("SELECT count(*) FROM pg_namespace WHERE nspname IN ('log', 'views')") == 0
    await connection.close()


async def test_a_role_says_which_setting_it_lacks(installed: Installation) -> None:
    whole = installed.settings("sales")
    for name in ("database_url", "keyring_url", "kafka_bootstrap", "departments"):
        without: dict[str, Any] = {name: None}
        with pytest.raises(WrongSetting, match=f"BATON_{name.upper()} is not set"):
            async with serve("sales", replace(whole, **without)):
                pass


async def test_keys_that_are_missing_are_not_made_anew(installed: Installation, tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match=r"issuer\.pem"):
        async with serve("sales", replace(installed.settings("sales"), home=tmp_path)):
            pass
    assert os.listdir(tmp_path) == []


async def test_one_department_may_be_migrated_into_a_database_of_its_own(
    installed: Installation, server: TestServer, tmp_path: Path
) -> None:
    own, keys = server.dsn(server.create_database()), server.dsn(server.create_database())
    ours = replace(
        installed.settings("sales"), home=tmp_path, database_url=own, keyring_url=keys, grpc_port=free_port()
    )
    await migrate(["sales"], ours)
    await migrate(["sales"], ours)
    async with serve("sales", ours) as started:
        assert await ready(started) == []


async def test_two_that_project_one_department_share_it_and_one_of_them_does_what_follows(
    installed: Installation,
) -> None:
    """A lead is written, and read where everybody's views are; one process after the other goes away."""
    async with AsyncExitStack() as stack, installed.caller() as caller:
        await stack.enter_async_context(serve("marketing", installed.settings("marketing")))
        first = await stack.enter_async_context(AsyncExitStack())
        started = await first.enter_async_context(project("marketing", installed.settings("marketing")))
        second = await stack.enter_async_context(project("marketing", installed.settings("marketing")))
        for each in (started, second):
            await eventually(partial(ready, each), lambda reasons: reasons == [])
        await listed(caller, installed)
        await first.aclose()
        await listed(caller, installed)


async def listed(caller: Gathering, installed: Installation) -> None:
    """A new lead stands in the list that waits for it."""
    asked = leads_pb2.CreateLeadRequest(lead={"source": "fair", "branch": "riga"})
    headers = installed.metadata("manager")
    created = await caller.call("baton.marketing.v1.Leads/CreateLead", asked, headers)

    async def leads() -> Any:
        waiting = {**headers, "baton-min-position": created.metadata["baton-position"]}
        try:
            return (
                await caller.call("baton.marketing.v1.Leads/ListLeads", leads_pb2.ListLeadsRequest(), waiting)
            ).message
        except RpcError as error:
            if error.kind.http != 503:
                raise
            return None

    found = await eventually(leads, lambda each: each is not None)
    assert created.message.id in {lead.id for lead in found.leads}


async def test_a_stream_that_another_process_stopped_is_retried_where_operators_ask(installed: Installation) -> None:
    """Parked by `project`, listed and discarded through `serve`; the rest of the stream goes on."""
    await tell_nonsense(installed)
    async with AsyncExitStack() as stack, installed.caller() as caller:
        await stack.enter_async_context(serve("marketing", installed.settings("marketing")))
        await stack.enter_async_context(project("marketing", installed.settings("marketing")))
        operator = installed.metadata("operator", tenant=EVERY_TENANT)

        async def parked() -> Any:
            request = messages.ListParkedRequest(department="marketing")
            return list((await caller.call(f"{OPERATIONS}/ListParked", request, operator)).message.parked)

        (stopped,) = await eventually(parked)
        assert (stopped.stream, stopped.kind) == (STREAM, "FAULT")
        request = messages.RetryParkedRequest(department="marketing", stream=STREAM, tenant=TENANT)
        assert not (await caller.call(f"{OPERATIONS}/RetryParked", request, operator)).message.clear
        discard = messages.DiscardParkedRequest(
            department="marketing", stream=STREAM, tenant=TENANT, version=stopped.version, reason="a test"
        )
        assert (await caller.call(f"{OPERATIONS}/DiscardParked", discard, operator)).message.clear
        assert await parked() == []


OPERATIONS = "baton.operations.v1.Operations"


async def tell_nonsense(installed: Installation) -> None:
    """An event whose payload is no such fact."""
    async with await PostgresStore.open(installed.databases.dsn("marketing"), "marketing") as store:
        bad = NewEvent("marketing.lead-touched", 1, b'{"lead_id":7}', b"{}")
        await store.append(Append(TENANT, Command(uuid4(), b"." * 32), [StreamWrite(STREAM, ANY, [bad])]))


async def test_status_says_how_far_a_log_was_told_and_who_is_away(installed: Installation) -> None:
    async with AsyncExitStack() as stack, installed.caller() as caller:
        await stack.enter_async_context(serve("marketing", installed.settings("marketing")))
        operator = installed.metadata("operator", tenant=EVERY_TENANT)

        async def asked() -> messages.Status:
            found: messages.Status = (
                await caller.call(f"{OPERATIONS}/GetStatus", messages.GetStatusRequest(), operator)
            ).message
            return found

        status = await asked()
        assert [each.department for each in status.departments] == ["marketing"]
        assert sorted(status.unreachable) == ["analytics", "contacts", "sales"]
        lags = {source.source: source.HasField("lag") for source in status.departments[0].sources}
        assert lags == {"marketing": True, "contacts": False, "sales": False}
        assert status.kafka.bootstrap == installed.bootstrap

        async with relay("marketing", installed.settings("marketing")) as telling:
            told = await eventually(asked, lambda each: each.departments[0].relay.lag == 0 and _is_told(each))
            assert told.departments[0].relay.position == told.departments[0].head
            assert await ready(telling) == []


def _is_told(status: messages.Status) -> bool:
    return status.departments[0].relay.HasField("lag")


async def test_one_that_cannot_go_on_says_so_and_status_does(installed: Installation) -> None:
    """Views that another program has changed: waiting does not help."""
    async with AsyncExitStack() as stack, installed.caller() as caller:
        await stack.enter_async_context(serve("sales", installed.settings("sales")))
        started = await stack.enter_async_context(project("sales", installed.settings("sales")))
        connection = await asyncpg.connect(installed.databases.dsn("sales"))
        await connection.execute("ALTER TABLE views.opportunities RENAME TO gone")
        try:
            async with await PostgresStore.open(installed.databases.dsn("sales"), "sales") as store:
                event = NewEvent("sales.opportunity-opened", 1, b'{"opportunity_id":"7","title":"x"}', b"{}")
                write = StreamWrite("sales.opportunity-7", ANY, [event])
                await store.append(Append(TENANT, Command(uuid4(), b"." * 32), [write]))
            assert "has stopped" in await asyncio.wait_for(started.ended(), 60)
            assert await ready(started) != []
            operator = installed.metadata("operator", tenant=EVERY_TENANT)
            request = messages.GetStatusRequest(department="sales")
            status = (await caller.call(f"{OPERATIONS}/GetStatus", request, operator)).message
            assert "has stopped" in status.departments[0].failed
        finally:
            await connection.execute("ALTER TABLE views.gone RENAME TO opportunities")
            await connection.close()


async def test_a_relay_that_has_stopped_for_good_stands_in_the_status_until_one_leads(installed: Installation) -> None:
    settings = installed.settings("contacts")
    async with AsyncExitStack() as stack, installed.caller() as caller:
        await stack.enter_async_context(serve("contacts", settings))
        operator = installed.metadata("operator", tenant=EVERY_TENANT)

        async def failed() -> str:
            request = messages.GetStatusRequest(department="contacts")
            return str((await caller.call(f"{OPERATIONS}/GetStatus", request, operator)).message.departments[0].failed)

        async with AIOKafkaProducer(bootstrap_servers=installed.bootstrap) as producer:
            await producer.send_and_wait(facts_topic("contacts"), b"what no relay tells")
        async with relay("contacts", settings) as stopping:
            why = await asyncio.wait_for(stopping.ended(), 60)
        assert why.startswith("the relay has stopped: TopicDamaged: ")
        assert await failed() == why
        async with project("contacts", settings):
            assert await failed() == why

        await delete_topics(installed.bootstrap, facts_topic("contacts"), watermarks_topic("contacts"))
        async with relay("contacts", settings):
            await eventually(failed, lambda each: each == "")


async def delete_topics(bootstrap: str, *topics: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.delete_topics(list(topics))
    await admin.close()

    async def found() -> list[int]:
        return [await partitions_of(bootstrap, topic) for topic in topics]

    await eventually(found, lambda each: not any(each))
