"""`baton serve DEPARTMENT`: answer for one department, in a process of its own."""

import argparse
from functools import partial
from typing import Any

from runtime.department import DEPARTMENTS
from runtime.settings import Settings


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("serve", help="answer for one department over gRPC, until Ctrl-C")
    parser.add_argument("department", metavar="DEPARTMENT", choices=DEPARTMENTS)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    from runtime.roles import process
    from runtime.roles.serve import serve

    return process.run(f"serve {arguments.department}", settings, partial(serve, arguments.department))
