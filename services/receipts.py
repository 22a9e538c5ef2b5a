"""Receipts: how a department proves that it has every fact of what was handed on to it.

Belongs to no department; every receiving one runs it: `reactions=[receiving(house), …]`. The manifest's digests are
dropped as soon as it is heard (`_receive` keeps streams and versions only), so a receipt cannot be copied from it:
its digests are what this department recomputed from the bytes that it was given.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from eventlog.decider import Decider
from eventlog.events import START, Place, Version
from eventlog.following import command_of, origin_of
from eventlog.handling import Handler
from eventlog.projections import At
from eventlog.reactions import Due, NotYet, Reactions, Todo
from eventlog.received import Ledger, Received, Wanted
from facts.common import HandoffReceipt, ManifestEntry
from facts.contacts import (
    ContactsHandoffReceived,
    HandoffAccepted,
    HandoffDiscrepant,
    HandoffOffered,
    HandoffSupplemented,
)
from facts.marketing import MarketingHandoffReceived
from facts.sales import SalesHandoffReceived
from runtime.department import Hearing, House

RECEIVED: Mapping[str, Callable[..., Any]] = {
    "contacts": ContactsHandoffReceived,
    "marketing": MarketingHandoffReceived,
    "sales": SalesHandoffReceived,
}

RECEIVE, RECEIVE_AGAIN = "receive", "receive-again"
#: How soon to look again for what is on its way, and for what its owner did not have either.
SOON_S, LATER_S = 0.05, 5.0
#: What was fetched again and is what it was is fetched again ever less often.
AGAIN_MAX_S = 300.0

log = logging.getLogger("baton.receipts")


@dataclass(frozen=True)
class Receipts:
    """What was received for one handoff, by part."""

    parts: Mapping[str, tuple[ManifestEntry, ...]] = field(default_factory=dict)


def evolve(state: Receipts, fact: HandoffReceipt) -> Receipts:
    return Receipts({**state.parts, fact.part: fact.entries})


def record(state: Receipts, receipt: HandoffReceipt) -> Sequence[HandoffReceipt]:
    """The same receipt is not recorded twice."""
    return [] if state.parts.get(receipt.part) == receipt.entries else [receipt]


def receiving(house: House) -> Reactions:
    """The reactions by which this department receives handoffs."""
    reactions = hears(house.name)
    receiver = Receiver(house.name, Ledger(house.views, house.store, house.feeds), house.handler, house.hearing)
    reactions.does_many(RECEIVE, receiver.receive)
    reactions.does_many(RECEIVE_AGAIN, receiver.receive_again)
    return reactions


def hears(department: str) -> Reactions:
    """What contacts offers, closes and supplements, as far as it is for this department."""
    reactions = Reactions("receipts", sources=("contacts",))

    @reactions.on(HandoffOffered)
    def offered(fact: HandoffOffered, at: At) -> Iterable[Todo]:
        if fact.to_department == department:
            yield _receive(fact.handoff_id, "offer", fact.manifest, fact.basis, at)

    @reactions.on(HandoffAccepted)
    def accepted(fact: HandoffAccepted, at: At) -> Iterable[Todo]:
        if fact.to_department == department and fact.closing:
            yield _receive(fact.handoff_id, "closing", fact.closing, fact.basis, at)

    @reactions.on(HandoffSupplemented)
    def supplemented(fact: HandoffSupplemented, at: At) -> Iterable[Todo]:
        if fact.to_department == department:
            yield _receive(fact.handoff_id, fact.part, fact.manifest, fact.basis, at)

    @reactions.on(HandoffDiscrepant)
    def discrepant(fact: HandoffDiscrepant, at: At) -> Iterable[Todo]:
        if fact.to_department == department:
            refused = {each.stream: each.digest for each in fact.receipt}
            todo = _receive(fact.handoff_id, fact.part, fact.manifest, {}, at)
            yield Todo(RECEIVE_AGAIN, {**todo.args, "refused": refused})

    return reactions


def _receive(handoff_id: str, part: str, manifest: Iterable[ManifestEntry], basis: Mapping[str, str], at: At) -> Todo:
    versions = {entry.stream: entry.version for entry in manifest}
    return Todo(
        RECEIVE,
        {"handoff_id": handoff_id, "part": part, "versions": versions, "basis": dict(basis), "branch": at.branch},
    )


class Receiver:
    """Records receipts, many at once. `hearing` fetches what did not come."""

    def __init__(self, department: str, ledger: Ledger, handler: Handler, hearing: Hearing) -> None:
        self._department = department
        self._fact = RECEIVED[department]
        self._decider = Decider(f"{department}.receipt", Receipts(), evolve)
        self._ledger = ledger
        self._handler = handler
        self._hearing = hearing
        self._again_s: dict[UUID, float] = {}

    async def receive(self, dues: Sequence[Due]) -> Mapping[UUID, Exception | None]:
        """Record a receipt for each part of which everything is here; fetch what should be here and is not. What comes
        spoiled from its owner's log, too, is said with the digest of what came: contacts sees the discrepancy."""
        received = await self._ledger.received(each for due in dues for each in _wanted(due))
        results = await asyncio.gather(*(self._receive(due, received) for due in dues), return_exceptions=True)
        return failures(dues, results)

    async def _receive(self, due: Due, received: Received) -> None:
        missing = [each for each in _wanted(due) if each not in received.digests and each not in received.unproven]
        lost = [each for each in missing if await self._is_lost(each, due, received.basis)]
        for each in lost:
            log.error("ALARM %s version %d was lost when its log was restored: not received", each.stream, each.version)
        spoiled: dict[Wanted, bytes] = {}
        for each in (each for each in missing if each not in lost):
            digest = await self._look_for(each, due, received.basis)
            if digest is not None:
                spoiled[each] = digest
        if fetching := len(missing) - len(lost) - len(spoiled):
            raise NotYet(f"{fetching} streams are still being fetched", SOON_S)
        ahead = [each.stream for each in _wanted(due) if each in received.ahead]
        if ahead:
            # A receipt says how far its writer has heard: everything that it names stands before that.
            raise NotYet(f"{', '.join(ahead)} came before all that was told earlier", SOON_S)
        await self._record(
            due, {**received.digests, **spoiled}, received.basis, believed_new=due.args["part"] == "offer"
        )

    async def _is_lost(self, wanted: Wanted, due: Due, basis: Mapping[str, Place]) -> bool:
        """Whether what contacts had heard is not in its owner's log any more, which is of a later generation now. The
        receipt says so by leaving it out."""
        then, now = due.args["basis"].get(wanted.department), basis.get(wanted.department, START)
        return (
            then is not None
            and now.generation > Place.parse(then).generation
            and (await self._ledger.fetched_again(wanted)).digest is None
        )

    async def _look_for(self, wanted: Wanted, due: Due, basis: Mapping[str, Place]) -> bytes | None:
        """What contacts had heard at its basis is here once this department has heard as far; if it is not, it was
        lost on the way or is parked, and is fetched from the log of the department that owns it. Answers the digest of
        what came when that was spoiled, too."""
        needed = Place.parse(due.args["basis"].get(wanted.department, str(START)))
        if basis.get(wanted.department, START) < needed:
            raise NotYet(f"{wanted.department} is not heard up to {needed} yet", SOON_S)
        log.warning("%s version %d did not come, fetched again", wanted.stream, wanted.version)
        if await self._healed(wanted):
            return None
        # What is ledgered of it already may be what is wrong.
        fetched = await self._ledger.fetched_again(wanted)
        if await self._healed(wanted):
            return None
        if fetched.spoiled:
            return fetched.digest
        raise NotYet(f"{wanted.stream} is parked", LATER_S)

    async def _healed(self, wanted: Wanted) -> bool:
        return await self._hearing.heal(wanted.department, wanted.tenant, wanted.stream, wanted.version)

    async def receive_again(self, dues: Sequence[Due]) -> Mapping[UUID, Exception | None]:
        """After a discrepancy: read every stream of the part anew, from the logs of the departments that own them."""
        results = await asyncio.gather(*(self._receive_again(due) for due in dues), return_exceptions=True)
        return failures(dues, results)

    async def _receive_again(self, due: Due) -> None:
        wanted = _wanted(due)
        before = await self._ledger.received(wanted)
        if before.ahead:
            raise NotYet("some of it came before all that was told earlier", SOON_S)
        found = {each: await self._ledger.fetched_again(each) for each in wanted if each not in before.unproven}
        for each in wanted:
            await self._hear_on(each)
        digests = {each: fetched.digest for each, fetched in found.items() if fetched.digest is not None}
        if {each.stream: digest.hex() for each, digest in digests.items()} == due.args["refused"]:
            if not before.unproven and len(digests) == len(found):
                raise NotYet("fetched again, it is what it was", self._longer_s(due))
            # Somebody discarded an event of it, or its owner lost one in a restore, and everything else was read: no
            # reading proves the part any more.
            log.error("ALARM handoff %s, %s: stays unproven, an event was discarded or lost", *_part_of(due))
        else:
            await self._heard(each for each, fetched in found.items() if fetched.digest and not fetched.spoiled)
            await self._record(due, digests, before.basis, believed_new=False)
        self._again_s.pop(due.command_id, None)

    async def _heard(self, fetched: Iterable[Wanted]) -> None:
        """That its owner's log says it right is no proof that it was received: it must be in the ledger."""
        wanted = list(fetched)
        received = await self._ledger.received(wanted)
        parked = [each.stream for each in wanted if each not in received.digests]
        if parked:
            raise NotYet(f"still parked: {', '.join(parked)}", LATER_S)

    def _longer_s(self, due: Due) -> float:
        """How long to wait before everything is read again: longer each time."""
        wait_s = self._again_s.get(due.command_id, LATER_S)
        self._again_s[due.command_id] = min(2 * wait_s, AGAIN_MAX_S)
        return wait_s

    async def _hear_on(self, wanted: Wanted) -> None:
        """What was parked because it did not follow from a wrong predecessor is handled now."""
        if wanted.department != self._department:
            await self._healed(wanted)

    async def _record(
        self, due: Due, digests: Mapping[Wanted, bytes], basis: Mapping[str, Place], *, believed_new: bool
    ) -> None:
        entries = tuple(
            ManifestEntry(stream=each.stream, version=each.version, digest=digests[each].hex())
            for each in _wanted(due)
            if each in digests
        )
        receipt = self._fact(
            handoff_id=due.args["handoff_id"],
            part=due.args["part"],
            basis={department: str(place) for department, place in sorted(basis.items())},
            entries=entries,
        )
        await self._handler.handle(
            self._decider,
            due.args["handoff_id"],
            command_of(due),
            origin_of(due, self._department, due.args["branch"]),
            lambda state, fact_id: record(state, receipt),
            create=believed_new,
        )


def _part_of(due: Due) -> tuple[str, str]:
    return due.args["handoff_id"], due.args["part"]


def _wanted(due: Due) -> list[Wanted]:
    return [Wanted(due.tenant, stream, Version(version)) for stream, version in sorted(due.args["versions"].items())]


def failures(dues: Sequence[Due], results: Sequence[BaseException | None]) -> Mapping[UUID, Exception | None]:
    """What a bulk doer answers, of what was gathered with `return_exceptions`."""
    found: dict[UUID, Exception | None] = {}
    for due, result in zip(dues, results, strict=True):
        if isinstance(result, BaseException) and not isinstance(result, Exception):
            raise result
        found[due.command_id] = result
    return found
