"""`baton log read STREAM`, `baton log tail DEPARTMENT`: the events themselves, one JSON object a line; and
`baton log raise-generation DEPARTMENT`, after a restore of one in KurrentDB. `baton log restored` is `restored.py`."""

import argparse
import asyncio
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Any

import orjson
from baton.log.v1 import log_pb2

from eventlog.stored import document, shown, text
from runtime.client import Client
from runtime.commands import restored
from runtime.department import DEPARTMENTS
from runtime.log_client import next_page, pages
from runtime.reach import reach
from runtime.settings import Settings
from runtime.usage import WrongUsage

FOLLOW_MS = 5000


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("log", help="the events themselves, one JSON object a line")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    read = actions.add_parser("read", help="one stream")
    read.add_argument("stream", metavar="STREAM")
    read.set_defaults(run=run_read)
    tail = actions.add_parser("tail", help="a department's log")
    tail.add_argument("department", metavar="DEPARTMENT", choices=DEPARTMENTS)
    tail.add_argument("--after", type=int, default=0, metavar="N", help="only events with a greater position")
    tail.add_argument("--follow", action="store_true", help="wait for what comes, until Ctrl-C")
    tail.set_defaults(run=run_tail)
    read.add_argument("--tenant", default="", help="whose stream it is; default: whoever has one of this name first")
    tail.add_argument("--tenant", default="", help="only this tenant; default: all")
    for action in (read, tail):
        action.add_argument("--json", action="store_true", help="as always: one JSON object a line")
    raising = actions.add_parser("raise-generation", help="after a log in KurrentDB was restored to an earlier moment")
    raising.add_argument("department", metavar="DEPARTMENT", choices=DEPARTMENTS)
    raising.add_argument("--shared", type=int, metavar="N", help="the last position that all have alike; default: all")
    raising.add_argument("--above", type=int, default=0, metavar="G", help="a generation that others have heard of")
    raising.set_defaults(run=run_raise_generation)
    restored.register(actions)


def run_read(arguments: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0; 1 when there is no such stream. Raises `ClientError`, `NotRunning`."""
    department = arguments.stream.partition(".")[0]
    if department not in DEPARTMENTS:
        raise WrongUsage(f"the name of a stream starts with its department, one of {', '.join(DEPARTMENTS)}")
    client = reach(settings, arguments.tenant)
    found = False
    for event in _stream(client, department, arguments.stream, arguments.tenant):
        found = True
        _print([event])
    if not found:
        sys.stderr.write(f"there is no stream {arguments.stream}\n")
    return 0 if found else 1


def _stream(client: Client, department: str, stream: str, tenant: str) -> Iterator[log_pb2.LoggedEvent]:
    after = 0
    while True:
        query: dict[str, str | int] = {"after": after, **({"tenant": tenant} if tenant else {})}
        answer = client.get(f"/v1/logs/{department}/streams/{stream}", log_pb2.ReadStreamResponse, query)
        if not answer.events:
            return
        yield from answer.events
        after, tenant = answer.events[-1].version, answer.events[-1].tenant


def run_tail(arguments: argparse.Namespace, settings: Settings) -> int:
    client = reach(settings, arguments.tenant)
    after = arguments.after
    for page in pages(client, arguments.department, after=after, tenant=arguments.tenant):
        _print(page.events)
        after = page.scanned
    while arguments.follow:
        page = next_page(client, arguments.department, after=after, tenant=arguments.tenant, wait_ms=FOLLOW_MS)
        _print(page.events)
        after = max(after, page.scanned)
    return 0


def run_raise_generation(arguments: argparse.Namespace, settings: Settings) -> int:
    """Raises `WrongUsage`, `Unavailable`, `NotSafe`."""
    department = arguments.department
    if settings.eventstore_url is None:
        raise WrongUsage(
            "BATON_EVENTSTORE_URL is not set: this is for logs in KurrentDB. For one in PostgreSQL run"
            f" `baton log restored {department}`"
        )
    from eventlog.kurrentdb import log_name, raise_generation

    raising = raise_generation(
        settings.eventstore_url, log_name(department), shared=arguments.shared, above=arguments.above
    )
    fork = asyncio.run(raising)
    sys.stdout.write(
        f"generation {fork.generation} of the log of {department} begins behind position {fork.position}\n"
    )
    return 0


def _print(events: Iterable[log_pb2.LoggedEvent]) -> None:
    for event in events:
        sys.stdout.write(orjson.dumps(line(event)).decode() + "\n")
    sys.stdout.flush()


def line(event: log_pb2.LoggedEvent) -> dict[str, Any]:
    """An event as its line shows it; personal fields stand sealed, as they do in the log. What does not
    say when it happened, happened when it was recorded."""
    occurred_at = text(document(event.metadata), "occurredAt").replace("+00:00", "Z")
    recorded_at = event.recorded_at.ToDatetime(UTC).isoformat().replace("+00:00", "Z")
    return {
        "generation": event.generation,
        "position": event.position,
        "stream": event.stream,
        "version": event.version,
        "id": event.id,
        "type": event.type,
        "schema": event.schema,
        "tenant": event.tenant,
        "occurredAt": occurred_at or recorded_at,
        "recordedAt": recorded_at,
        "data": shown(event.data),
        "metadata": shown(event.metadata),
        "digest": event.digest.hex(),
    }
