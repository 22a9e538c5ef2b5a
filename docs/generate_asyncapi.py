"""Generates `docs/asyncapi.yaml` from `facts/`: `python docs/generate_asyncapi.py` (or `make proto`)."""

import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic.json_schema import PydanticJsonSchemaWarning

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "gen")]

from eventlog.kafka.topics import Topic, Topics  # noqa: E402
from eventlog.streaming.records import kept_topics  # noqa: E402
from facts import contacts, marketing, operations, sales  # noqa: E402, F401 - registers the facts
from facts.analytics import Derived  # noqa: E402
from facts.registry import REGISTRY, Fact  # noqa: E402
from runtime.department import DEPARTMENTS  # noqa: E402

PAGE = ROOT / "docs" / "asyncapi.yaml"
#: Facts that any department may record.
EVERYWHERE = "operations"
#: Who derives facts of the others' facts.
DERIVING = "analytics"

INFO = {
    "title": "Baton",
    "version": "1",
    "license": {"name": "Apache-2.0"},
    "description": "What each department tells the others, generated from `facts/`. A channel is a Kafka topic; the"
    " key of a record is its stream. Read with `isolation.level=read_committed`. docs/consumers.md has a consumer that"
    " proves what it was given.",
}

SEALED = {
    "type": "object",
    "description": "A personal field, encrypted under the record's own data key (AES-SIV).",
    "properties": {"sealed": {"type": "string", "contentEncoding": "base64"}},
    "required": ["sealed"],
    "additionalProperties": False,
}

TEXT = {"type": "string"}
NUMBER = {"type": "string", "pattern": "^[0-9]+$"}
TIME = {"type": "string", "format": "date-time"}

HEADERS: dict[str, tuple[dict[str, Any], str]] = {
    "ce_specversion": ({"type": "string", "const": "1.0"}, "CloudEvents 1.0 in binary mode."),
    "ce_id": ({"type": "string", "format": "uuid"}, "The event's id."),
    "ce_type": (TEXT, "The fact's stored name."),
    "ce_source": ({"type": "string", "pattern": "^baton:"}, "`baton:` and the department."),
    "ce_subject": (TEXT, "The stream; also the record's key."),
    "ce_time": (TIME, "When it happened, where the world dates it; else when it was recorded."),
    "content-type": ({"type": "string", "const": "application/json"}, "Of the payload."),
    "generation": (NUMBER, "Of the log; positions compare only within one."),
    "position": (NUMBER, "In the log, from 1, without a gap."),
    "version": (NUMBER, "In the stream, from 1, without a gap."),
    "tenant": (TEXT, "Whose fact it is."),
    "schema": (NUMBER, "The version of the fact's schema."),
    "recordedat": (TIME, "When it was recorded, with microseconds."),
    "digest": ({"type": "string", "pattern": "^[0-9a-f]{64}$"}, "Covers the stream's whole past: docs/digests.md."),
    "traceparent": (TEXT, "W3C trace context, where the command was traced."),
    "metadata": (TEXT, "The stored metadata, byte for byte: JSON with branch, actor, subjects, command and more."),
}
OPTIONAL_HEADERS = {"traceparent"}
DERIVED = sorted(Derived.__subclasses__(), key=lambda each: each.name)

DERIVED_HEADERS: dict[str, tuple[dict[str, Any], str]] = {
    **{name: HEADERS[name] for name in ("ce_specversion", "ce_type", "ce_source", "content-type", "tenant")},
    "ce_id": (HEADERS["ce_id"][0], "Follows from the fact and its topology: told again, it is told under the same id."),
    "ce_subject": (TEXT, "The stream that it follows from; also the record's key."),
    "ce_time": (TIME, "When the fact was recorded that it follows from."),
    "source": (TEXT, "The department of the fact that it follows from."),
    **dict.fromkeys(("generation", "position", "version"), (NUMBER, "Of the fact that it follows from.")),
}

WAITING_HEADERS: dict[str, tuple[dict[str, Any], str]] = {
    **HEADERS,
    "reason": (TEXT, "Why it could not be handled."),
    "attempts": (NUMBER, "How often its stream was tried."),
    "retryat": (TIME, "When it may be tried again."),
}

WATERMARK = {
    "type": "object",
    "description": "Everything up to `position` was told: it is read once partition p was read up to `offsets[p]`.",
    "properties": {
        "generation": {"type": "integer"},
        "position": NUMBER,
        "offsets": {"type": "array", "items": {"type": "integer", "minimum": 0}},
        "digest": {"type": "string", "description": "That of the event at `position`; empty at position 0."},
    },
    "required": ["generation", "position", "offsets", "digest"],
}


def document() -> dict[str, Any]:
    """The whole description, as it is written."""
    schemas: dict[str, Any] = {
        "Headers": _headers(HEADERS),
        "DerivedHeaders": _headers(DERIVED_HEADERS),
        "WaitingHeaders": _headers(WAITING_HEADERS),
        "Sealed": SEALED,
        "Watermark": WATERMARK,
    }
    for fact in REGISTRY.facts.values():
        schemas |= _schemas(fact)
    for derived in DERIVED:
        schemas[derived.__name__] = _schema_of(derived)
    return {
        "asyncapi": "3.0.0",
        "info": INFO,
        "defaultContentType": "application/json",
        "channels": {name: channel for each in sorted(DEPARTMENTS) for name, channel in _channels(each).items()}
        | _derived_channels(),
        "operations": {name: operation for each in sorted(DEPARTMENTS) for name, operation in _operations(each).items()}
        | _derived_operations(),
        "components": {
            "messages": {name: _message(fact) for name, fact in sorted(REGISTRY.facts.items())}
            | {derived.name: _message(derived, "DerivedHeaders") for derived in DERIVED}
            | {"waiting": _waiting(), "watermark": _mark()},
            "schemas": dict(sorted(schemas.items())),
        },
    }


