"""`baton relay DEPARTMENT`: tell one department's log through Kafka, in a process of its own."""

import argparse
from functools import partial
from typing import Any

from runtime.department import DEPARTMENTS
from runtime.settings import Settings


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("relay", help="tell one department's log through Kafka, until Ctrl-C")
    parser.add_argument("department", metavar="DEPARTMENT", choices=DEPARTMENTS)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    from runtime.roles import process
    from runtime.roles.relay import relay

    return process.run(f"relay {arguments.department}", settings, partial(relay, arguments.department))
