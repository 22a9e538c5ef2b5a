"""Another department's log, read over gRPC: `eventlog.store.Log` on `proto/baton/log/v1`.

The owner checks the token as it does anybody's: to read raw events of every tenant takes an operator of every tenant.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from baton.log.v1 import log_pb2
from google.protobuf.message import Message

from eventlog.errors import Unavailable
from eventlog.events import Event, Fork, Place, Position, Version
from eventlog.store import Page
from runtime.caller import Caller
from runtime.errors import RpcError
from runtime.log_client import event_of
from runtime.metadata import AUTHORIZATION

#: Events of a log asked for at once; its owner answers fewer where they are large.
PAGE_EVENTS = 1000
#: Of one stream nobody cuts an answer short, and each event may have 2 MiB: so few that the answer always fits.
STREAM_EVENTS = 100
#: How long the owner waits for something to come before it answers that nothing did.
WAIT_MS = 10_000


class RemoteLog:
    """The log of a department in another process. `token` answers the token to ask with now.

    Everything that goes wrong is `Unavailable`, also a refused token: facts are not to blame for it, so whoever asks
    waits and asks again, and says why."""

    def __init__(self, caller: Caller, department: str, token: Callable[[], str]) -> None:
        self.department = department
        self._caller = caller
        self._token = token

    async def read_stream(
        self, tenant: str, stream: str, *, after: Version = Version(0), limit: int | None = None
    ) -> Sequence[Event]:
        found: list[Event] = []
        while limit is None or len(found) < limit:
            wanted = STREAM_EVENTS if limit is None else min(STREAM_EVENTS, limit - len(found))
            last = found[-1].version if found else after
            request = log_pb2.ReadStreamRequest(
                department=self.department, stream=stream, tenant=tenant, after=last, limit=wanted
            )
            answer = await self._ask("ReadStream", request)
            found.extend(map(event_of, answer.events))
            if len(answer.events) < wanted:
                break
        return found

    async def read_all(self, after: Position, limit: int = PAGE_EVENTS) -> Page:
        return await self._page(after, limit, wait_ms=0)

    async def head(self) -> Place:
        answer = await self._head()
        return Place(answer.generation, Position(answer.position))

    async def forks(self) -> Sequence[Fork]:
        return [Fork(each.generation, Position(each.position)) for each in (await self._head()).forks]

    def once_restored(self, shared: Position | None = None, above: int = 0) -> str:
        return f"baton log restored {self.department}"

    async def _head(self) -> Any:
        return await self._ask("GetHead", log_pb2.GetHeadRequest(department=self.department))

    async def subscribe(self, after: Position) -> AsyncIterator[Page]:
        while True:
            page = await self._page(after, PAGE_EVENTS, WAIT_MS)
            if page.scanned > after:
                after = page.scanned
                yield page

    async def _page(self, after: Position, limit: int, wait_ms: int) -> Page:
        request = log_pb2.ReadAllRequest(department=self.department, after=after, limit=limit, wait_ms=wait_ms)
        answer = await self._ask("ReadAll", request)
        events = [event_of(each) for each in answer.events]
        return Page(answer.generation, events, Position(answer.scanned), Position(answer.head))

    async def _ask(self, method: str, request: Message) -> Any:
        metadata: Mapping[str, str] = {AUTHORIZATION: f"Bearer {self._token()}"}
        try:
            return (await self._caller.call(f"baton.log.v1.Log/{method}", request, metadata)).message
        except RpcError as error:
            raise Unavailable(f"the log of {self.department} does not answer: {error}") from error
