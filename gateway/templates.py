"""Path templates of google.api.http: `/v1/parcels/{parcel.id}`, `/v1/parcels:search`, `/v1/{kind=shelves}/{id}`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: What stands in a template where a segment is free.
ANY = "*"

_PART = re.compile(r"\{(?P<field>[a-z][a-z0-9_.]*)(?:=(?P<inner>[^{}]+))?\}|(?P<text>[^{}/]+)")
_VERB = re.compile(r":([A-Za-z]+)\Z")


@dataclass(frozen=True, slots=True)
class Variable:
    """A field of the request that is bound to the segments from `start` to `stop` of the path."""

    field: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template: literal segments and `ANY`, the variables bound to them, and the custom verb or ""."""

    text: str
    segments: Sequence[str]
    variables: Sequence[Variable]
    verb: str

    @classmethod
    def parse(cls, text: str) -> "Template":
        """Raises `ValueError` for a template that the gateway cannot route (`**` among them)."""
        verb = _VERB.search(text)
        path = text[: verb.start()] if verb else text
        segments: list[str] = []
        variables: list[Variable] = []
        for part in _parts(path, text):
            inner = _inner(part)
            if part["field"]:
                variables.append(Variable(part["field"], len(segments), len(segments) + len(inner)))
            segments.extend(inner)
        if "**" in segments or not segments:
            raise ValueError(f"cannot route {text}")
        return cls(text, tuple(segments), tuple(variables), verb[1] if verb else "")


def _parts(path: str, text: str) -> list[re.Match[str]]:
    parts: list[re.Match[str]] = []
    at = 0
    while at < len(path):
        found = _PART.match(path, at + 1) if path[at] == "/" else None
        if found is None:
            raise ValueError(f"cannot read the template {text}")
        parts.append(found)
        at = found.end()
    return parts


def _inner(part: re.Match[str]) -> list[str]:
    if part["text"]:
        return [part["text"]]
    return part["inner"].split("/") if part["inner"] else [ANY]
