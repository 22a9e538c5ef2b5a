"""Logs of the programs: one line a record on stderr, as text or as JSON. They hold no personal data: only names of
parts, ids, counts, and the fields named here."""

import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType, TracebackType

import orjson

from eventlog import tracing

#: Fields that a record may carry beside its message (`extra=`).
FIELDS = ("department", "source", "method", "stream", "reason", "position")


class TextFormatter(logging.Formatter):
    """`12:00:01.250 WARNING baton.projector.sales: …`"""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S.%f")[:-3]
        return f"{at} {record.levelname} {record.name}: {record.getMessage()}{_where(record)}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line. `always` are fields of every line: whose process this is."""

    def __init__(self, always: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__()
        self._always = always

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage() + _where(record),
            **self._always,
        }
        if trace := tracing.current_trace():
            fields["trace"] = trace
        fields |= {name: str(getattr(record, name)) for name in FIELDS if hasattr(record, name)}
        return orjson.dumps(fields).decode()


def start_logging(style: str, level: int = logging.INFO, *, role: str = "", department: str = "") -> None:
    """Send all logs to stderr. `style` is `text` or `json`; lines of JSON say of which role and department they are."""
    always = {name: value for name, value in (("role", role), ("department", department)) if value}
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(always) if style == "json" else TextFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("baton").setLevel(level)
    # It tells of every attempt to reach a broker, as errors; who asked it tells what came of it.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def _where(record: logging.LogRecord) -> str:
    """Where an exception happened and of what kind it is; its message may quote a request and is left out."""
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    kind, _, trace = record.exc_info
    return f" [{kind.__name__} at {_innermost(trace)}]"


def _innermost(trace: TracebackType | None) -> str:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
