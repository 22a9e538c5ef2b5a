"""What reporting commands print: one JSON document with `--json`, a table for people otherwise."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document to stdout")


def print_json(document: Any) -> None:
    """One JSON document and a line break, to stdout."""
    sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")


@contextmanager
def dots() -> Iterator[Callable[[], None]]:
    """A function that shows that work goes on: a dot to stderr where that is a terminal, nothing elsewhere."""
    shown = False

    def dot() -> None:
        nonlocal shown
        if sys.stderr.isatty():
            shown = True
            sys.stderr.write(".")
            sys.stderr.flush()

    try:
        yield dot
    finally:
        if shown:
            sys.stderr.write("\n")


def print_table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Columns as wide as they need to be; numbers stand to the right."""
    lines = [list(headings), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    numeric = [bool(rows) and all(isinstance(row[n], int | float) for row in rows) for n in range(len(headings))]
    for line in lines:
        cells = (_cell(*each) for each in zip(line, widths, numeric, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def not_answered(departments: Sequence[str]) -> dict[str, list[str]]:
    """What a document says of departments that did not answer; nothing where all did."""
    return {"unreachable": list(departments)} if departments else {}


def tell_unreachable(departments: Sequence[str]) -> bool:
    """Tell people which departments did not answer; whether there are any."""
    sys.stderr.writelines(f"{department} does not answer\n" for department in departments)
    return bool(departments)


def _cell(text: str, width: int, is_number: bool) -> str:
    return text.rjust(width) if is_number else text.ljust(width)
