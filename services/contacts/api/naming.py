"""What a caller may name in a handoff: only what is the caller's to read, or to write, now."""

from collections.abc import Awaitable, Callable

from runtime.call import Call
from runtime.department import House
from services.contacts.common.hearing import heard
from services.contacts.handoff_queries import record_of
from services.contacts.queries import Queries


class Naming:
    def __init__(self, house: House, queries: Queries) -> None:
        self._house = house
        self._queries = queries

    async def is_readable(self, subject: str, call: Call) -> bool:
        """Whether the caller may read the subject: of the own branch, or opened to it by an offer. Who sees the tenant
        may name what another department keeps and contacts has not heard of yet."""

        async def look() -> bool:
            if call.identity.scope is None:
                return await self._queries.is_known(call.identity.tenant, subject)
            return await self._queries.is_known_in(call, subject) or await self._queries.is_offered(call, subject)

        waited_for = call.identity.scope is None and _keeper(subject) != self._house.name
        return waited_for or await self._after_hearing(subject, look)

    async def is_writable(self, subject: str, call: Call) -> bool:
        """Whether the subject is recorded by the department that keeps it, and the caller's own branch's. What is
        decided about a record that nobody has would end nowhere, so who sees the tenant is refused as well."""

        async def look() -> bool:
            return await self._queries.is_recorded(call.identity.tenant, record_of(subject)) and (
                call.identity.scope is None or await self._queries.is_known_in(call, subject)
            )

        return await self._after_hearing(subject, look)

    async def _after_hearing(self, subject: str, look: Callable[[], Awaitable[bool]]) -> bool:
        """The answer by everything that is recorded by now: a caller names what was answered a moment ago."""
        for department in sorted({self._house.name, _keeper(subject)}):
            await heard(self._house, department)
        return await look()


def _keeper(subject: str) -> str:
    """The department that keeps the record."""
    return {"lead": "marketing", "opportunity": "sales"}.get(subject.partition(":")[0], "contacts")
