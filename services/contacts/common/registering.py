"""Writes people together with the claims on what belongs to one person only: e-mail addresses and phone numbers."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from eventlog.codec import Origin
from eventlog.errors import Conflict
from eventlog.events import Version
from eventlog.handling import Also, Decision, Folded, Handled, Handler
from eventlog.keyring import Keyring
from eventlog.store import Command, exact
from services.contacts.domain.claim import CLAIM, Claim, claim, release
from services.contacts.domain.person import PERSON, Person, identifiers

#: `("email", "anna@example.com")`, `("phone", "+442079460018")`.
Identifier = tuple[str, str]
Decide = Callable[[Person], Sequence[Any]]

#: How often claims are read anew because another writer came first.
ATTEMPTS_MAX = 16


class Registrar:
    """One person, its claims and what else is said with it, in one append."""

    def __init__(self, handler: Handler, keyring: Keyring) -> None:
        self._handler = handler
        self._keyring = keyring

    async def owner(self, tenant: str, identifier: Identifier) -> str:
        """The id of the person who has it, or ""."""
        return (await self.claim(tenant, self.claim_id(tenant, identifier))).state.person_id

    async def claim(self, tenant: str, claim_id: str) -> Folded[Claim]:
        return await self._handler.load(CLAIM, tenant, claim_id)

    def claim_id(self, tenant: str, identifier: Identifier) -> str:
        """The keyed HMAC that names the claim's stream: the name says nothing of the identifier."""
        kind, value = identifier
        return self._keyring.hmac(tenant, "claim", f"{kind}\0{value}".encode()).hex()

    async def write(
        self,
        id: str,
        command: Command,
        origin: Origin,
        decide: Decide,
        *,
        if_match: Collection[Version] | None = None,
        create: bool = False,
        also: Sequence[Also] = (),
    ) -> Handled[Person]:
        """As `Handler.handle`. Raises `Refused` when another person has an identifier."""
        claims = _Claims(self, origin.tenant, id)

        def decision(state: Person, _: Any) -> Decision:
            facts = decide(state)
            after = state
            for fact in facts:
                after = PERSON.evolve(after, fact)
            return Decision(facts, [*claims.moved(identifiers(state), identifiers(after)), *also])

        for _ in range(ATTEMPTS_MAX):
            try:
                return await self._handler.handle(
                    PERSON, id, command, origin, decision, if_match=if_match, create=create
                )
            except Conflict as conflict:
                await claims.read_again(conflict)
        raise Conflict(f"contacts.person-{id}", f"nobody else to claim {ATTEMPTS_MAX} times", 0)


class _Claims:
    """The claims of one write. They are believed to stand as usual, what is new free and what is old this person's,
    so that a write reads none of them: the append finds out, and only then they are read."""

    def __init__(self, registrar: Registrar, tenant: str, person_id: str) -> None:
        self._registrar = registrar
        self._tenant = tenant
        self._person_id = person_id
        self._read: dict[str, Folded[Claim]] = {}
        self._named: dict[str, str] = {}

    def moved(self, before: frozenset[Identifier], after: frozenset[Identifier]) -> Iterator[Also]:
        """Claims on what the person gets, releases of what the person gives up."""
        free, mine = Folded(Claim()), Folded(Claim(self._person_id), Version(1))
        for identifier in sorted(after - before):
            stream, held = self._held(identifier, free)
            yield from _also(stream, held, claim(held.state, identifier[0], self._person_id))
        for identifier in sorted(before - after):
            stream, held = self._held(identifier, mine)
            yield from _also(stream, held, release(held.state, identifier[0], self._person_id))

    def _held(self, identifier: Identifier, usual: Folded[Claim]) -> tuple[str, Folded[Claim]]:
        claim_id = self._registrar.claim_id(self._tenant, identifier)
        stream = f"{CLAIM.name}-{claim_id}"
        self._named[stream] = claim_id
        return stream, self._read.get(stream, usual)

    async def read_again(self, conflict: Conflict) -> None:
        """Learn how the claim in conflict stands. Raises the conflict when it is about something else."""
        if conflict.stream not in self._named:
            raise conflict
        self._read[conflict.stream] = await self._registrar.claim(self._tenant, self._named[conflict.stream])


def _also(stream: str, held: Folded[Claim], facts: Sequence[Any]) -> Iterator[Also]:
    if facts:
        yield Also(stream, exact(held.version), facts)
