"""Reads the departments' logs, as far as they go; asked again, it goes on from there."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from runtime.client import Client
from runtime.log_client import pages


class Logs(Protocol):
    """Where events come from: `LoggedEvent`s, which an in-memory test may imitate."""

    def pages(self, department: str, after: int) -> Iterator[Sequence[Any]]:
        """Pages of events with positions over `after`, up to the log's end when it was first asked."""
        ...


class LogsOverHttp:
    """The logs of a running Baton; `tenant` narrows them to one tenant. Each page that comes is a `dot`."""

    def __init__(self, client: Client, tenant: str = "", dot: Callable[[], None] = lambda: None) -> None:
        self._client = client
        self._tenant = tenant
        self._dot = dot

    def pages(self, department: str, after: int) -> Iterator[Sequence[Any]]:
        for page in pages(self._client, department, after=after, tenant=self._tenant):
            self._dot()
            yield page.events


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
