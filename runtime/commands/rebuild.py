"""`baton rebuild`: a department's views computed anew beside the live ones, compared, and swapped."""

import argparse
from typing import Any

from baton.operations.v1 import operations_pb2 as messages

from runtime.commands.output import add_json, dots, print_json, print_table
from runtime.reach import reach
from runtime.settings import Settings
from runtime.usage import WrongUsage


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("rebuild", help="compute a department's views anew, beside the live ones, and swap")
    parser.add_argument("department")
    parser.add_argument("--check", action="store_true", help="only compare; exit code 1 when a view differs")
    parser.add_argument("--tenant", default="", help="with --check: only this tenant's rows; default: all")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    if arguments.tenant and not arguments.check:
        raise WrongUsage("views are rebuilt for all tenants at once: leave out --tenant, or compare with --check")
    client = reach(settings)
    request = messages.RebuildRequest(department=arguments.department, check=arguments.check, tenant=arguments.tenant)
    path = f"/v1/departments/{arguments.department}:rebuild"
    with dots() as dot:
        answer = client.post(path, messages.RebuildResponse, request)
        while not answer.done:
            dot()
            answer = client.post(path, messages.RebuildResponse, request)
    differing = sum(table.differing for table in answer.tables)
    if arguments.json:
        print_json(_document(answer, differing))
    else:
        rows = [(each.table, each.rows, each.differing, ", ".join(each.examples)) for each in answer.tables]
        print_table(("table", "rows", "differing", "for example"), rows)
    return 1 if arguments.check and differing else 0


def _document(answer: messages.RebuildResponse, differing: int) -> dict[str, Any]:
    return {
        "department": answer.department,
        "events": answer.events,
        "seconds": round(answer.seconds, 3),
        "differing": differing,
        "positions": dict(sorted(answer.positions.items())),
        "tables": [
            {"table": each.table, "rows": each.rows, "differing": each.differing, "examples": list(each.examples)}
            for each in answer.tables
        ],
    }
