"""Statements kept in `.sql` files, by name."""

from collections.abc import Mapping
from pathlib import Path


def named(path: Path) -> Mapping[str, str]:
    """The statements of a file by the names in their `-- name:` lines; what stands before the first is a comment."""
    parts = path.read_text("utf-8").split("-- name: ")[1:]
    return {name.strip(): sql for name, _, sql in (part.partition("\n") for part in parts)}
