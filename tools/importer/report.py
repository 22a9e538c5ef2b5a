"""What became of an import: the report, and the file of rejected rows."""

import csv
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CREATED, UPDATED, UNCHANGED, REJECTED, NOT_YET = "CREATED", "UPDATED", "UNCHANGED", "REJECTED", "NOT_YET"

#: What stands before the file's own columns in the file of rejected rows.
REJECTED_COLUMNS = ("rejected_line", "rejected_column", "rejected_reason")


@dataclass(frozen=True)
class Warned:
    line: int
    column: str
    detail: str


@dataclass(frozen=True)
class Outcome:
    """What became of one row; `column` and `detail` say why it was rejected or has to wait."""

    outcome: str
    column: str = ""
    detail: str = ""
    warnings: Sequence[Warned] = ()


@dataclass(frozen=True)
class RejectedRow:
    line: int
    column: str
    reason: str
    text: Sequence[str]


@dataclass
class Report:
    """Counts of rows. Threads may add to it at once."""

    import_id: str
    rows: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((CREATED, UPDATED, UNCHANGED, REJECTED), 0))
    warnings: dict[tuple[int, str], Warned] = field(default_factory=dict)
    rejected: list[RejectedRow] = field(default_factory=list)
    seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, line: int, text: Sequence[str], outcome: Outcome) -> None:
        """Count a row that is done: anything but NOT_YET."""
        with self._lock:
            self.rows += 1
            self.counts[outcome.outcome] += 1
            for warned in outcome.warnings:
                self.warnings[warned.line, warned.column] = warned
            if outcome.outcome == REJECTED:
                self.rejected.append(RejectedRow(line, outcome.column, outcome.detail, text))

    def document(self) -> Mapping[str, Any]:
        """The report as `--json` prints it."""
        return {
            "importId": self.import_id,
            "rows": self.rows,
            "created": self.counts[CREATED],
            "updated": self.counts[UPDATED],
            "unchanged": self.counts[UNCHANGED],
            "rejected": self.counts[REJECTED],
            "warnings": [
                {"line": each.line, "column": each.column, "detail": each.detail}
                for _, each in sorted(self.warnings.items())
            ],
            "seconds": round(self.seconds, 3),
        }

    def write_rejected(self, path: Path, header: Sequence[str], delimiter: str) -> None:
        """The rejected rows as they stood in the file, in its order, with line, column and reason before them.

        Once mended, the file can be imported with the same map."""
        before = sum(name in REJECTED_COLUMNS for name in header)
        with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            writer = csv.writer(file, delimiter=delimiter)
            writer.writerow([*REJECTED_COLUMNS, *header[before:]])
            for each in sorted(self.rejected, key=lambda rejected: rejected.line):
                writer.writerow([each.line, each.column, each.reason, *each.text[before:]])
