"""Facts to bytes and back. Personal fields are sealed on the way in and opened on the way out.

A sealed field stands in the payload as `{"sealed": "<base64>"}`: AES-SIV under the record's data key, with the event's
id and the field's name as associated data, so that a sealed value can neither be moved to another event nor field.
"""

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from pydantic import ValidationError

from eventlog.errors import Poison
from eventlog.events import Event, NewEvent, event_id
from eventlog.keyring import DataKey, Keyring
from eventlog.projections import At
from eventlog.stored import document

Key = DataKey | None

_SEALED = {"sealed"}

_KEY_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class NewerSchema(Poison):
    """Recorded by a newer program: its stream waits, parked, until such a program starts here."""


class Registry(Protocol):
    """What the codec asks of `facts.registry.Registry`."""

    facts: dict[str, Any]

    def upcast(self, name: str, schema: int, data: dict[str, Any]) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Origin:
    """Who records: `employee` did it, `actor` told Baton (an importer, a program, or the employee again).

    `sees_tenant` where the actor may read the records of every branch: such a one may link whatever there is."""

    tenant: str
    branch: str = ""
    employee: str = ""
    actor: str = ""
    correlation_id: str = ""
    causation_id: str = ""
    traceparent: str = ""
    sees_tenant: bool = False


class Recorded(NamedTuple):
    """A fact as it was read from a log, with where it stands."""

    fact: Any
    at: At


class Codec:
    """Turns facts into events and events into facts, by the registry's stored names and the keyring's keys."""

    def __init__(self, registry: Registry, keyring: Keyring) -> None:
        self._registry = registry
        self._keyring = keyring

    async def encode(
        self, facts: Sequence[Any], origin: Origin, command_id: UUID, first_n: int = 0, key: Key = None
    ) -> tuple[list[NewEvent], Key]:
        """Events for facts, the n-th with the id `event_id(command_id, first_n + n)`.

        `key` is the record's key, where it has one already; a new one is taken when the first personal field needs it.
        Returns the events and the key. Raises `KeyringUnavailable`."""
        if key is None and any(_says_something_personal(fact) for fact in facts):
            key = await self._keyring.fresh(origin.tenant)
        return [self._encode(fact, origin, command_id, first_n + n, key) for n, fact in enumerate(facts)], key

    def _encode(self, fact: Any, origin: Origin, command_id: UUID, n: int, key: Key) -> NewEvent:
        data = fact.model_dump(mode="json", exclude_defaults=True)
        said = [name for name in fact.personal if name in data]
        if key is not None and said:
            id = event_id(command_id, n).bytes
            for name in said:
                data[name] = seal(key, id, name, data[name])
        metadata = _metadata(fact, origin, command_id, key.id if said and key else "")
        return NewEvent(fact.name, fact.schema_version, orjson.dumps(data), orjson.dumps(metadata))

    async def decode(self, department: str, event: Event) -> Recorded:
        """One fact. Raises `Poison`, `NewerSchema`, `KeyringUnavailable`."""
        (result,) = await self.decode_many(department, (event,))
        if isinstance(result, Poison):
            raise result
        return result

    async def decode_many(self, department: str, events: Sequence[Event]) -> list[Recorded | Poison]:
        """Facts of a page, in one visit to the keyring; a `Poison` stands where an event cannot be read.

        Raises `KeyringUnavailable`: the whole page waits, nothing is parked."""
        opened = [_open(event) for event in events]
        wanted = {
            (event.tenant, metadata["key"])
            for event, (metadata, _) in zip(events, opened, strict=True)
            if metadata and "key" in metadata
        }
        keys = await self._keyring.get_many(wanted) if wanted else {}
        return [
            self._decode(department, event, metadata, data, keys)
            for event, (metadata, data) in zip(events, opened, strict=True)
        ]

    def knows(self, type: str, schema: int) -> bool:
        """Whether this program can read facts of this stored name and schema version."""
        known = self._registry.facts.get(type)
        return known is not None and schema <= known.schema_version

    @staticmethod
    def key_id(event: Event) -> str:
        """The id of the data key that seals an event's personal fields, or ""."""
        metadata, _ = _open(event)
        return metadata.get("key", "") if metadata else ""

    def _decode(
        self,
        department: str,
        event: Event,
        metadata: dict[str, Any] | None,
        data: dict[str, Any] | None,
        keys: Mapping[str, Key],
    ) -> Recorded | Poison:
        if metadata is None or data is None:
            return Poison(f"{event.type}: payload and metadata must be JSON objects, and a key the id of one")
        known = self._registry.facts.get(event.type)
        if known is None or event.schema > known.schema_version:
            return NewerSchema(f"{event.type} in schema {event.schema} is newer than this program")
        if "key" in metadata and metadata["key"] not in keys:
            return no_key(event.stream, metadata["key"])
        try:
            erased = _unseal(known, data, event.id.bytes, keys[metadata["key"]]) if "key" in metadata else False
            if event.schema < known.schema_version:
                data = self._registry.upcast(event.type, event.schema, data)
            return Recorded(known.model_validate(data), _at(department, event, metadata, erased))
        except ValidationError as error:
            return Poison(f"{event.type}: {_where(error)}")
        except (InvalidTag, ValueError, KeyError, TypeError) as error:
            return Poison(f"{event.type}: {type(error).__name__}")


