"""Reads the departments' logs, as far as they go; asked again, it goes on from there."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from baton.log.v1 import log_pb2

from runtime.client import Client

PAGE = 2000


class Logs(Protocol):
    """Where events come from: `LoggedEvent`s, which an in-memory test may imitate."""

    def pages(self, department: str, after: int) -> Iterator[Sequence[Any]]:
        """Pages of events with positions over `after`, up to the log's end when it was first asked."""
        ...


class LogsOverHttp:
    """The logs of a running Baton; `tenant` narrows them to one tenant."""

    def __init__(self, client: Client, tenant: str = "") -> None:
        self._client = client
        self._tenant = tenant

    def pages(self, department: str, after: int) -> Iterator[Sequence[Any]]:
        end: int | None = None
        while end is None or after < end:
            query: dict[str, str | int] = {"after": after, "limit": PAGE}
            if self._tenant:
                query["tenant"] = self._tenant
            page = self._client.get(f"/v1/logs/{department}/events", log_pb2.ReadAllResponse, query)
            end = page.head if end is None else end
            after = page.scanned
            yield page.events
            if page.scanned >= page.head:
                return


@dataclass
class Reading:
    """How far each log has been read. Every event read is handed to `take`, a log's events in order."""

    logs: Logs
    departments: Sequence[str]
    take: Callable[[str, Any], None]
    read: dict[str, int] = field(default_factory=dict)

    def further(self) -> None:
        """Read every log up to where it ends now. The logs are fetched at once, and taken one after another."""
        with ThreadPoolExecutor(len(self.departments)) as pool:
            for department, events in zip(self.departments, pool.map(self._fetch, self.departments), strict=True):
                for event in events:
                    self.take(department, event)
                    self.read[department] = event.position

    def _fetch(self, department: str) -> list[Any]:
        after = self.read.get(department, 0)
        return [event for page in self.logs.pages(department, after) for event in page]
