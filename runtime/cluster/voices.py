"""One log stream for all processes, each line under the name of who said it."""

import sys
from collections.abc import Callable

import orjson


def say(name: str, line: bytes) -> None:
    """`contacts-serve | 12:00:01.250 INFO baton.role: …`"""
    _write(name.encode().ljust(17) + b" | " + line.rstrip(b"\r\n") + b"\n")


def say_json(name: str, line: bytes) -> None:
    """The line's object with one more field, `process`; what is no object becomes one."""
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict):
        fields = {"message": line.decode(errors="replace").rstrip()}
    _write(orjson.dumps({"process": name, **fields}) + b"\n")


def voice(style: str) -> Callable[[str, bytes], None]:
    """How lines are said in a style of logs (`text` or `json`)."""
    return say_json if style == "json" else say


def _write(line: bytes) -> None:
    sys.stderr.buffer.write(line)
    sys.stderr.buffer.flush()
