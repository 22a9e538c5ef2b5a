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
            reader = csv.reader(file, delimiter=self.delimiter)
            header = self._header(reader)
            while True:
                line = reader.line_num + 1
                try:
                    text = next(reader, None)
                except csv.Error as error:
                    yield Row(line, {}, (), Wrong("", f"is no CSV row: {error}"))
                    continue
                if text is None:
                    return
                if text:
                    yield _row(line, header, text)

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


def _row(line: int, header: Sequence[str], text: Sequence[str]) -> Row:
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
