"""`baton verify [DEPARTMENT]`: recompute the chain of every stream from the bytes of the log."""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any
from uuid import UUID

from baton.log.v1 import log_pb2

from eventlog.events import CHAIN_START, chain_digest
from runtime.commands.output import add_json, print_json, print_table
from runtime.department import DEPARTMENTS
from runtime.identity import EVERY_TENANT
from runtime.log_client import pages
from runtime.reach import reach
from runtime.settings import Settings


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("verify", help="recompute every chain of the logs")
    parser.add_argument("department", nargs="?", choices=DEPARTMENTS, help="only this department's log")
    parser.add_argument("--tenant", default="", help="only this tenant; default: all")
    add_json(parser)
    parser.set_defaults(run=run)


@dataclass
class Chains:
    """The chains of one log, verified as its events come. `whole` says that every tenant's events come, so that
    their positions leave no gap."""

    department: str
    whole: bool = True
    events: int = 0
    last: int = 0
    broken: list[dict[str, Any]] = field(default_factory=list)
    heads: dict[tuple[str, str], tuple[int, bytes]] = field(default_factory=dict)

    def take(self, events: Iterable[log_pb2.LoggedEvent]) -> None:
        for event in events:
            if self.whole and event.position != self.last + 1:
                self._missing(event.position - 1)
            self.last = event.position
            self.events += 1
            self._chain(event)

    def end(self, head: int) -> None:
        """Say that the log ends here, by its own account."""
        if self.whole and self.last < head:
            self._missing(head)

    def _missing(self, until: int) -> None:
        reason = f"positions {self.last + 1} to {until} of the log are missing"
        self.broken.append({"stream": self.department, "version": 0, "reason": reason})

    def _chain(self, event: log_pb2.LoggedEvent) -> None:
        key = event.tenant, event.stream
        version, previous = self.heads.get(key, (0, CHAIN_START))
        if event.version != version + 1:
            self._broken(event, f"expected version {version + 1}")
        elif recomputed(previous, event) != event.digest:
            self._broken(event, "its digest is not that of its bytes and its predecessor")
        self.heads[key] = event.version, event.digest

    def _broken(self, event: log_pb2.LoggedEvent, reason: str) -> None:
        self.broken.append({"stream": event.stream, "version": event.version, "reason": reason})


def recomputed(previous: bytes, event: log_pb2.LoggedEvent) -> bytes:
    return chain_digest(
        previous,
        event.tenant,
        event.stream,
        event.version,
        UUID(event.id),
        event.type,
        event.schema,
        event.recorded_at.ToDatetime(UTC),
        event.metadata,
        event.data,
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0; 1 when a chain is broken or a position missing. Raises `ClientError`, `NotRunning`."""
    client = reach(settings, arguments.tenant or EVERY_TENANT)
    verified = []
    for department in [arguments.department] if arguments.department else DEPARTMENTS:
        chains = Chains(department, whole=not arguments.tenant)
        head: int | None = None
        for page in pages(client, department, tenant=arguments.tenant):
            chains.take(page.events)
            head = page.head if head is None else head
        chains.end(head or 0)
        verified.append(chains)
    return _told(verified, arguments.json)


def _told(verified: list[Chains], json: bool) -> int:
    broken = [each for chains in verified for each in chains.broken]
    if json:
        events, streams = sum(each.events for each in verified), sum(len(each.heads) for each in verified)
        print_json({"events": events, "streams": streams, "broken": broken})
    else:
        rows = [(each.department, each.events, len(each.heads), len(each.broken)) for each in verified]
        print_table(("department", "events", "streams", "broken"), rows)
        if broken:
            print_table(("stream", "version", "reason"), [tuple(each.values()) for each in broken])
    return 1 if broken else 0
