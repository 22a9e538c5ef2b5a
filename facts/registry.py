"""How a fact is declared: its stored name, the version of its schema, its personal fields, its upcasters.

A stored word is for ever: the name is spelled out, never taken from a Python path.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

JsonObject = dict[str, Any]
Upcaster = Callable[[JsonObject], JsonObject]


class Value(BaseModel):
    """A part of a fact."""

    model_config = ConfigDict(frozen=True, extra="forbid")


#: Fields that name whom or what a fact concerns, wherever they stand at the top of a fact; `subject` says its kind.
SUBJECT_FIELDS = {
    "lead_id": "lead",
    "lead_ids": "lead",
    "person_id": "person",
    "candidates": "person",
    "company_id": "company",
    "parent_id": "company",
    "opportunity_id": "opportunity",
    "interaction_id": "interaction",
    "handoff_id": "handoff",
    "enquiry_of": "lead",
    "subject": "",
}


class Fact(Value):
    """Something that happened, in the past tense. Never changed once recorded.

    A field that still has its default is not stored, so a default is for ever, too."""

    name: ClassVar[str]
    schema_version: ClassVar[int]
    #: Personal fields: what is seen of each once it is erased, and what it is when nothing was said.
    personal: ClassVar[Mapping[str, Any]]
    personal_defaults: ClassVar[Mapping[str, Any]]
    #: The field in which the world dates the fact (`captured_at`), or "" where only recording dates it.
    dated_by: ClassVar[str]
    #: Its fields of `SUBJECT_FIELDS`, with the kind of subject each names.
    subject_fields: ClassVar[Sequence[tuple[str, str]]]

    def subjects(self) -> list[str]:
        """Whom and what it concerns, each once: `["lead:5f…", "person:0a…"]`."""
        found: dict[str, None] = {}
        for field_name, kind in self.subject_fields:
            value = getattr(self, field_name)
            if not kind:
                found[f"{value.kind}:{value.id}"] = None
            elif isinstance(value, str):
                found[f"{kind}:{value}"] = None
            else:
                found.update((f"{kind}:{each}", None) for each in value)
        return [name for name in found if not name.endswith(":")]

    def dated(self) -> datetime | None:
        """When it happened in the world, where the fact says so."""
        return getattr(self, self.dated_by) if self.dated_by else None


@dataclass(frozen=True)
class Personal:
    """Marks a top-level field of a fact that says something of a person: `Annotated[str, Personal()]`.

    The whole value is encrypted before it reaches log and Kafka. `erased` is what a reader sees in its place once the
    record's key was destroyed."""

    erased: Any = "erased"


@dataclass
class Registry:
    """Every fact that this program knows, by stored name."""

    facts: dict[str, type[Fact]] = field(default_factory=dict)
    upcasters: dict[tuple[str, int], Upcaster] = field(default_factory=dict)

    def upcast(self, name: str, schema: int, data: JsonObject) -> JsonObject:
        """Lift stored data to today's shape, one schema version at a time."""
        for version in range(schema, self.facts[name].schema_version):
            data = self.upcasters[name, version](data)
        return data


REGISTRY = Registry()

F = TypeVar("F", bound=type[Fact])


def fact(name: str, schema: int = 1, *, dated_by: str = "") -> Callable[[F], F]:
    """Register a fact under its stored name. Raises `ValueError` when the name is taken."""

    def register(cls: F) -> F:
        if name in REGISTRY.facts:
            raise ValueError(f"the stored name {name} is taken by {REGISTRY.facts[name].__name__}")
        cls.name = name
        cls.schema_version = schema
        cls.dated_by = dated_by
        fields: dict[str, FieldInfo] = cls.__pydantic_fields__
        cls.personal = {
            field_name: mark.erased
            for field_name, info in fields.items()
            for mark in info.metadata
            if isinstance(mark, Personal)
        }
        cls.subject_fields = [(name, kind) for name, kind in SUBJECT_FIELDS.items() if name in fields]
        cls.personal_defaults = {field_name: fields[field_name].get_default() for field_name in cls.personal}
        REGISTRY.facts[name] = cls
        return cls

    return register


def upcaster(name: str, from_schema: int) -> Callable[[Upcaster], Upcaster]:
    """Register the pure function that lifts data of `name` from `from_schema` to the next schema version."""

    def register(function: Upcaster) -> Upcaster:
        REGISTRY.upcasters[name, from_schema] = function
        return function

    return register
