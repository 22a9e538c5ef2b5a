"""`baton import leads|deals|people|companies|interactions FILE --map MAP.toml`."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from runtime.commands.output import add_json, print_json
from runtime.reach import named_tenant, reach
from runtime.settings import Settings
from tools.importer.asking import Asking
from tools.importer.attempts import attempt_for
from tools.importer.maps import ImportMap, read_map
from tools.importer.report import Report
from tools.importer.resources import RESOURCES
from tools.importer.run import Run
from tools.importer.table import Table
from tools.importer.template import MapError

#: Import ids are UUIDs in this namespace.
IMPORTS = UUID("0e6b9f0a-5b0e-5c1c-8d8a-6f2f3b6a7c11")
DEFAULT_TENANT = "demo"
INTERRUPTED = 130
_SHOWN_MAX = 20


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("import", help="bring in rows of a CSV file")
    parser.add_argument("resource", choices=sorted(RESOURCES))
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--map", type=Path, required=True, metavar="MAP.toml", help="what the file's columns mean")
    parser.add_argument("--tenant", default="", help=f"default: that of BATON_TOKEN, else {DEFAULT_TENANT}")
    parser.add_argument("--dry-run", action="store_true", help="read and check every row, record nothing")
    parser.add_argument("--rejected", type=Path, metavar="PATH", help="where rejected rows go, with their reasons")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0; 1 when rows were rejected. Raises `WrongUsage`, `ClientError`, `NotRunning`."""
    map = read_map(arguments.map, RESOURCES[arguments.resource])
    table = Table(arguments.file, map.delimiter, map.encoding)
    _fits(map, table)
    rejected = arguments.rejected or Path(f"{table.path.stem}.rejected.csv")
    _can_be_written(rejected)
    tenant = named_tenant(settings, arguments.tenant) or DEFAULT_TENANT
    report = Report(import_id(tenant, map, table))
    asking = None
    if not arguments.dry_run:
        asking = Asking(reach(settings, tenant, roles=("admin",)), map, report.import_id)
    complete = _bring_in(map, table, asking, report)
    if arguments.json:
        print_json(report.document())
    else:
        sys.stdout.write(_text(report.document()))
    _tell_rejected(report, table, map, rejected)
    if not complete:
        sys.stderr.write("Interrupted. What was imported stays; the same command again goes on.\n")
        return INTERRUPTED
    return 1 if report.rejected else 0


def _fits(map: ImportMap, table: Table) -> None:
    missing = sorted(map.needed() - set(table.header()))
    if missing:
        raise MapError(f"{table.path} has no column {', '.join(missing)}")


def _can_be_written(rejected: Path) -> None:
    """Found out before anything is recorded. A file that is there stays as it is until there are rows for it."""
    is_new = not rejected.exists()
    try:
        rejected.open("a").close()
    except OSError as error:
        raise MapError(f"rejected rows could not be written, choose another place with --rejected: {error}") from error
    if is_new:
        rejected.unlink()


def import_id(tenant: str, map: ImportMap, table: Table) -> str:
    """Made of what is imported: the same import again has the same id."""
    return str(uuid5(IMPORTS, f"{tenant}/{map.resource.name}/{map.digest}/{table.digest()}"))


def _bring_in(map: ImportMap, table: Table, asking: Asking | None, report: Report) -> bool:
    """Import the file's rows, or only check them when there is nobody to ask; False when it was interrupted."""
    started = time.monotonic()
    with _progress(table.count(), f"import {map.resource.name}") as advance:
        try:
            if asking is None:
                Run(map, None, report, advance).run(table.rows())
            else:
                Run(map, attempt_for(asking, map), report, advance, asking.under_way).run(table.rows())
        except KeyboardInterrupt:
            return False
        finally:
            report.seconds = time.monotonic() - started
    return True


@contextmanager
def _progress(rows: int, title: str) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal; silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(title, total=rows)
        yield lambda done: progress.advance(task, done)


def _text(document: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{document[name]} {name}" for name in ("created", "updated", "unchanged", "rejected"))
    lines = [f"{document['rows']} rows: {counts} in {document['seconds']:.1f} s"]
    lines += [f"line {each['line']}, {each['column']}: {each['detail']}" for each in document["warnings"][:_SHOWN_MAX]]
    if len(document["warnings"]) > _SHOWN_MAX:
        lines.append(f"… and {len(document['warnings']) - _SHOWN_MAX} more warnings")
    return "\n".join(lines) + "\n"


def _tell_rejected(report: Report, table: Table, map: ImportMap, path: Path) -> None:
    if not report.rejected:
        return
    try:
        report.write_rejected(path, table.header(), map.delimiter)
    except OSError as error:
        # The disk is full by now, or the place is gone: then all the reasons are told here.
        _tell_reasons(report, len(report.rejected))
        raise MapError(f"the rejected rows could not be written: {error}") from error
    _tell_reasons(report, _SHOWN_MAX)
    sys.stderr.write(f"rejected rows are in {path}\n")


def _tell_reasons(report: Report, rows_max: int) -> None:
    for each in sorted(report.rejected, key=lambda rejected: rejected.line)[:rows_max]:
        where = f"line {each.line}, {each.column}" if each.column else f"line {each.line}"
        sys.stderr.write(f"{where}: {each.reason}\n")
