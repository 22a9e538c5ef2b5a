"""Facts survive the way to bytes and back; what is personal cannot be read on the way."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from eventlog.codec import Codec, NewerSchema, Origin, Recorded
from eventlog.errors import KeyringUnavailable, Poison
from eventlog.events import Event, NewEvent, Position, Version, event_id
from eventlog.keyring import DataKey, Keyless, MemoryKeyring
from eventlog.trouble import is_infrastructure
from facts.contacts import Email, HandoffDelivered, PersonRegistered
from facts.registry import REGISTRY, Registry

ANNA = PersonRegistered(
    person_id="0a8f9f0e-53a1-4d1c-9a54-0d9a0c6f8f10",
    given_name="Анна",
    family_name="Петрова",
    emails=(Email(address="anna@example.org", kind="work"),),
    birthday=date(1988, 2, 29),
    branch="kazan",
    tags=("vip",),
    custom={"hobby": "chess"},
)
CLERK = Origin("acme", "kazan", "boris", correlation_id="c-1")
COMMAND = UUID("11111111-2222-3333-4444-555555555555")


def stored(new: NewEvent, command: UUID = COMMAND, n: int = 0) -> Event:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    where = (1, Position(1), "acme", "contacts.person-1", Version(1), event_id(command, n))
    return Event(*where, new.type, new.schema, at, new.metadata, new.data, b"")


async def encoded(codec: Codec) -> Event:
    (new,), _ = await codec.encode([ANNA], CLERK, COMMAND)
    return stored(new)


async def test_a_fact_comes_back_as_it_was_with_who_recorded_it() -> None:
    codec = Codec(REGISTRY, MemoryKeyring())
    recorded = await codec.decode("contacts", await encoded(codec))
    assert recorded.fact == ANNA
    assert (recorded.at.tenant, recorded.at.employee, recorded.at.actor) == ("acme", "boris", "boris")
    assert recorded.at.subjects == (f"person:{ANNA.person_id}",)


async def test_nothing_personal_stands_in_payload_or_metadata() -> None:
    event = await encoded(Codec(REGISTRY, MemoryKeyring()))
    for word in ("Анна", "Петрова", "anna@example.org", "1988", "chess"):
        assert word.encode() not in event.data + event.metadata
    assert orjson.loads(event.data)["branch"] == "kazan"


class OfUuids(MemoryKeyring):
    """Asks its database, which takes nothing else for an id."""

    async def get_many(self, tenant_keys: Iterable[tuple[str, str]]) -> Mapping[str, DataKey | None]:
        return await super().get_many([(tenant, str(UUID(id))) for tenant, id in tenant_keys])


@pytest.mark.parametrize("spoiled", ["0q000000-0000-4000-8000-000000000000", "", ["x"], {}, 7, None])
async def test_what_cannot_be_the_id_of_a_key_spoils_its_own_fact_and_no_other(spoiled: Any) -> None:
    codec = Codec(REGISTRY, OfUuids())
    event = await encoded(codec)
    other = replace(event, metadata=orjson.dumps(orjson.loads(event.metadata) | {"key": spoiled}))

    first, second = await codec.decode_many("contacts", [other, event])

    assert isinstance(first, Poison)
    assert isinstance(second, Recorded)
    assert second.fact == ANNA


async def test_a_sealed_field_cannot_be_moved_to_another_field() -> None:
    codec = Codec(REGISTRY, MemoryKeyring())
    event = await encoded(codec)
    data = orjson.loads(event.data)
    data["given_name"], data["family_name"] = data["family_name"], data["given_name"]
    with pytest.raises(Poison, match="InvalidTag"):
        await codec.decode("contacts", replace(event, data=orjson.dumps(data)))


async def test_a_sealed_field_cannot_be_moved_to_another_event() -> None:
    codec = Codec(REGISTRY, MemoryKeyring())
    with pytest.raises(Poison, match="InvalidTag"):
        await codec.decode("contacts", replace(await encoded(codec), id=uuid4()))


async def test_after_its_key_is_destroyed_a_fact_shows_erased() -> None:
    keyring = MemoryKeyring()
    codec = Codec(REGISTRY, keyring)
    event = await encoded(codec)
    await keyring.destroy("acme", Codec.key_id(event))
    recorded = await codec.decode("contacts", event)
    assert recorded.at.erased
    assert recorded.fact == PersonRegistered(
        person_id=ANNA.person_id, given_name="erased", family_name="erased", branch="kazan", tags=("vip",)
    )


async def test_without_keys_a_fact_shows_erased_and_none_is_made_in_a_way_that_is_waited_for() -> None:
    codec = Codec(REGISTRY, Keyless())
    recorded = await codec.decode("contacts", await encoded(Codec(REGISTRY, MemoryKeyring())))
    assert (recorded.at.erased, recorded.fact.given_name) == (True, "erased")
    with pytest.raises(RuntimeError, match="makes no keys") as refused:
        await encoded(codec)
    assert not is_infrastructure(refused.value)


async def test_a_key_that_is_not_in_the_keyring_is_named_with_its_stream() -> None:
    event = await encoded(Codec(REGISTRY, MemoryKeyring()))
    with pytest.raises(Poison, match=f"data key {Codec.key_id(event)} of {event.stream} is damaged or missing"):
        await Codec(REGISTRY, MemoryKeyring()).decode("contacts", event)


async def test_a_keyring_out_of_reach_is_waited_for_and_never_poison() -> None:
    class Away(MemoryKeyring):
        async def get_many(self, tenant_keys: object) -> dict[str, None]:
            raise KeyringUnavailable("away")

    event = await encoded(Codec(REGISTRY, MemoryKeyring()))
    with pytest.raises(KeyringUnavailable):
        await Codec(REGISTRY, Away()).decode_many("contacts", [event])


async def test_a_fact_without_anything_personal_takes_no_key() -> None:
    codec = Codec(REGISTRY, MemoryKeyring())
    (new,), key = await codec.encode([HandoffDelivered(handoff_id="h", part="offer", receipt=())], CLERK, COMMAND)
    assert key is None
    assert "key" not in orjson.loads(new.metadata)


@pytest.mark.parametrize(("type", "schema"), [("contacts.person-registered", 99), ("contacts.person-cloned", 1)])
async def test_a_fact_of_a_newer_program_is_told_apart_from_a_broken_one(type: str, schema: int) -> None:
    codec = Codec(REGISTRY, MemoryKeyring())
    with pytest.raises(NewerSchema):
        await codec.decode("contacts", replace(await encoded(codec), type=type, schema=schema))


async def test_a_reason_names_the_field_and_never_the_value() -> None:
    codec = Codec(REGISTRY, MemoryKeyring())
    event = await encoded(codec)
    data = orjson.loads(event.data) | {"tags": "secret-of-anna"}
    with pytest.raises(Poison, match="tags: tuple_type") as poison:
        await codec.decode("contacts", replace(event, data=orjson.dumps(data)))
    assert "secret-of-anna" not in str(poison.value)


@pytest.mark.parametrize(
    ("metadata", "data"),
    [(b"no JSON", b"{}"), (b"{}", b"no JSON"), (b"[]", b"{}"), (b"{}", b"null"), (b'{"key": ["k-1"]}', b"{}")],
)
async def test_bytes_that_no_program_wrote_are_poison_and_spoil_no_page(metadata: bytes, data: bytes) -> None:
    codec = Codec(REGISTRY, MemoryKeyring())
    sound = await encoded(codec)
    read = await codec.decode_many("contacts", [replace(sound, metadata=metadata, data=data), sound])
    assert [type(each) for each in read] == [Poison, Recorded]


async def test_an_old_shape_is_lifted_one_schema_version_at_a_time() -> None:
    old = Registry(dict(REGISTRY.facts), {})
    newer: Any = type("PersonRegisteredToday", (PersonRegistered,), {})
    newer.schema_version = 3
    old.facts["contacts.person-registered"] = newer
    old.upcasters["contacts.person-registered", 1] = lambda data: data | {"tags": [*data["tags"], "one"]}
    old.upcasters["contacts.person-registered", 2] = lambda data: data | {"tags": [*data["tags"], "two"]}
    codec = Codec(old, keyring := MemoryKeyring())
    event = await encoded(Codec(REGISTRY, keyring))
    assert (await codec.decode("contacts", event)).fact.tags == ("vip", "one", "two")