def no_key(stream: str, key_id: str) -> Poison:
    """A data key that the keyring left out: it is neither there nor destroyed."""
    return Poison(f"the data key {key_id} of {stream} is damaged or missing: what it sealed cannot be read")


def seal(key: DataKey, id: bytes, field: str, value: Any) -> dict[str, str]:
    """A JSON value as it stands in a payload, encrypted for the event with this id. AES-SIV: RFC 5297."""
    sealed = key.cipher.encrypt(orjson.dumps(value), [id, field.encode()])
    return {"sealed": b2a_base64(sealed, newline=False).decode()}


def unseal(key: DataKey, id: bytes, field: str, sealed: str) -> Any:
    """The value again. Raises `InvalidTag` when it was sealed for another event, field or key."""
    return orjson.loads(key.cipher.decrypt(a2b_base64(sealed), [id, field.encode()]))


def _says_something_personal(fact: Any) -> bool:
    values = fact.__dict__
    return any(values[name] != default for name, default in fact.personal_defaults.items())


def _metadata(fact: Any, origin: Origin, command_id: UUID, key_id: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "tenant": origin.tenant,
        "branch": origin.branch,
        "actor": origin.actor or origin.employee,
        "employee": origin.employee,
        "subjects": fact.subjects(),
        "command": str(command_id),
    }
    occurred_at = fact.dated()
    optional = {
        "correlation": origin.correlation_id,
        "causation": origin.causation_id,
        "trace": origin.traceparent,
        "key": key_id,
        "occurredAt": occurred_at.isoformat() if occurred_at else "",
        "seesTenant": origin.sees_tenant,
    }
    metadata.update((name, value) for name, value in optional.items() if value)
    return metadata


def _open(event: Event) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    metadata, data = document(event.metadata), document(event.data)
    if metadata is None or data is None or ("key" in metadata and not _may_be_a_key(metadata["key"])):
        return None, None
    return metadata, data


def _may_be_a_key(id: Any) -> bool:
    """Facts are read before their digests are looked at: what a flipped bit made of a key's id reaches no keyring."""
    return isinstance(id, str) and _KEY_ID.fullmatch(id) is not None


def _unseal(known: Any, data: dict[str, Any], id: bytes, key: Key) -> bool:
    """Open the sealed fields in place; True when the key is destroyed and they show as erased."""
    for name, value in data.items():
        if type(value) is dict and name in known.personal and value.keys() == _SEALED:
            data[name] = known.personal[name] if key is None else unseal(key, id, name, value["sealed"])
    return key is None


def _at(department: str, event: Event, metadata: dict[str, Any], erased: bool) -> At:
    get = metadata.get
    occurred_at = get("occurredAt")
    return At(
        department,
        event.tenant,
        event.stream,
        event.version,
        event.place,
        event.id,
        event.type,
        event.recorded_at,
        datetime.fromisoformat(occurred_at) if occurred_at else None,
        get("employee", ""),
        get("actor", ""),
        get("branch", ""),
        tuple(get("subjects", ())),
        get("command", ""),
        get("correlation", ""),
        get("causation", ""),
        event.digest,
        erased,
        get("seesTenant", False),
        get("trace", ""),
    )


def _where(error: ValidationError) -> str:
    """Which fields are wrong, without their values: a reason is shown to people and must hold nothing personal."""
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['type']}" for e in error.errors(include_input=False))
