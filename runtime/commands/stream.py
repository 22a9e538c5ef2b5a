"""`baton stream DEPARTMENT`: work on one department's streaming topologies, in a process of its own."""

import argparse
import asyncio
import sys
from functools import partial
from typing import Any

from runtime.department import DEPARTMENTS
from runtime.settings import Settings


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("stream", help="work on one department's streaming topologies, until Ctrl-C")
    parser.add_argument("department", metavar="DEPARTMENT", choices=DEPARTMENTS)
    parser.add_argument("--anew", action="store_true", help="throw away what they made; workers begin at the beginning")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    from runtime.roles import process
    from runtime.roles.stream import anew, stream

    if arguments.anew:
        epoch = asyncio.run(anew(arguments.department, settings))
        sys.stderr.write(f"{arguments.department} begins anew, in epoch {epoch}\n")
        return 0
    return process.run(f"stream {arguments.department}", settings, partial(stream, arguments.department))
