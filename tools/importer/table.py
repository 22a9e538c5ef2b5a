"""Reads a CSV file row by row: every row with the line it starts on, every cell without surrounding spaces."""

import csv
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

from tools.importer.template import MapError, Wrong

#: The longest cell; longer than any field may be.
_CELL_MAX = 1024 * 1024
#: A row of more lines than this is looked at closely: an open quote may have met a later one.
_LINES_MAX = 50


@dataclass(frozen=True)
class Row:
    """One row of the file: `cells` by column, or `wrong` where it is no row of this table. `text` as it stood there."""

    line: int
    cells: Mapping[str, str]
    text: Sequence[str]
    wrong: Wrong | None = None


@dataclass(frozen=True)
class Table:
    """A CSV file with a header. Bytes that are no text of the encoding make their row wrong, not the file."""

    path: Path
    delimiter: str
    encoding: str

    def header(self) -> list[str]:
        """Raises `MapError` when the file cannot be read or has no header."""
        with self._open() as file:
            return self._header(csv.reader(file, delimiter=self.delimiter))

    def digest(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def count(self) -> int:
        """How many rows there are, about: lines in quotes are counted, too. For the progress bar."""
        with self.path.open("rb") as file:
            return max(0, sum(block.count(b"\n") for block in _blocks(file)) - 1)

    def rows(self) -> Iterator[Row]:
        """The rows under the header, empty lines left out."""
        csv.field_size_limit(_CELL_MAX)
        with self._open() as file:
            lines = _Lines(file)
            header = self._header(csv.reader(lines, delimiter=self.delimiter))
            while not lines.at_end():
                if (row := self._next(lines, header)).text or row.wrong:
                    yield row

    def _next(self, lines: "_Lines", header: Sequence[str]) -> Row:
        """The next row. Where a quote is never closed only its line is wrong: the lines behind it are read anew."""
        lines.keep()
        line = lines.number + 1
        wrong, text = "", []
        try:
            text = next(csv.reader(lines, delimiter=self.delimiter))
        except csv.Error as error:
            wrong = f"is no CSV row: {error}"
        last, is_long = lines.number, len(lines.kept) > _LINES_MAX
        if lines.fell_short or (is_long and not self._is_proper(lines.kept, len(header))):
            text = next(csv.reader(lines.kept[:1], delimiter=self.delimiter))
            lines.back_to_second()
            reason = f"a quote opened at line {line} is never closed; lines {line} to {last} were read as one row"
            return Row(line, {}, text, Wrong("", reason))
        return Row(line, {}, text, Wrong("", wrong)) if wrong else _row(line, header, text)

    def _is_proper(self, lines: Sequence[str], cells: int) -> bool:
        """Whether quotes stand only around whole cells, and as many of them as there are columns."""
        try:
            return len(next(csv.reader(lines, delimiter=self.delimiter, strict=True))) == cells
        except csv.Error:
            return False

    def _header(self, reader: Iterator[list[str]]) -> list[str]:
        header = [name.strip() for name in next(reader, [])]
        if not any(header):
            raise MapError(f"{self.path} is empty: the first line must name the columns")
        doubled = sorted({name for name in header if header.count(name) > 1})
        if doubled:
            raise MapError(f"{self.path}: two columns are called {doubled[0]}")
        return header

    def _open(self) -> TextIO:
        try:
            return self.path.open(encoding=self.encoding, errors="surrogateescape", newline="")
        except (OSError, LookupError) as error:
            raise MapError(f"{self.path}: {error}") from error


class _Lines:
    """The lines of a file, of which those of the row being read can be read once more.

    `number` is that of the last line read. `fell_short`: more lines were asked for than there are."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._again: list[str] = []
        self.number = 0
        self.kept: list[str] = []
        self.fell_short = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._file.readline()
        if not line:
            self.fell_short = True
            raise StopIteration
        self.number += 1
        self.kept.append(line)
        return line

    def keep(self) -> None:
        """A new row begins here."""
        self.kept, self.fell_short = [], False

    def at_end(self) -> bool:
        if not self._again and (line := self._file.readline()):
            self._again.append(line)
        return not self._again

    def back_to_second(self) -> None:
        """Read on behind the first line of this row."""
        self._again.extend(reversed(self.kept[1:]))
        self.number -= len(self.kept) - 1


def _row(line: int, header: Sequence[str], text: Sequence[str]) -> Row:
    if not text:
        return Row(line, {}, text)
    if len(text) != len(header):
        return Row(line, {}, text, Wrong("", f"has {len(text)} cells, the header has {len(header)}"))
    cells = {name: cell.strip() for name, cell in zip(header, text, strict=True)}
    for name, cell in cells.items():
        if not cell.isascii() and any("\ud800" <= character <= "\udfff" for character in cell):
            return Row(line, cells, text, Wrong(name, "holds bytes that are no text of the file's encoding"))
    return Row(line, cells, text)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(1 << 20):
        yield block
