"""What a department can prove to have received: digests that were recomputed from bytes that reached it.

A receipt is written from here. For others' streams the digests come from the ledger, into which the projector writes
nothing that it did not recompute; for the own streams they are recomputed from the own log at the time of asking.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, NamedTuple

from eventlog.events import CHAIN_START, START, Event, Place, Version, digest_of
from eventlog.feed import Feed
from eventlog.store import Store
from eventlog.views import BY_INDEX, Views

log = logging.getLogger("baton.ledger")


class Wanted(NamedTuple):
    """A stream up to a version."""

    tenant: str
    stream: str
    version: Version

    @property
    def department(self) -> str:
        return self.stream.partition(".")[0]


@dataclass(frozen=True)
class Received:
    """`digests` of what was received; what is wanted and in neither of the two has not come. `unproven` stands on an
    event that somebody discarded: nothing proves it any more. `basis` is how far each department was heard completely;
    what was received and is `ahead` of that stands further on in its department's log."""

    digests: Mapping[Wanted, bytes]
    unproven: frozenset[Wanted]
    basis: Mapping[str, Place]
    ahead: frozenset[Wanted] = frozenset()


class Fetched(NamedTuple):
    """What the owner's log gave of a stream: the digest at the version wanted, recomputed from its bytes; None when it
    is not there. `spoiled`: the bytes up to it do not give the digests that came with them."""

    digest: bytes | None
    spoiled: bool = False


class Ledger:
    """The receipts ledger of one department, and its own log."""

    def __init__(self, views: Views, store: Store, feeds: Mapping[str, Feed]) -> None:
        self._views = views
        self._store = store
        self._feeds = feeds

    async def received(self, wanted: Iterable[Wanted]) -> Received:
        """Everything asked for, at one moment."""
        asked = sorted(set(wanted))
        others = [each for each in asked if each.department != self._store.department]
        async with self._views.transaction(isolation="repeatable_read", readonly=True) as connection:
            await connection.execute(BY_INDEX)
            rows = await connection.fetch(_LEDGERED, *_columns(others))
            basis = await connection.fetch("SELECT source, generation, position FROM views.checkpoints")
        known = heard(basis)
        digests = {Wanted(*row[:3]): row["digest"] for row in rows if row["digest"] and not row["discarded"]}
        ahead = frozenset(Wanted(*row[:3]) for row in rows if row["digest"] and _is_ahead(row, known))
        unproven = frozenset(Wanted(*row[:3]) for row in rows if row["discarded"])
        own = [each for each in asked if each.department == self._store.department]
        digests |= {each: digest for each in own if (digest := await self._own(each))}
        return Received(digests, unproven, known, ahead)

    async def _own(self, wanted: Wanted) -> bytes | None:
        return recomputed(await self._store.read_stream(wanted.tenant, wanted.stream, limit=wanted.version), wanted)

    async def fetched_again(self, wanted: Wanted) -> Fetched:
        """Read a stream from its owner's log, recompute its chain, and correct the ledger where it says otherwise.
        What was spoiled on the way corrects nothing."""
        if wanted.department == self._store.department:
            return Fetched(await self._own(wanted))
        known = await self._views.fetchval(_NEWEST, wanted.tenant, wanted.stream) or 0
        upto = Version(max(wanted.version, known))
        feed = self._feeds[wanted.department]
        events = await feed.refetch(wanted.tenant, wanted.stream, Version(0), upto)
        digest, sound = recomputed(events, wanted), soundly(events)
        if digest is not None and sound:
            await self._correct(wanted, sound)
        return Fetched(digest, spoiled=digest is not None and len(sound) < wanted.version)

    async def _correct(self, wanted: Wanted, digests: Sequence[bytes]) -> None:
        versions = list(range(1, len(digests) + 1))
        async with self._views.transaction() as connection:
            done = await connection.execute(_CORRECT, wanted.tenant, wanted.stream, versions, list(digests))
            await connection.execute(_CORRECT_HEAD, wanted.tenant, wanted.stream)
        if done != "UPDATE 0":
            log.error("ALARM the ledger of %s was not what its owner's log gives: corrected", wanted.stream)


def heard(checkpoints: Iterable[Any]) -> dict[str, Place]:
    """How far each department was heard; one of which nothing was heard yet is at the start of its log."""
    return {
        row["source"]: Place(row["generation"], row["position"]) if row["generation"] else START for row in checkpoints
    }


def _is_ahead(row: Any, known: Mapping[str, Place]) -> bool:
    department = row["stream"].partition(".")[0]
    return Place(row["generation"], row["position"]) > known.get(department, START)


def recomputed(events: Sequence[Event], wanted: Wanted) -> bytes | None:
    """The digest at the version wanted, from the bytes of all events up to it; None when one of them is not there."""
    digests = chain(events)
    return digests[wanted.version - 1] if len(digests) >= wanted.version else None


def chain(events: Sequence[Event]) -> list[bytes]:
    """The digests of versions 1, 2, … as far as the events go on without a gap."""
    digests: list[bytes] = []
    for event in events:
        if event.version != len(digests) + 1:
            break
        digests.append(digest_of(digests[-1] if digests else CHAIN_START, event))
    return digests


def soundly(events: Sequence[Event]) -> list[bytes]:
    """The digests of versions 1, 2, … as far as they are those that the events carry."""
    pairs = takewhile(lambda pair: pair[0] == pair[1].digest, zip(chain(events), events, strict=False))
    return [digest for digest, _ in pairs]


def _columns(wanted: Sequence[Wanted]) -> list[list[object]]:
    return [[each[n] for each in wanted] for n in range(3)]


_LEDGERED = """
SELECT w.tenant, w.stream, w.version, l.digest, l.generation, l.position, EXISTS (
    SELECT FROM views.discarded d WHERE d.tenant = w.tenant AND d.stream = w.stream AND d.version <= w.version
) AS discarded
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS w(tenant, stream, version)
LEFT JOIN views.ledger l ON l.tenant = w.tenant AND l.stream = w.stream AND l.version = w.version
"""

_NEWEST = "SELECT version FROM views.heads WHERE tenant = $1 AND stream = $2"

_CORRECT = """
UPDATE views.ledger l SET digest = v.digest FROM unnest($3::bigint[], $4::bytea[]) AS v(version, digest)
WHERE l.tenant = $1 AND l.stream = $2 AND l.version = v.version AND l.digest <> v.digest
"""

_CORRECT_HEAD = """
UPDATE views.heads h SET digest = l.digest FROM views.ledger l
WHERE h.tenant = $1 AND h.stream = $2 AND l.tenant = $1 AND l.stream = $2 AND l.version = h.version
"""
