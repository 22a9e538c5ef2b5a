"""`handle()`: load the folded state, decide, append; safe to call again for ever with the same command.

handled = await handler.handle(LEAD, lead_id, command, origin, lambda state, fact_id: qualify(state, …))
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from eventlog.codec import Codec, Key, Origin, no_key
from eventlog.decider import Decider, Forbidden, NotThere, Refused
from eventlog.errors import Conflict
from eventlog.events import Place, StreamKey, Version, event_id
from eventlog.keyring import Keyring
from eventlog.store import Append, Appended, Command, Expected, Store, StreamWrite, exact

S = TypeVar("S")

#: The id of the n-th fact (from 0) that the decision in hand will append.
FactId = Callable[[int], UUID]

#: How often a decision is made anew because another writer came first.
ATTEMPTS_MAX = 16


@dataclass(frozen=True, slots=True)
class Also:
    """Facts for a further stream (its whole name), in the same append: a claim, for instance."""

    stream: str
    expected: Expected
    facts: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """Facts for the decider's own stream, and for others with it."""

    facts: Sequence[Any]
    also: Sequence[Also] = ()


Decide = Callable[[S, FactId], Sequence[Any] | Decision]


@dataclass(frozen=True, slots=True)
class Folded(Generic[S]):
    """The state of a stream at a version; version 0 is no stream. `key_id` names the record's data key, once it has
    one; `readable` says that the key was there when the facts were read."""

    state: S
    version: Version = Version(0)
    created_at: datetime | None = None
    updated_at: datetime | None = None
    key_id: str = ""
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Handled(Generic[S]):
    """What a command led to. Of a repeated command: what it led to the first time."""

    state: S
    version: Version
    created_at: datetime
    updated_at: datetime
    place: Place
    replayed: bool


class _Erased(Exception):
    """The key of a state was destroyed after it was read: what was erased must not live on under a new key."""


