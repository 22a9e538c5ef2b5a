"""Reads a department's log over HTTP, page by page, as commands need it."""

from collections.abc import Iterator
from datetime import UTC
from uuid import UUID

from baton.log.v1 import log_pb2

from eventlog.events import Event, Position, Version
from runtime.client import Client

PAGE_EVENTS = 2000


def pages(client: Client, department: str, *, after: int = 0, tenant: str = "") -> Iterator[log_pb2.ReadAllResponse]:
    """Pages of the events after a position, up to where the log ended when it was first asked.

    A log that says it goes on and shows nothing more ends the pages: the last one's `scanned` is before its `head`."""
    end: int | None = None
    while end is None or after < end:
        page = next_page(client, department, after=after, tenant=tenant)
        end = page.head if end is None else end
        yield page
        if page.scanned <= after:
            return
        after = page.scanned


def next_page(
    client: Client, department: str, *, after: int, tenant: str = "", wait_ms: int = 0
) -> log_pb2.ReadAllResponse:
    """The next page after a position, waited for up to `wait_ms` when there is nothing yet."""
    query: dict[str, str | int] = {"after": after, "limit": PAGE_EVENTS}
    if tenant:
        query["tenant"] = tenant
    if wait_ms:
        query["waitMs"] = wait_ms
    return client.get(f"/v1/logs/{department}/events", log_pb2.ReadAllResponse, query)


def answered_to(client: Client, department: str) -> int:
    """The last position that a writer was told of."""
    return client.get(f"/v1/logs/{department}/answered", log_pb2.Answered, {}).position


def event_of(logged: log_pb2.LoggedEvent) -> Event:
    """The event again, as its digest covers it."""
    return Event(
        generation=logged.generation,
        position=Position(logged.position),
        tenant=logged.tenant,
        stream=logged.stream,
        version=Version(logged.version),
        id=UUID(logged.id),
        type=logged.type,
        schema=logged.schema,
        recorded_at=logged.recorded_at.ToDatetime(UTC),
        metadata=logged.metadata,
        data=logged.data,
        digest=logged.digest,
    )
