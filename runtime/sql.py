"""Statements kept in `.sql` files, by name."""

import re
from collections.abc import Mapping
from pathlib import Path


def named(*paths: Path) -> Mapping[str, str]:
    """The statements of files by the names in their `-- name:` lines; what stands before the first is a comment.

    A name in braces, `{opens}`, stands for the statement of that name: what several of them share is said once."""
    parts = [part for path in paths for part in path.read_text("utf-8").split("-- name: ")[1:]]
    said = {name.strip(): sql for name, _, sql in (part.partition("\n") for part in parts)}

    def whole(sql: str) -> str:
        return re.sub(r"{(\w+)}", lambda part: whole(said[part[1]]), sql)

    return {name: whole(sql) for name, sql in said.items()}
