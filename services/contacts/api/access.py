"""Which records of contacts a caller may read and write: the tenant's all, a branch its own and what it was offered."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from eventlog.decider import Decider
from eventlog.handling import Folded, Handler
from runtime.call import Call
from runtime.scope import OfAnotherBranch, OfBranch, is_own, not_there
from services.contacts.queries import Queries

S = TypeVar("S", bound=OfBranch)


class Access:
    """Records by id, from the log itself, so that every answered write is seen."""

    def __init__(self, handler: Handler, queries: Queries) -> None:
        self._handler = handler
        self._queries = queries

    async def read(self, decider: Decider[S], call: Call, kind: str, id: str) -> Folded[S]:
        """A record that the caller may read. Raises `NotThere`."""
        folded = await self._handler.load(decider, call.identity.tenant, id)
        readable = is_own(folded.state, call) or await self._queries.is_offered(call, f"{kind}:{id}")
        if not folded.version or not readable:
            raise not_there(kind, id)
        call.etag = str(folded.version)
        return folded

    async def branch(self, decider: Decider[S], call: Call, id: str) -> str:
        """Whose record it is now; the caller's branch where it is nobody's. Not what decides who may write it."""
        return (await self._handler.load(decider, call.identity.tenant, id)).state.branch or call.identity.branch

    @asynccontextmanager
    async def writing(self, call: Call) -> AsyncIterator[None]:
        """Around a decision on a record that `must_be_own`: who writes what only opens to his branch is told so. Raises
        `Forbidden` in the place of `OfAnotherBranch`."""
        try:
            yield
        except OfAnotherBranch as theirs:
            if await self._queries.is_offered(call, f"{theirs.kind}:{theirs.id}"):
                raise theirs.only_read() from None
            raise
