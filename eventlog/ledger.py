"""The receipts ledger: what was received, with digests that were recomputed here from the bytes received.

A receipt for a handoff is written from this ledger, so nothing may enter it that was not recomputed: an event goes in
when the digest of its bytes behind its predecessor's *ledgered* digest is the digest that it carries. Everything else
is a repeat (dropped), a gap (refetched) or an alarm (parked, never ledgered).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from eventlog.entry import ALARM, FOLLOWS, Entry, Parked
from eventlog.events import CHAIN_START, Event, StreamKey, Version, digest_of


class Head(NamedTuple):
    """The newest version of a stream that was heard, and its digest."""

    version: Version
    digest: bytes


NOT_HEARD = Head(Version(0), CHAIN_START)


@dataclass(frozen=True, slots=True)
class Gap:
    """Versions over `after`, up to `upto`, did not come although `before` did."""

    before: Entry
    after: Version
    upto: Version


@dataclass(slots=True)
class Examined:
    """`accepted` in the order they came. With `gaps` nothing else counts: fetch what is missing, examine again."""

    accepted: list[Entry] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    repeats: list[Entry] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


def examine(entries: Iterable[Entry], heads: Mapping[StreamKey, Head], waiting: Iterable[StreamKey]) -> Examined:
    """Compare others' events with what was heard before. `waiting` are streams that are parked already."""
    found = Examined()
    heads = dict(heads)
    waiting = set(waiting)
    incomplete: set[StreamKey] = set()
    here: dict[tuple[StreamKey, Version], Event] = {}
    for entry in entries:
        stream, version = entry.stream, entry.event.version
        head = heads.get(stream, NOT_HEARD)
        if version <= head.version:
            if here.get((stream, version)) != entry.event:
                found.repeats.append(entry)
        elif stream in waiting:
            found.parked.append(Parked(entry, FOLLOWS, "an earlier event of its stream is parked"))
        elif version > head.version + 1 and entry.cut_off:
            waiting.add(stream)
            found.parked.append(cut_off(entry, head.version))
        elif version > head.version + 1:
            if stream not in incomplete:
                found.gaps.append(Gap(entry, head.version, Version(version - 1)))
                incomplete.add(stream)
        else:
            entry.digest = digest_of(head.digest, entry.event)
            if entry.digest == entry.event.digest:
                found.accepted.append(entry)
                heads[stream] = Head(version, entry.digest)
                here[stream, version] = entry.event
            else:
                waiting.add(stream)
                found.parked.append(alarm(entry))
    return found


def trust(entries: Iterable[Entry], waiting: Iterable[StreamKey]) -> Examined:
    """The own log's events: read where they were written, so their digests stand."""
    found = Examined()
    waiting = set(waiting)
    for entry in entries:
        if entry.stream in waiting:
            found.parked.append(Parked(entry, FOLLOWS, "an earlier event of its stream is parked"))
        else:
            entry.digest = entry.event.digest
            found.accepted.append(entry)
    return found


def alarm(entry: Entry) -> Parked:
    event = entry.event
    reason = f"version {event.version} of {event.stream} carries another digest than its bytes and history give"
    return Parked(entry, ALARM, reason)


def cut_off(entry: Entry, heard: Version) -> Parked:
    event = entry.event
    reason = f"versions {heard + 1} to {event.version - 1} of {event.stream} did not come, and its owner lacks them"
    return Parked(entry, ALARM, reason)


async def read_heads(connection: Any, entries: Sequence[Entry]) -> dict[StreamKey, Head]:
    """What was heard of the streams of these entries."""
    streams = {entry.stream for entry in entries}
    rows = await connection.fetch(_HEADS, [tenant for tenant, _ in streams], [stream for _, stream in streams])
    return {(row[0], row[1]): Head(row[2], row[3]) for row in rows}


async def unequal(connection: Any, entries: Sequence[Entry]) -> list[Entry]:
    """Those whose bytes are not the ones that were ledgered under their version."""
    digests = await _digests(connection, entries)
    return [entry for entry in entries if not _is_repeat(entry.event, digests.get(entry.stream, {}))]


async def ledgered(connection: Any, entries: Sequence[Entry]) -> list[Entry]:
    """Those whose version is in the ledger, whatever their bytes are."""
    digests = await _digests(connection, entries)
    return [entry for entry in entries if entry.event.version in digests.get(entry.stream, {})]


async def _digests(connection: Any, entries: Sequence[Entry]) -> dict[StreamKey, dict[int, bytes]]:
    """What was ledgered, or discarded, of these entries and those before them."""
    keys = [(*entry.stream, entry.event.version) for entry in entries]
    rows = await connection.fetch(_LEDGERED, *[list(column) for column in zip(*keys, strict=True)])
    digests: dict[StreamKey, dict[int, bytes]] = {}
    for tenant, stream, version, digest in rows:
        digests.setdefault((tenant, stream), {})[version] = digest
    return digests


def _is_repeat(event: Event, digests: Mapping[int, bytes]) -> bool:
    before = CHAIN_START if event.version == 1 else digests.get(event.version - 1)
    return before is not None and digests.get(event.version) == digest_of(before, event) == event.digest


_HEADS = """
SELECT h.tenant, h.stream, h.version, h.digest
FROM unnest($1::text[], $2::text[]) AS k(tenant, stream)
JOIN views.heads h ON h.tenant = k.tenant AND h.stream = k.stream
"""

_LEDGERED = """
SELECT l.tenant, l.stream, l.version, l.digest
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS k(tenant, stream, version)
JOIN views.ledger l ON l.tenant = k.tenant AND l.stream = k.stream AND l.version IN (k.version - 1, k.version)
UNION ALL
SELECT d.tenant, d.stream, d.version, d.digest FROM views.discarded d
"""
