"""What is said of a person cannot be read in the logs, and not anywhere once the record's key is destroyed."""

from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from baton.contacts.v1 import interactions_pb2, people_pb2, timeline_pb2
from baton.marketing.v1 import leads_pb2

from eventlog.codec import Codec, Origin
from eventlog.errors import KeyringUnavailable
from eventlog.events import Position
from eventlog.keyring import MasterKey
from eventlog.parked import ParkedStreams
from eventlog.postgres.keyring import PostgresKeyring
from eventlog.postgres.store import PostgresStore
from eventlog.store import NO_STREAM, Append, Command, StreamWrite
from eventlog.verify import verify
from facts.registry import REGISTRY
from runtime.department import DEPARTMENTS
from tests.support.examples import LEAD_CAPTURED, MARKETING, SALES
from tests.support.examples_contacts import EXAMPLES as CONTACTS
from tests.support.examples_handoffs import HANDOFFS
from tests.support.house import Town, eventually
from tests.support.personal import Distinct
from tests.support.postgres import TestServer

ENQUIRY = leads_pb2.Enquiry(
    channel="CALL",
    direction="IN",
    summary="Quizzaciously asked for the Zubrowka catalogue",
    promises=[leads_pb2.Enquiry.PromiseMade(what="send the Zubrowka catalogue", by="mia")],
)
ZOYA = leads_pb2.Lead(
    source="form",
    branch="riga",
    person=leads_pb2.LeadPerson(name="Zoya Quartzova", email="zoya.quartzova@example.org", phone="+37120000001"),
    note="Xylophone lover",
    enquiry=ENQUIRY,
)
WORDS = (
    "Zoya",
    "Quartzova",
    "quartzova@example",
    "37120000001",
    "Xylophone",
    "Zubrowka",
    "Quizzaciously",
    "Jabberwocky",
)


async def zoya_is_known(town: Town) -> tuple[leads_pb2.Lead, str]:
    """A lead with everything personal that it can say, qualified with a note, its person found."""
    mia = town.desk("mia", "manager", branch="riga", package="marketing")
    lead = await mia.ask("Leads/CreateLead", leads_pb2.CreateLeadRequest(lead=ZOYA))
    brief = leads_pb2.Brief(wants="a Jabberwocky")
    await mia.ask("Leads/QualifyLead", leads_pb2.QualifyLeadRequest(id=lead.id, note="Jabberwocky fan", brief=brief))
    known = await eventually(
        lambda: mia.ask("Leads/GetLead", leads_pb2.GetLeadRequest(id=lead.id)), lambda lead: lead.person_id
    )
    return lead, known.person_id


async def rows(dsn: str, schema: str = "log") -> dict[str, bytes]:
    """Every table of a schema, whole, as bytes; texts as they are, bytea unpacked."""
    connection = await asyncpg.connect(dsn)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", schema)
    found = {}
    for table in tables:
        all_rows = await connection.fetch(f'SELECT * FROM {schema}."{table["tablename"]}"')
        found[table["tablename"]] = b"\n".join(_bytes(value) for row in all_rows for value in row.values())
    await connection.close()
    return found


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.mark.parametrize("department", DEPARTMENTS)
async def test_no_personal_string_of_a_lead_handed_on_stands_in_plain_text_in_a_log(
    town: Town, server: TestServer, department: str
) -> None:
    await zoya_is_known(town)
    for table, whole in (await rows(server.dsn(department))).items():
        found = [word for word in WORDS if word.casefold().encode() in whole.lower()]
        assert not found, f"{department}.{table} holds {found}"