def _channels(department: str) -> dict[str, Any]:
    told = [name for name in sorted(REGISTRY.facts) if name.partition(".")[0] in (department, EVERYWHERE)]
    topics = Topics.of(department)
    return {
        department: _channel(topics.facts, told, f"Every event of the log of {department}."),
        f"{department}.watermarks": _channel(topics.watermarks, ["watermark"], f"How far {department} was told."),
    }


def _derived_channels() -> dict[str, Any]:
    derived, retry = kept_topics(DERIVING)
    names = [each.name for each in DERIVED]
    return {
        f"{DERIVING}.derived": _channel(derived, names, "What follows from the facts of all. Told at least once."),
        f"{DERIVING}.retry": _channel(retry, ["waiting"], "Facts that could not be handled, each time."),
    }


def _derived_operations() -> dict[str, Any]:
    return {
        f"{DERIVING}.derive": {
            "action": "send",
            "channel": {"$ref": f"#/channels/{DERIVING}.derived"},
            "summary": "A worker tells what it derived, before it is in any read model.",
        },
        f"{DERIVING}.wait": {
            "action": "send",
            "channel": {"$ref": f"#/channels/{DERIVING}.retry"},
            "summary": "A worker cannot handle a fact: it waits, with what follows in its stream.",
        },
    }


def _channel(topic: Topic, messages: list[str], description: str) -> dict[str, Any]:
    settings = topic.settings
    configuration = {
        "cleanup.policy": [settings["cleanup.policy"]],
        **{name: int(settings[name]) for name in ("retention.ms", "retention.bytes", "max.message.bytes")},
    }
    kafka = {"topic": topic.name, "partitions": topic.partitions, "topicConfiguration": configuration}
    return {
        "address": topic.name,
        "description": description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {"kafka": kafka | {"bindingVersion": "0.5.0"}},
    }


def _operations(department: str) -> dict[str, Any]:
    return {
        f"{department}.tell": {
            "action": "send",
            "channel": {"$ref": f"#/channels/{department}"},
            "summary": f"The relay of {department} tells its log, every event once.",
        },
        f"{department}.mark": {
            "action": "send",
            "channel": {"$ref": f"#/channels/{department}.watermarks"},
            "summary": "Written in the same transaction as the events that it covers.",
        },
    }


def _message(fact: type[Fact] | type[Derived], headers: str = "Headers") -> dict[str, Any]:
    return {
        "name": fact.name,
        "title": fact.__name__,
        "summary": " ".join((fact.__doc__ or "").split()) if "__doc__" in vars(fact) else fact.__name__,
        "contentType": "application/json",
        "headers": {"$ref": f"#/components/schemas/{headers}"},
        "payload": {"$ref": f"#/components/schemas/{fact.__name__}"},
        "bindings": {"kafka": {"key": {"type": "string", "description": "The stream."}, "bindingVersion": "0.5.0"}},
    }


def _waiting() -> dict[str, Any]:
    return {
        "name": "waiting",
        "title": "Waiting",
        "summary": "A fact as its own topic told it, with why it waits. The payload is that of `ce_type`.",
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/WaitingHeaders"},
        "payload": {"type": "object"},
        "bindings": {"kafka": {"key": {"type": "string", "description": "The stream."}, "bindingVersion": "0.5.0"}},
    }


def _mark() -> dict[str, Any]:
    return {
        "name": "watermark",
        "title": "Watermark",
        "contentType": "application/json",
        "payload": {"$ref": "#/components/schemas/Watermark"},
        "bindings": {"kafka": {"key": {"type": "string", "description": "The generation."}, "bindingVersion": "0.5.0"}},
    }


def _headers(headers: Mapping[str, tuple[dict[str, Any], str]]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: schema | {"description": said} for name, (schema, said) in headers.items()},
        "required": [name for name in headers if name not in OPTIONAL_HEADERS],
    }


def _schema_of(derived: type[Derived]) -> dict[str, Any]:
    """What has its default is left out."""
    schema = derived.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    return schema | {"required": derived.model_json_schema(mode="validation").get("required", [])}


def _schemas(fact: type[Fact]) -> dict[str, Any]:
    """The JSON of a fact as it is stored, and of the values in it. What has its default is left out there."""
    with warnings.catch_warnings(category=PydanticJsonSchemaWarning, action="ignore"):  # defaults that are no JSON
        schema = fact.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
        required = fact.model_json_schema(mode="validation").get("required", [])
    values = schema.pop("$defs", {})
    for name in fact.personal:
        opened = schema["properties"][name]
        schema["properties"][name] = {"allOf": [{"$ref": "#/components/schemas/Sealed"}], "x-opened": opened}
    schema["required"] = [name for name in required if name in schema["properties"]]
    return {fact.__name__: schema | {"x-schema-version": fact.schema_version}, **values}


def text() -> str:
    """`docs/asyncapi.yaml`, as it should be."""
    head = "# Generated from facts/ by docs/generate_asyncapi.py; edit those.\n"
    return head + yaml.safe_dump(document(), sort_keys=False, allow_unicode=True, width=120)


if __name__ == "__main__":
    PAGE.write_text(text(), "utf-8")
