"""`baton status`: how every department is doing."""

import argparse
import sys
from typing import Any

from baton.operations.v1 import operations_pb2 as messages

from runtime.commands.output import add_json, print_json, print_table
from runtime.reach import reach
from runtime.settings import Settings


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("status", help="log heads, lag of the views, parked streams")
    parser.add_argument("--tenant", default="", help="what is parked and due for this tenant only; default: all")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    query = {"tenant": arguments.tenant} if arguments.tenant else {}
    status = reach(settings, arguments.tenant).get("/v1/status", messages.Status, query)
    if arguments.json:
        print_json({"departments": [_department(each) for each in status.departments]})
    else:
        rows = [
            (each.department, each.head, *_heard(source), each.parked, each.due, _oldest(each))
            for each in status.departments
            for source in each.sources
        ]
        print_table(("department", "head", "hears", "up to", "lag", "parked", "due", "oldest"), rows)
    for each in status.departments:
        if each.failed:
            sys.stderr.write(f"{each.department}: {each.failed}\n")
    return 1 if any(each.failed for each in status.departments) else 0


def _heard(source: messages.SourceStatus) -> tuple[str, str, int]:
    return source.source, source.position, source.lag


def _oldest(status: messages.DepartmentStatus) -> str:
    """What has been waiting longest to be done: `offer 73 s`."""
    return f"{status.waiting[0].kind} {status.waiting[0].seconds:.0f} s" if status.waiting else "-"


def _department(status: messages.DepartmentStatus) -> dict[str, Any]:
    return {
        "department": status.department,
        "head": status.head,
        "sources": [{"source": each.source, "position": each.position, "lag": each.lag} for each in status.sources],
        "parked": status.parked,
        "due": status.due,
        "failed": status.failed,
        "waiting": [_waiting(each) for each in status.waiting],
    }


def _waiting(found: messages.WaitingTodos) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "count": found.count,
        "since": found.since.ToJsonString(),
        "seconds": found.seconds,
        "reason": found.reason,
    }