class Handler:
    """Decides and appends for one department. Keeps folded states by stream; another process may have appended since,
    which the expected version of the append finds out."""

    def __init__(self, store: Store, codec: Codec, keyring: Keyring, cache_size: int = 10_000) -> None:
        self._store = store
        self._codec = codec
        self._keyring = keyring
        self._cache: OrderedDict[StreamKey, Folded[Any]] = OrderedDict()
        self._cache_size = cache_size

    async def load(self, decider: Decider[S], tenant: str, id: str, upto: Version | None = None) -> Folded[S]:
        """Fold a stream, as it is in the log now, or as it was at version `upto`."""
        stream = f"{decider.name}-{id}"
        known = await self._known(tenant, stream)
        if known is None or (upto is not None and upto < known.version):
            known = Folded(decider.initial)
        limit = None if upto is None else upto - known.version
        if limit == 0:
            return known
        events = await self._store.read_stream(tenant, stream, after=known.version, limit=limit)
        folded = await self._fold(decider, known, events)
        if upto is None:
            self._remember((tenant, stream), folded)
        return folded

    async def handle(
        self,
        decider: Decider[S],
        id: str,
        command: Command,
        origin: Origin,
        decide: Decide[S],
        *,
        if_match: Collection[Version] | None = None,
        create: bool = False,
    ) -> Handled[S]:
        """Decide on the stream `<decider.name>-<id>` and append what was decided, once.

        `if_match` are versions, of which the stream must have one: never retried on another, and looked at after
        `NotThere` and `Forbidden`. `create` says that the stream is believed to be new, which saves reading it. Raises
        `Conflict` (stale `if_match`), what `decide` raises (`Refused`, …), `Poison` (a damaged data key), and the
        errors of `Store.append`; a `Conflict` on a further stream (`Also`) is the caller's to judge.

        A command that was answered before gets its first answer. It is looked up wherever deciding anew could differ:
        before a refusal, a no-op or a conflict is believed; an append finds it by itself.
        """
        stream = f"{decider.name}-{id}"
        folded: Folded[S] | None = Folded(decider.initial) if create else await self._known(origin.tenant, stream)
        fresh = False
        for _ in range(ATTEMPTS_MAX):
            if folded is None:
                folded, fresh = await self.load(decider, origin.tenant, id), True
            try:
                decision = _decide(decide, folded, stream, command, if_match)
                if _is_no_op(decision) and not fresh:
                    folded = None
                    continue
                return await self._append(decider, stream, command, origin, folded, decision)
            except _Erased:
                self._cache.pop((origin.tenant, stream), None)
                folded, fresh = None, False
            except (Refused, Conflict) as no:
                answered = await self._store.answered(origin.tenant, command)
                if answered is not None:
                    return await self._replay(decider, origin.tenant, id, stream, answered)
                of_another_stream = isinstance(no, Conflict) and no.stream != stream
                if of_another_stream or (fresh and (isinstance(no, Refused) or if_match is not None)):
                    raise
                folded, fresh = None, False
        raise Conflict(stream, f"nobody else to write {ATTEMPTS_MAX} times", folded.version if folded else 0)

    async def _append(
        self,
        decider: Decider[S],
        stream: str,
        command: Command,
        origin: Origin,
        folded: Folded[S],
        decision: Decision,
    ) -> Handled[S]:
        key = await self._key(origin.tenant, stream, folded.key_id)
        if key is None and folded.key_id and folded.readable:
            raise _Erased
        events, key = await self._codec.encode(decision.facts, origin, command.id, 0, key)
        writes = [StreamWrite(stream, exact(folded.version), events)]
        n = len(events)
        for also in decision.also:
            more, _ = await self._codec.encode(also.facts, origin, command.id, n)
            writes.append(StreamWrite(also.stream, also.expected, more))
            n += len(more)
        appended = await self._store.append(Append(origin.tenant, command, writes))
        if appended.repeated:
            return await self._replay(decider, origin.tenant, stream[len(decider.name) + 1 :], stream, appended)
        after = self._evolved(decider, folded, decision.facts, appended, key)
        self._remember((origin.tenant, stream), after)
        return _handled(after, appended, replayed=False)

    async def _replay(self, decider: Decider[S], tenant: str, id: str, stream: str, answered: Appended) -> Handled[S]:
        folded = await self.load(decider, tenant, id, upto=answered.versions.get(stream, Version(0)))
        return _handled(folded, answered, replayed=True)

    async def _fold(self, decider: Decider[S], known: Folded[S], events: Sequence[Any]) -> Folded[S]:
        if not events:
            return known
        state, key_id, readable = known.state, known.key_id, known.readable
        for event, recorded in zip(events, await self._codec.decode_many(self._store.department, events), strict=True):
            if isinstance(recorded, Exception):
                raise recorded
            state = decider.evolve(state, recorded.fact)
            if sealed_by := self._codec.key_id(event):
                key_id, readable = sealed_by, not recorded.at.erased
        last = events[-1]
        created_at = known.created_at or events[0].recorded_at
        return Folded(state, last.version, created_at, last.recorded_at, key_id, readable)

    def _evolved(
        self, decider: Decider[S], folded: Folded[S], facts: Sequence[Any], appended: Appended, key: Key
    ) -> Folded[S]:
        state = folded.state
        for fact in facts:
            state = decider.evolve(state, fact)
        return replace(
            folded,
            state=state,
            version=Version(folded.version + len(facts)),
            created_at=folded.created_at or appended.recorded_at,
            updated_at=appended.recorded_at if facts else folded.updated_at,
            key_id=key.id if key else folded.key_id,
            readable=key is not None or folded.readable,
        )

    async def _known(self, tenant: str, stream: str) -> Folded[Any] | None:
        """What is remembered of a stream; nothing once its key was destroyed, or the erased would live on here."""
        known = self._cache.get((tenant, stream))
        if known is None or not known.readable or not known.key_id:
            return known
        if await self._key(tenant, stream, known.key_id) is None:
            self._cache.pop((tenant, stream), None)
            return None
        return known

    async def _key(self, tenant: str, stream: str, key_id: str) -> Key:
        """The record's key. A destroyed one is not replaced behind the back of an erasure: None makes `encode`
        take a new key for what is said from now on. A damaged one is replaced by nobody. Raises `Poison`."""
        if not key_id:
            return None
        found = await self._keyring.get_many([(tenant, key_id)])
        if key_id not in found:
            raise no_key(stream, key_id)
        return found[key_id]

    def _remember(self, stream: StreamKey, folded: Folded[Any]) -> None:
        self._cache[stream] = folded
        self._cache.move_to_end(stream)
        if len(self._cache) > self._cache_size:
            self._cache.popitem(last=False)


def _decide(
    decide: Decide[S], folded: Folded[S], stream: str, command: Command, if_match: Collection[Version] | None
) -> Decision:
    stale = None
    if if_match is not None and folded.version not in if_match:
        stale = Conflict(stream, f"version {' or '.join(map(str, sorted(if_match)))}", folded.version)
    try:
        decision = decide(folded.state, lambda n: event_id(command.id, n))
    except Refused as no:
        # Who may not have the record does not learn from `if_match` that it is there, and in which version.
        raise no if stale is None or isinstance(no, NotThere | Forbidden) else stale from None
    if stale is not None:
        raise stale
    return decision if isinstance(decision, Decision) else Decision(decision)


def _is_no_op(decision: Decision) -> bool:
    return not decision.facts and not any(also.facts for also in decision.also)


def _handled(folded: Folded[S], appended: Appended, *, replayed: bool) -> Handled[S]:
    created_at = folded.created_at or appended.recorded_at
    updated_at = folded.updated_at or created_at
    return Handled(folded.state, folded.version, created_at, updated_at, appended.place, replayed)
