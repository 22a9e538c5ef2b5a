"""`baton gateway`: the one door for branch offices, in a process of its own."""

import argparse
from typing import Any

from runtime.settings import Settings


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("gateway", help="REST and event streams for all departments, until Ctrl-C")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    from runtime.roles import process
    from runtime.roles.gateway import gateway

    return process.run("gateway", settings, gateway)
