"""`baton project DEPARTMENT`: keep one department's views up to date, in a process of its own."""

import argparse
from functools import partial
from typing import Any

from runtime.department import DEPARTMENTS
from runtime.settings import Settings


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("project", help="keep one department's views up to date, until Ctrl-C")
    parser.add_argument("department", metavar="DEPARTMENT", choices=DEPARTMENTS)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    from runtime.roles import process
    from runtime.roles.project import project

    return process.run(f"project {arguments.department}", settings, partial(project, arguments.department))
