"""What a branch may read of contacts' streams."""

from collections.abc import Collection

from services.contacts.queries import Queries

#: What everybody in a tenant may read.
_OF_EVERYBODY = ("contacts.branch-", "contacts.handoffkind-")
#: Told under the handoff, to both of its branches.
_OF_HANDOFFS = ("contacts.handoff-", "contacts.receipt-")
#: Locks, named by nobody.
_OF_NOBODY = "contacts.claim-"


class Sight:
    """The same as is read of each record by its id."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    async def streams(self, tenant: str, branch: str, streams: Collection[str]) -> set[str]:
        """Those of the streams that the branch may read."""
        found = {stream for stream in streams if stream.startswith(_OF_EVERYBODY)}
        handoffs = {stream: _id(stream) for stream in streams if stream.startswith(_OF_HANDOFFS)}
        apart = (*_OF_EVERYBODY, *_OF_HANDOFFS, _OF_NOBODY)
        records = {stream: _subject(stream) for stream in streams if not stream.startswith(apart)}
        if handoffs:
            seen = await self._queries.handoffs_of(tenant, branch, list(handoffs.values()))
            found.update(stream for stream, id in handoffs.items() if id in seen)
        if records:
            seen = await self._queries.readable(tenant, branch, list(records.values()))
            found.update(stream for stream, subject in records.items() if subject in seen)
        return found


def _id(stream: str) -> str:
    return stream.partition("-")[2]


def _subject(stream: str) -> str:
    """`person:5f…` of `contacts.person-5f…`."""
    return stream.partition(".")[2].replace("-", ":", 1)
