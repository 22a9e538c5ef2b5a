"""The documentation as data: its code blocks, links and names, so that tests can hold it to the program."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_QUOTED = re.compile(r"`([^`\n]+)`")
_COMMAND = re.compile(r"(?:^|[ (/])baton ([a-z][^|;#)\n]*)", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A code block; `line` is where it starts."""

    path: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.path.name}:{self.line}"


def pages() -> list[Path]:
    """README.md, ARCHITECTURE.md and the other pages for readers."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def blocks(path: Path) -> list[Block]:
    text = path.read_text()
    return [
        Block(path, text.count("\n", 0, found.start()) + 1, found[1], found[2].rstrip("\n"))
        for found in _FENCE.finditer(text)
    ]


def prose(path: Path) -> str:
    """The page without its code blocks."""
    return _FENCE.sub("", path.read_text())


def links(path: Path) -> list[str]:
    """Where the page's links lead."""
    return _LINK.findall(prose(path))


def quoted(path: Path) -> list[str]:
    """What stands between backticks in the page's sentences."""
    return _QUOTED.findall(prose(path))


def typed(path: Path) -> Iterator[str]:
    """Every `baton` command of the page's shell blocks, without the name."""
    for block in blocks(path):
        if block.language == "sh":
            yield from _COMMAND.findall(block.text.replace("\\\n", " "))


def named(path: Path) -> Iterator[str]:
    """Every `baton` command that the page's sentences name, whole or in part."""
    for text in quoted(path):
        yield from _COMMAND.findall(text)


def fits(shown: Any, real: Any) -> bool:
    """Whether an answer is what the page shows of it. A page leaves fields out; `…` stands for any text, and in a list
    for any number of values."""
    match shown, real:
        case dict(), dict():
            return all(name in real and fits(value, real[name]) for name, value in shown.items())
        case list(), list():
            return _all_fit(shown, real)
        case str(), str():
            return re.fullmatch(".*".join(map(re.escape, shown.split("…"))), real, re.DOTALL) is not None
        case _:
            return bool(shown == real)


def _all_fit(shown: list[Any], real: list[Any]) -> bool:
    if not shown:
        return not real
    if shown[0] == "…":
        return any(_all_fit(shown[1:], real[start:]) for start in range(len(real) + 1))
    return bool(real) and fits(shown[0], real[0]) and _all_fit(shown[1:], real[1:])
