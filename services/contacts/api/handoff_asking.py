"""Asks for handoffs by hand: of one kind and subject, one at a time."""

from collections.abc import Sequence

from baton.contacts.v1 import handoffs_pb2 as pb

from eventlog.errors import Conflict
from eventlog.handling import ATTEMPTS_MAX, Also, Decision, FactId, Handled
from eventlog.store import exact
from facts.common import Brief, Subject
from facts.contacts import HandoffAsked, HandoffClaimed
from runtime.call import Call
from runtime.department import House
from runtime.messages import values
from runtime.rpc import origin
from runtime.scope import not_there
from services.contacts.api.naming import Naming
from services.contacts.common.hearing import up_to_date
from services.contacts.domain import handoff_proof
from services.contacts.domain.claim import CLAIM
from services.contacts.domain.handoff import HANDOFF, OPEN, Handoff
from services.contacts.domain.handoff_kind import HANDOFF_KIND, HandoffKind, meant
from services.contacts.handoff_queries import HandoffQueries
from services.contacts.queries import Row


class Asking:
    """A handoff and the claim on its kind and subject, in one append. Of two that are asked for at one moment one
    conflicts, looks again and is refused."""

    def __init__(self, house: House, queries: HandoffQueries, naming: Naming) -> None:
        self._house = house
        self._queries = queries
        self._naming = naming

    async def ask(self, id: str, request: pb.CreateHandoffRequest, call: Call) -> Handled[Handoff]:
        """As `Handler.handle`. Raises `Refused` while another of the same kind and subject is open, and `Behind`."""
        subject, tenant = request.subject, call.identity.tenant
        name = request.kind or f"{subject.kind}-to-{request.to_department or 'sales'}"
        kind = meant((await self._house.handler.load(HANDOFF_KIND, tenant, name)).state, name)
        asked = await self._asked(id, request, kind, call)
        readable = await self._naming.is_readable(f"{subject.kind}:{subject.id}", call)
        claim_id = self._claim_id(tenant, asked)
        for _ in range(ATTEMPTS_MAX):
            try:
                return await self._ask_after_others(asked, kind, readable, claim_id, call)
            except Conflict as conflict:
                if conflict.stream != _stream(claim_id):
                    raise
        raise Conflict(_stream(claim_id), f"nobody else to ask {ATTEMPTS_MAX} times", 0)

    async def _ask_after_others(
        self, asked: HandoffAsked, kind: HandoffKind, readable: bool, claim_id: str, call: Call
    ) -> Handled[Handoff]:
        """Raises `Conflict` on the claim when another was asked for since the look at what is open."""
        # Read before the look: who asked until then is shown by it, and who asks from then on moves the claim.
        claim = await self._house.handler.load(CLAIM, call.identity.tenant, claim_id)
        before = await self._before(asked, call)
        others = [row["id"] for row in before if row["state"] in OPEN]
        told = asked.model_copy(update={"previous_id": before[-1]["id"] if before else ""})

        def ask(state: Handoff, _: FactId) -> Decision:
            if not readable:
                raise not_there(asked.subject.kind, asked.subject.id)
            facts = handoff_proof.ask(state, told, kind, others)
            claims = [HandoffClaimed(handoff_id=each.handoff_id) for each in facts]
            return Decision(facts, [Also(_stream(claim_id), exact(claim.version), claims)] if claims else [])

        return await self._house.handler.handle(HANDOFF, asked.handoff_id, call.command, origin(call), ask, create=True)

    async def _asked(self, id: str, request: pb.CreateHandoffRequest, kind: HandoffKind, call: Call) -> HandoffAsked:
        given = values(request)
        subject = Subject(**given["subject"])
        branch = call.identity.branch or await self._queries.branch_of(
            call.identity.tenant, f"{subject.kind}:{subject.id}"
        )
        return HandoffAsked(
            handoff_id=id,
            kind=kind.kind,
            from_department=kind.from_department or _department_of(call),
            to_department=request.to_department,
            subject=subject,
            from_branch=branch,
            to_branch=request.to_branch or branch,
            to_employee=request.to_employee,
            note=request.note,
            brief=Brief(**given["brief"]) if given.get("brief") else None,
            custom=given.get("custom") or {},
            asked_at=self._house.clock(),
        )

    async def _before(self, asked: HandoffAsked, call: Call) -> Sequence[Row]:
        """Other handoffs of the same kind and subject, the one asked last at the end."""
        await up_to_date(self._house)
        subject = (asked.subject.kind, asked.subject.id)
        rows = await self._queries.of_kind(call.identity.tenant, subject, asked.kind)
        return [row for row in rows if row["id"] != asked.handoff_id]

    def _claim_id(self, tenant: str, asked: HandoffAsked) -> str:
        """The keyed HMAC that names the claim's stream."""
        said = f"handoff\0{asked.kind}\0{asked.subject.kind}:{asked.subject.id}"
        return self._house.keyring.hmac(tenant, "claim", said.encode()).hex()


def _stream(claim_id: str) -> str:
    return f"{CLAIM.name}-{claim_id}"


def _department_of(call: Call) -> str:
    """The department that somebody hands on for: that of the role, else contacts."""
    return next((each for each in ("marketing", "sales") if each in call.identity.roles), "contacts")