async def test_nothing_personal_of_any_fact_there_is_stands_in_plain_text_in_the_log(database: str) -> None:
    samples = [fact for fact in (*MARKETING, *SALES, *CONTACTS, *HANDOFFS) if fact.personal]
    assert {fact.name for fact in samples} == {name for name, known in REGISTRY.facts.items() if known.personal}
    distinct = Distinct()
    facts = [distinct.filled(fact) for fact in samples]
    async with asyncpg.create_pool(database) as pool, await PostgresStore.open(database, "samples") as store:
        codec = Codec(REGISTRY, await PostgresKeyring.open(pool, MasterKey(MasterKey.generate())))
        for n, fact in enumerate(facts):
            events, _ = await codec.encode([fact], Origin("acme", employee="mia"), command := uuid4())
            write = StreamWrite(f"samples.record-{n}", NO_STREAM, events)
            await store.append(Append("acme", Command(command, bytes(32)), [write]))
    tables = {**await rows(database), **await rows(database, "keyring")}
    for table, whole in tables.items():
        found = [text for text in distinct.texts if text.casefold().encode() in whole.lower()]
        assert not found, f"{table} holds {found}"
    unsealed = "\n".join(fact.model_dump_json() for fact in facts)
    assert [text for text in distinct.texts if text not in unsealed] == []
    assert len(distinct.texts) > 100
    assert LEAD_CAPTURED.external_id.encode() in tables["events"]


async def destroy_keys(town: Town, department: str, stream: str) -> None:
    for event in await town.houses.running[department].house.store.read_stream(town.tenant, stream):
        if key_id := Codec.key_id(event):
            await town.houses.keyring.destroy(town.tenant, key_id)


async def test_after_a_records_key_is_destroyed_chains_verify_and_rebuilt_views_say_erased(town: Town) -> None:
    lead, person_id = await zoya_is_known(town)
    await destroy_keys(town, "marketing", f"marketing.lead-{lead.id}")
    await destroy_keys(town, "contacts", f"contacts.person-{person_id}")
    for department in ("marketing", "contacts"):
        running = town.houses.running[department]
        assert not (await verify(running.house.store)).broken
        await running.opened.rebuild().run()
    mia = town.desk("mia", "manager", branch="riga", package="marketing")
    erased = await mia.ask("Leads/GetLead", leads_pb2.GetLeadRequest(id=lead.id))
    assert (erased.person.name, erased.person.email, erased.note, erased.source) == ("erased", "", "erased", "form")
    contacts = town.desk("mia", "manager", branch="riga")
    person = await contacts.ask("People/GetPerson", people_pb2.GetPersonRequest(id=person_id))
    assert (person.display_name, list(person.emails), person.branch) == ("erased", [], "riga")
    entries = await contacts.ask("Timelines/ListLeadTimeline", timeline_pb2.ListTimelineRequest(id=lead.id))
    captured = next(entry for entry in entries.entries if entry.type == "marketing.lead-captured")
    assert not any(word in str(captured) for word in ("Zoya", "Quartzova", "Xylophone"))
    assert "erased" in str(captured)


async def test_a_keyring_out_of_reach_is_waited_for_and_nothing_is_parked(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = town.houses.keyring
    reach = keyring.get_many
    asked = 0

    async def away(tenant_keys: Any) -> Any:
        nonlocal asked
        asked += 1
        raise KeyringUnavailable("the keyring is away")

    _, person_id = await zoya_is_known(town)
    monkeypatch.setattr(keyring, "get_many", away)
    desk = town.desk("mia", "manager", branch="riga")
    call = interactions_pb2.Interaction(
        person_id=person_id, channel="CALL", direction="IN", branch="riga", summary="hm"
    )
    made = await desk.ask("Interactions/CreateInteraction", interactions_pb2.CreateInteractionRequest(interaction=call))
    await eventually(lambda: _told(asked))
    contacts = town.houses.running["contacts"]
    parked = ParkedStreams(contacts.house.views, contacts.projector.heal_stream)
    assert not await parked.list()
    monkeypatch.setattr(keyring, "get_many", reach)
    shown = interactions_pb2.GetInteractionRequest(id=made.id)
    assert (await desk.ask("Interactions/GetInteraction", shown)).summary == "hm"
    head = await contacts.house.store.head()
    assert head.position > Position(0)
    assert not await parked.list()

    async def heard() -> bool:
        return contacts.projector.checkpoint("contacts") >= head

    await eventually(heard)


async def _told(asked: int) -> int:
    return asked
