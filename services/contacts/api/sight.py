"""What a branch may read of contacts' streams."""

from collections.abc import Collection

from services.contacts.domain.manifest import is_conversation, is_of_customers, record_in
from services.contacts.queries import Queries

#: Rules of the tenant, which everybody in it may read; a claim is read by nobody.
_OF_EVERYBODY = ("contacts.branch-", "contacts.handoffkind-")


class Sight:
    """The same as is read of each record by its id."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    async def streams(self, tenant: str, branch: str, streams: Collection[str]) -> set[str]:
        """Those of the streams that the branch may read."""
        found = {stream for stream in streams if stream.startswith(_OF_EVERYBODY)}
        told = [stream for stream in streams if is_of_customers(stream)]
        handoffs = {stream: stream.partition("-")[2] for stream in told if is_conversation(stream)}
        records = {stream: record_in(stream) for stream in told if not is_conversation(stream)}
        if handoffs:
            seen = await self._queries.handoffs_of(tenant, branch, list(handoffs.values()))
            found.update(stream for stream, id in handoffs.items() if id in seen)
        if records:
            seen = await self._queries.readable(tenant, branch, list(records.values()))
            found.update(stream for stream, subject in records.items() if subject in seen)
        return found
