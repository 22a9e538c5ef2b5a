"""`baton verify [DEPARTMENT]`: recompute the chain of every stream from the bytes of the log."""

import argparse
from collections.abc import Callable
from typing import Any

from eventlog.events import Position
from eventlog.verify import Verified, Verifier
from runtime.client import Client
from runtime.commands.output import add_json, dots, print_json, print_table
from runtime.department import DEPARTMENTS
from runtime.log_client import answered_to, event_of, pages
from runtime.reach import reach, shows_all
from runtime.settings import Settings


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("verify", help="recompute every chain of the logs")
    parser.add_argument("department", nargs="?", choices=DEPARTMENTS, help="only this department's log")
    parser.add_argument("--tenant", default="", help="only this tenant; default: all")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0; 1 when a chain is broken or a position missing. Raises `ClientError`, `NotRunning`."""
    client = reach(settings, arguments.tenant)
    departments = [arguments.department] if arguments.department else DEPARTMENTS
    with dots() as dot:
        found = {department: verified(client, department, arguments.tenant, dot) for department in departments}
    return _told(found, arguments.json)


def verified(client: Client, department: str, tenant: str, dot: Callable[[], None]) -> Verified:
    """A department's log, up to where it ended when it was first asked; with a tenant, that tenant's part of it. Each
    page is a `dot`."""
    whole = shows_all(client, tenant)
    verifier = Verifier(whole=whole)
    # Asked before the events are read: what is recorded meanwhile is not missed at their end.
    end, answered = 0, answered_to(client, department) if whole else 0
    for page in pages(client, department, tenant=tenant):
        end = end or page.head
        dot()
        verifier.add(event_of(event) for event in page.events if event.position <= end)
    return verifier.end(Position(max(end, answered)))


def _told(found: dict[str, Verified], json: bool) -> int:
    broken = [
        {"stream": each.stream or department, "version": each.version, "reason": each.reason}
        for department, verified in found.items()
        for each in verified.broken
    ]
    if json:
        events, streams = sum(each.events for each in found.values()), sum(each.streams for each in found.values())
        print_json({"events": events, "streams": streams, "broken": broken})
    else:
        rows = [(department, each.events, each.streams, len(each.broken)) for department, each in found.items()]
        print_table(("department", "events", "streams", "broken"), rows)
        if broken:
            print_table(("stream", "version", "reason"), [tuple(each.values()) for each in broken])
    return 1 if broken else 0
