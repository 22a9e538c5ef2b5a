"""What the bytes of a log say. A log takes any bytes: an audit that relied on them would end at the first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from tools.audit.book import Cut, parse_place

T = TypeVar("T")


class Unreadable(Exception):
    """Bytes that do not say what an audit must know; the message is what it looked for."""


@dataclass(frozen=True)
class Said:
    """A JSON object of a log. Each question raises `Unreadable` where the answer is not there, or something else."""

    found: Mapping[str, Any]

    @classmethod
    def by(cls, stored: bytes) -> "Said":
        try:
            found = orjson.loads(stored)
        except orjson.JSONDecodeError:
            raise Unreadable("JSON") from None
        return cls(_a(dict, found, "an object"))

    def text(self, name: str) -> str:
        return _a(str, self.found.get(name), name)

    def number(self, name: str) -> int:
        return _a(int, self.found.get(name), name)

    def inner(self, name: str) -> "Said":
        return Said(_a(dict, self.found.get(name), name))

    def each(self, name: str) -> "list[Said]":
        return [Said(_a(dict, each, name)) for each in _a(list, self.found.get(name), name)]

    def cut(self, name: str) -> Cut:
        places = self.inner(name)
        try:
            return {department: parse_place(places.text(department)) for department in places.found}
        except ValueError:
            raise Unreadable(name) from None


def subjects(metadata: bytes) -> list[str]:
    """Whom a fact concerns, as its metadata names them. Raises `Unreadable`."""
    named = _a(list, Said.by(metadata).found.get("subjects", []), "subjects")
    return [_a(str, each, "subjects") for each in named]


def _a(kind: type[T], found: object, name: str) -> T:
    if type(found) is not kind:
        raise Unreadable(name)
    return found
