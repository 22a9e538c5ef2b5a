"""`baton parked`: streams stopped by a fact that could not be handled."""

import argparse
from typing import Any

from baton.operations.v1 import operations_pb2 as messages

from eventlog.stored import shown
from runtime.client import Client
from runtime.commands.output import add_json, not_answered, print_json, print_table, tell_unreachable
from runtime.reach import reach
from runtime.settings import Settings
from runtime.usage import WrongUsage


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("parked", help="streams stopped by a fact that could not be handled")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="all stopped streams")
    listing.add_argument("--department", default="", help="only what this department could not handle")
    listing.set_defaults(run=run_list)
    for name, function, what in (
        ("show", run_show, "the events that wait, with the reasons"),
        ("retry", run_retry, "handle them again"),
        ("discard", run_discard, "go on without the first one; what stands on it stays unproven"),
    ):
        action = actions.add_parser(name, help=what)
        action.add_argument("department", help="the department that could not handle it")
        action.add_argument("stream", help="the stopped stream")
        action.set_defaults(run=function)
        if name == "discard":
            action.add_argument("--reason", required=True, help="why it may be left out")
    for action in actions.choices.values():
        action.add_argument("--tenant", default="", help="only this tenant; default: all")
        add_json(action)


def run_list(arguments: argparse.Namespace, settings: Settings) -> int:
    query = {"department": arguments.department, "tenant": arguments.tenant}
    answer = reach(settings, arguments.tenant).get(
        "/v1/parked", messages.ListParkedResponse, {k: v for k, v in query.items() if v}
    )
    found = [_stream(each) for each in answer.parked]
    if arguments.json:
        print_json({"parked": found} | not_answered(answer.unreachable))
    else:
        print_table(tuple(_stream(messages.ParkedStream())), [tuple(each.values()) for each in found])
    return 1 if tell_unreachable(answer.unreachable) or found else 0


def run_show(arguments: argparse.Namespace, settings: Settings) -> int:
    answer = _events(reach(settings, arguments.tenant), arguments)
    if not answer.events:
        raise _not_parked(arguments)
    print_json({"parked": [_event(each) for each in answer.events]})
    return 1


def run_retry(arguments: argparse.Namespace, settings: Settings) -> int:
    client, _ = _stopped(arguments, settings)
    request = messages.RetryParkedRequest(
        department=arguments.department, stream=arguments.stream, tenant=arguments.tenant
    )
    return _told(client.post("/v1/parked:retry", messages.ParkedOutcome, request), arguments)


def run_discard(arguments: argparse.Namespace, settings: Settings) -> int:
    client, version = _stopped(arguments, settings)
    request = messages.DiscardParkedRequest(
        department=arguments.department,
        stream=arguments.stream,
        tenant=arguments.tenant,
        reason=arguments.reason,
        version=version,
    )
    return _told(client.post("/v1/parked:discard", messages.ParkedOutcome, request), arguments)


def _stopped(arguments: argparse.Namespace, settings: Settings) -> tuple[Client, int]:
    """Whom to ask, and the version of the first event that waits. Raises `WrongUsage` for a stream that nothing
    stopped: a name that was mistyped would look like a success."""
    client = reach(settings, arguments.tenant)
    events = _events(client, arguments).events
    if not events:
        raise _not_parked(arguments)
    return client, min(each.event.version for each in events)


def _told(outcome: messages.ParkedOutcome, arguments: argparse.Namespace) -> int:
    if arguments.json:
        print_json({"clear": outcome.clear, "remaining": outcome.remaining})
    else:
        print_table(("stream", "still parked"), [(arguments.stream, outcome.remaining)])
    return 0 if outcome.clear else 1


def _events(client: Client, arguments: argparse.Namespace) -> messages.ParkedEvents:
    path = f"/v1/parked/{arguments.department}/{arguments.stream}"
    return client.get(path, messages.ParkedEvents, {"tenant": arguments.tenant} if arguments.tenant else {})


def _not_parked(arguments: argparse.Namespace) -> WrongUsage:
    return WrongUsage(f"{arguments.stream} is not parked in {arguments.department}; `baton parked list` lists what is")


def _stream(parked: messages.ParkedStream) -> dict[str, Any]:
    return {
        "department": parked.department,
        "source": parked.source,
        "tenant": parked.tenant,
        "stream": parked.stream,
        "version": parked.version,
        "type": parked.type,
        "kind": parked.kind,
        "events": parked.events,
        "parkedAt": parked.parked_at.ToJsonString(),
        "by": parked.by,
        "reason": parked.reason,
    }


def _event(parked: messages.ParkedEvent) -> dict[str, Any]:
    event = parked.event
    return {
        "stream": event.stream,
        "version": event.version,
        "id": event.id,
        "type": event.type,
        "tenant": event.tenant,
        "kind": parked.kind,
        "by": parked.by,
        "reason": parked.reason,
        "data": shown(event.data),
        "metadata": shown(event.metadata),
    }
