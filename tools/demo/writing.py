"""How the demo writes: each request under an idempotency key of its own, as the employee who would do it."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID, uuid5

from baton.common.v1 import imports_pb2
from baton.contacts.v1 import handoffs_pb2, interactions_pb2
from baton.marketing.v1 import leads_pb2
from baton.sales.v1 import opportunities_pb2
from google.protobuf.message import Message

from runtime.client import Client, Problem
from runtime.messages import fill
from tools.importer.resources import Resource
from tools.importer.rows import digest_of

M = TypeVar("M", bound=Message)
#: A client for an employee of a branch with these roles.
As = Callable[[str, str, Sequence[str]], Client]

IMPORT_ID = "demo"
_WAIT_S = 30.0
_LOOK_AGAIN_S = 0.02
#: A resource that another department has not made yet, or that the caller's branch is not shown yet.
_NOT_THERE_YET = (403, 404)


class NotLoaded(Exception):
    """The demo could not be written."""


class Writing:
    """Writes as employees. Keys are the demo's own, so a second time each request is answered, and nothing happens."""

    def __init__(self, client_as: As) -> None:
        self._as = client_as
        self._clients: dict[tuple[str, str, tuple[str, ...]], Client] = {}

    def who(self, employee: str, branch: str, *roles: str) -> Client:
        key = employee, branch, roles
        if key not in self._clients:
            self._clients[key] = self._as(employee, branch, roles)
        return self._clients[key]

    def once(self, who: Client, path: str, answer: type[M], body: Message, name: str) -> M:
        """Send a request once and for ever, under a name that no other request to this path has."""
        return who.post(path, answer, body, {"Idempotency-Key": f"demo-{name}"})

    def bring(self, resource: Resource, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Import rows of `{"employee", "values", …steps}`; the ids of the resources, in order."""
        messages = [
            fill(
                resource.row,
                {
                    "line": line,
                    "digest": digest_of(row),
                    "employee": row.get("employee", ""),
                    resource.field: row["values"],
                    **row.get("steps", {}),
                },
            )
            for line, row in enumerate(rows, 1)
        ]
        who = self.who("demo", "", "admin")
        request = resource.request(import_id=IMPORT_ID, rows=messages)
        results = who.post(resource.import_path, resource.response, request).results
        refused = [each for each in results if each.outcome == imports_pb2.ImportResult.REJECTED]
        if refused:
            raise NotLoaded(f"{resource.name}, row {refused[0].line}: {refused[0].field} {refused[0].detail}")
        return [each.id for each in results]

    def offered(self, who: Client, handoff_id: str) -> None:
        """Until the receiving department has proved that it has everything of the handoff."""
        under_way = (handoffs_pb2.Handoff.ASKED, handoffs_pb2.Handoff.OFFERED)
        self._until(who, f"/v1/handoffs/{handoff_id}", handoffs_pb2.Handoff, lambda it: it.state not in under_way)

    def returned(self, who: Client, lead_id: str, handoff_id: str) -> None:
        """Until marketing has heard that its lead came back, or has even handed it on again, when told before."""

        def came_back(lead: leads_pb2.Lead) -> bool:
            return lead.state == leads_pb2.Lead.RETURNED or lead.handoff_id != handoff_id

        self._until(who, f"/v1/leads/{lead_id}", leads_pb2.Lead, came_back)

    def promise(self, who: Client, interaction_id: str, verb: str, request: Message) -> None:
        """Say what became of the promise of an interaction that was brought."""
        id = uuid5(UUID(interaction_id), "promise-0")
        self.once(who, f"/v1/promises/{id}:{verb}", interactions_pb2.Promise, request, verb)

    def opportunity(self, who: Client, handoff_id: str) -> str:
        """The id of the opportunity that an accepted handoff opened, once sales has opened it."""
        id = str(uuid5(UUID(handoff_id), "opportunity"))
        self._until(who, f"/v1/opportunities/{id}", opportunities_pb2.Opportunity, lambda _: True)
        return id

    def _until(self, who: Client, path: str, answer: type[M], enough: Callable[[M], bool]) -> None:
        """Look until it is there and is enough. Raises `NotLoaded` after half a minute."""
        deadline = time.monotonic() + _WAIT_S
        while time.monotonic() < deadline:
            try:
                if enough(who.get(path, answer)):
                    return
            except Problem as problem:
                if problem.status not in _NOT_THERE_YET:
                    raise
            time.sleep(_LOOK_AGAIN_S)
        raise NotLoaded(f"{path} did not become what it should in {_WAIT_S:g} s")
