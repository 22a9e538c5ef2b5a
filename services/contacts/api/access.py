"""Which records of contacts a caller may read and write: the tenant's all, a branch its own and what it was offered."""

from typing import TypeVar

from eventlog.decider import Decider
from eventlog.handling import Folded, Handler
from runtime.call import Call
from runtime.scope import OfAnotherBranch, OfBranch, is_own, must_be_own, not_there
from services.contacts.queries import Queries

S = TypeVar("S", bound=OfBranch)


class Reader:
    """Records by id, from the log itself, so that every answered write is seen."""

    def __init__(self, handler: Handler, queries: Queries) -> None:
        self._handler = handler
        self._queries = queries

    async def read(self, decider: Decider[S], call: Call, kind: str, id: str) -> Folded[S]:
        """A record that the caller may read. Raises `NotThere`."""
        folded = await self._there(decider, call, kind, id)
        if not is_own(folded.state, call) and not await self._queries.is_offered(call, f"{kind}:{id}"):
            raise not_there(kind, id)
        call.etag = str(folded.version)
        return folded

    async def writable(self, decider: Decider[S], call: Call, kind: str, id: str) -> Folded[S]:
        """A record that the caller may change. Raises `NotThere`; `Forbidden` for one that is only read."""
        folded = await self._there(decider, call, kind, id)
        try:
            must_be_own(folded.state, call, kind, id)
        except OfAnotherBranch as theirs:
            if await self._queries.is_offered(call, f"{kind}:{id}"):
                raise theirs.only_read() from None
            raise
        return folded

    async def _there(self, decider: Decider[S], call: Call, kind: str, id: str) -> Folded[S]:
        folded = await self._handler.load(decider, call.identity.tenant, id)
        if not folded.version:
            raise not_there(kind, id)
        return folded
