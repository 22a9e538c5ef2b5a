"""Files and maps for tests of the importer, and a Baton that remembers what it was sent."""

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.importer.maps import ImportMap, compile_map
from tools.importer.report import CREATED, Outcome, Report
from tools.importer.resources import RESOURCES
from tools.importer.rows import Prepared
from tools.importer.run import Run
from tools.importer.table import Table

PEOPLE = """
[fields]
externalId = { column = "id", required = true }
familyName = { column = "name", required = true }
birthday = { column = "born" }
emails = [ { address = { column = "mail" }, kind = { constant = "work" } } ]
"""


def a_map(text: str = PEOPLE, resource: str = "people") -> ImportMap:
    return compile_map(tomllib.loads(text), RESOURCES[resource])


def a_table(folder: Path, *lines: str, content: bytes = b"") -> Table:
    path = folder / "rows.csv"
    path.write_bytes(content or "\n".join([*lines, ""]).encode())
    return Table(path, ",", "utf-8-sig")


@dataclass
class Receiver:
    """Takes batches; `answers` says what becomes of a row, everything is created where it says nothing."""

    answers: Callable[[Prepared], Outcome] = lambda row: Outcome(CREATED)
    batches: list[list[Prepared]] = field(default_factory=list)

    def attempt(self, rows: Sequence[Prepared]) -> list[Outcome]:
        self.batches.append(list(rows))
        return [self.answers(row) for row in rows]

    @property
    def sent(self) -> list[str]:
        return [row.external_id for batch in self.batches for row in batch]


@dataclass
class Clock:
    """Time that passes only while somebody sleeps."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def brought_in(table: Table, receiver: Receiver, under_way: Callable[[], object] = lambda: None) -> Report:
    """Import a table; the report."""
    report, clock = Report("test"), Clock()
    run = Run(a_map(), receiver.attempt, report, lambda done: None, under_way, clock, clock.sleep)
    run.run(table.rows())
    return report


def rejected(report: Report) -> list[tuple[Any, ...]]:
    return [(each.line, each.column, each.reason) for each in sorted(report.rejected, key=lambda each: each.line)]
