"""Finds the operation of a path: a tree of segments, walked once a request."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote_to_bytes

from gateway.templates import ANY, Template

T = TypeVar("T")


@dataclass
class _Node(Generic[T]):
    literals: dict[str, "_Node[T]"] = field(default_factory=dict)
    free: "_Node[T] | None" = None
    #: Custom verb ("" for none) -> HTTP verb -> what is served.
    ends: dict[str, dict[str, T]] = field(default_factory=dict)


class Router(Generic[T]):
    """`add` templates, then `find` paths. A literal segment wins over a free one."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, verb: str, template: Template, target: T) -> None:
        """Raises `ValueError` when two templates claim the same paths."""
        node = self._root
        for segment in template.segments:
            node = _child(node, segment)
        served = node.ends.setdefault(template.verb, {})
        if verb in served:
            raise ValueError(f"{verb} {template.text} is served twice")
        served[verb] = target

    def find(self, raw_path: bytes) -> tuple[Mapping[str, T], Sequence[str]] | None:
        """What a path serves by HTTP verb, and its decoded segments; None when nothing is there.

        The path is split before it is decoded, so `%2F` and `%3A` are characters of an id."""
        segments = raw_path.decode("latin-1").split("/")[1:]
        last, colon, verb = segments[-1].rpartition(":")
        if colon and not last:
            return None  # a verb of nothing, and not a resource of that name
        if colon:
            found = self._walk([*segments[:-1], last], verb)
            if found:
                return found
        return self._walk(segments, "")

    def _walk(self, segments: Sequence[str], verb: str) -> tuple[Mapping[str, T], Sequence[str]] | None:
        if "" in segments:
            return None
        served = _search(self._root, segments, 0, verb)
        if served is None:
            return None
        decoded = [_decode(segment) for segment in segments]
        return None if None in decoded else (served, [segment for segment in decoded if segment is not None])


def _child(node: _Node[T], segment: str) -> _Node[T]:
    if segment != ANY:
        return node.literals.setdefault(segment, _Node())
    if node.free is None:
        node.free = _Node()
    return node.free


def _search(node: _Node[T], segments: Sequence[str], at: int, verb: str) -> Mapping[str, T] | None:
    if at == len(segments):
        return node.ends.get(verb)
    literal = node.literals.get(segments[at])
    found = _search(literal, segments, at + 1, verb) if literal else None
    if found is None and node.free is not None:
        found = _search(node.free, segments, at + 1, verb)
    return found


def _decode(segment: str) -> str | None:
    """None for what is no UTF-8: no resource has such a name."""
    if "%" not in segment and segment.isascii():
        return segment
    try:
        return unquote_to_bytes(segment.encode("latin-1")).decode("utf-8")
    except UnicodeDecodeError:
        return None


def allowed(served: Iterable[str]) -> str:
    """The `Allow` header of what is served; who may GET may ask for the headers alone."""
    verbs = set(served)
    return ", ".join(sorted(verbs | {"HEAD"} if "GET" in verbs else verbs))
