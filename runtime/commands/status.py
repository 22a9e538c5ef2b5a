"""`baton status`: how every department is doing."""

import argparse
import sys
from collections.abc import Iterable
from typing import Any

from baton.operations.v1 import operations_pb2 as messages

from runtime.commands.output import add_json, not_answered, print_json, print_table, tell_unreachable
from runtime.home import find
from runtime.reach import reach
from runtime.settings import Settings


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("status", help="log heads, lag of the views, parked streams")
    parser.add_argument("--tenant", default="", help="what is parked and due for this tenant only; default: all")
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    query = {"tenant": arguments.tenant} if arguments.tenant else {}
    status = reach(settings, arguments.tenant).get("/v1/status", messages.Status, query)
    if arguments.json:
        departments = [_department(each) for each in status.departments]
        kafka = {"kafka": {"bootstrap": status.kafka.bootstrap}} if status.HasField("kafka") else {}
        print_json({"departments": departments, **kafka, **not_answered(status.unreachable)})
    else:
        rows = [
            (each.department, each.head, *_heard(source), each.parked, each.due, _oldest(each))
            for each in status.departments
            for source in (*each.sources, *_told(each), *_streamed(each))
        ]
        print_table(("department", "head", "hears", "up to", "lag", "parked", "due", "oldest"), rows)
    wrong = [*given_up(settings), *(f"{each.department}: {each.failed}" for each in status.departments if each.failed)]
    sys.stderr.writelines(f"{each}\n" for each in wrong)
    return 1 if tell_unreachable(status.unreachable) or wrong else 0


def _told(status: messages.DepartmentStatus) -> list[messages.SourceStatus]:
    """How far the log was told through Kafka, as one more line beside what the department hears."""
    if not status.HasField("relay"):
        return []
    found = messages.SourceStatus(source="(relay)", position=status.relay.position)
    if status.relay.HasField("lag"):
        found.lag = status.relay.lag
    return [found]


def _streamed(status: messages.DepartmentStatus) -> list[messages.SourceStatus]:
    """How far streaming workers are, as further lines."""
    found = [messages.SourceStatus.FromString(each.SerializeToString()) for each in status.streaming.sources]
    for each in found:
        each.source = f"{each.source} (streams)"
    return found


def given_up(settings: Settings) -> list[str]:
    """What the supervisor of a cluster on this home does not start again, and why."""
    if settings.gateway is not None:
        return []
    return list(find(settings).given_up)


def _lag(source: messages.SourceStatus) -> int | None:
    """None while the other log is out of reach."""
    return source.lag if source.HasField("lag") else None


def _shown(lag: int | None) -> int | str:
    return "?" if lag is None else lag


def _heard(source: messages.SourceStatus) -> tuple[str, str, int | str]:
    return source.source, source.position, _shown(_lag(source))


def _oldest(status: messages.DepartmentStatus) -> str:
    """What has been waiting longest to be done: `offer 73 s`."""
    return f"{status.waiting[0].kind} {status.waiting[0].seconds:.0f} s" if status.waiting else "-"


def _department(status: messages.DepartmentStatus) -> dict[str, Any]:
    return {
        "department": status.department,
        "head": status.head,
        "sources": _sources(status.sources),
        "parked": status.parked,
        "due": status.due,
        "failed": status.failed,
        "waiting": [_waiting(each) for each in status.waiting],
        **({"relay": _relay(status.relay)} if status.HasField("relay") else {}),
        **({"streaming": _streaming(status.streaming)} if status.HasField("streaming") else {}),
    }


def _sources(sources: Iterable[messages.SourceStatus]) -> list[dict[str, Any]]:
    return [{"source": each.source, "position": each.position, "lag": _lag(each)} for each in sources]


def _streaming(streaming: messages.StreamingStatus) -> dict[str, Any]:
    return {"sources": _sources(streaming.sources), "parked": streaming.parked}


def _waiting(found: messages.WaitingTodos) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "count": found.count,
        "since": found.since.ToJsonString(),
        "seconds": found.seconds,
        "reason": found.reason,
    }


def _relay(relay: messages.RelayStatus) -> dict[str, Any]:
    return {"position": relay.position, "lag": relay.lag if relay.HasField("lag") else None}
