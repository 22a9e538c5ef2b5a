"""`baton migrate [DEPARTMENT]`: databases, schemas and topics, before the processes start."""

import argparse
import asyncio
from typing import Any

from runtime.department import DEPARTMENTS
from runtime.settings import Settings


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("migrate", help="make databases and schemas what this program needs")
    parser.add_argument("department", nargs="?", metavar="DEPARTMENT", choices=DEPARTMENTS, help="default: all")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    from runtime.logs import start_logging
    from runtime.roles.migrate import migrate

    start_logging(settings.log)
    asyncio.run(migrate([arguments.department] if arguments.department else DEPARTMENTS, settings))
    return 0
