"""Another department's log, read over gRPC (`baton.log.v1`)."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from baton.log.v1 import log_pb2

from eventlog.errors import Unavailable
from eventlog.events import Event, Place, Position, Version
from eventlog.store import EVERYTHING, Filter, Page
from runtime.caller import Caller
from runtime.errors import RpcError
from runtime.log_client import event_of

WAIT_MS = 5000


class RemoteLog:
    """The log of one department. `token` answers the token to ask with. Raises `Unavailable`."""

    def __init__(self, department: str, caller: Caller, token: Callable[[], str]) -> None:
        self._department = department
        self._caller = caller
        self._token = token

    @property
    def department(self) -> str:
        return self._department

    async def read_stream(
        self,
        tenant: str,
        stream: str,
        *,
        after: Version = Version(0),
        limit: int | None = None,
        backwards: bool = False,
    ) -> Sequence[Event]:
        request = log_pb2.ReadStreamRequest(
            department=self._department, tenant=tenant, stream=stream, after=after, limit=limit or 0
        )
        return [event_of(each) for each in (await self._ask("ReadStream", request)).events]

    async def read_all(self, after: Position, limit: int = 1000, only: Filter = EVERYTHING) -> Page:
        return await self._page(after, limit, 0)

    async def head(self) -> Place:
        head = await self._ask("GetHead", log_pb2.GetHeadRequest(department=self._department))
        return Place(head.generation, Position(head.position))

    async def subscribe(self, after: Position, only: Filter = EVERYTHING) -> AsyncIterator[Page]:
        while True:
            page = await self._page(after, 1000, WAIT_MS)
            if page.scanned > after:
                after = page.scanned
                yield page

    async def _page(self, after: Position, limit: int, wait_ms: int) -> Page:
        request = log_pb2.ReadAllRequest(department=self._department, after=after, limit=limit, wait_ms=wait_ms)
        page = await self._ask("ReadAll", request)
        events = [event_of(each) for each in page.events]
        return Page(page.generation, events, Position(page.scanned), Position(page.head))

    async def _ask(self, rpc: str, request: Any) -> Any:
        metadata = {"authorization": f"Bearer {self._token()}"}
        try:
            return (await self._caller.call(f"baton.log.v1.Log/{rpc}", request, metadata)).message
        except RpcError as error:
            raise Unavailable(f"the log of {self._department}: {error}") from error
