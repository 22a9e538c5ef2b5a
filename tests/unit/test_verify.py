"""A chain that was tampered with does not hold, whatever was done to it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from eventlog.events import CHAIN_START, Event, Position, digest_of
from eventlog.memory import MemoryStore
from eventlog.store import Filter
from eventlog.verify import Verified, Verifier, verify
from tests.support.log import TENANT, an_append, whole_log

Tamper = Callable[[list[Event]], list[Event]]


async def a_log() -> list[Event]:
    store = MemoryStore("sales")
    for stream in ("sales.deal-1", "sales.deal-2", "sales.deal-1", "sales.deal-1"):
        await store.append(an_append(stream))
    return await whole_log(store)


def judged(events: list[Event], head: int = 4) -> Verified:
    verifier = Verifier()
    verifier.add(events)
    return verifier.end(Position(head))


def changed(n: int, **changes: object) -> Tamper:
    return lambda log: [*log[:n], replace(log[n], **changes), *log[n + 1 :]]  # type: ignore[arg-type]


def rewritten(log: list[Event]) -> list[Event]:
    """An event changed together with its own digest: the next one tells."""
    other = replace(log[0], data=b"other")
    return [replace(other, digest=digest_of(CHAIN_START, other)), *log[1:]]


async def test_an_untouched_log_is_whole() -> None:
    assert judged(await a_log()) == Verified(events=4, streams=2, broken=[])


@pytest.mark.parametrize(
    ("tamper", "stream", "version", "reason"),
    [
        (changed(2, data=b"other"), "sales.deal-1", 2, "digest"),
        (changed(2, metadata=b"other"), "sales.deal-1", 2, "digest"),
        (changed(1, type="sales.deal-won"), "sales.deal-2", 1, "digest"),
        (changed(1, schema=2), "sales.deal-2", 1, "digest"),
        (changed(0, digest=bytes(32)), "sales.deal-1", 1, "digest"),
        (rewritten, "sales.deal-1", 2, "digest"),
        (lambda log: [log[0], *log[2:]], "", 0, "position 3 follows 1"),
        (lambda log: [*log[:2], log[3]], "sales.deal-1", 3, "version 3 follows 1"),
        (lambda log: [log[0], log[2], log[1], log[3]], "", 0, "position 3 follows 1"),
        (lambda log: log[:3], "", 0, "the log should end at 4, its events end at 3"),
        (lambda log: changed(3, recorded_at=log[3].recorded_at - timedelta(days=1))(log), "sales.deal-1", 3, "before"),
    ],
)
async def test_what_was_done_to_a_log_is_seen(tamper: Tamper, stream: str, version: int, reason: str) -> None:
    broken = judged(tamper(await a_log())).broken

    first = next(found for found in broken if reason in found.reason)
    assert (first.stream, first.version) == (stream, version)


async def test_one_break_is_reported_once() -> None:
    log = await a_log()

    assert len(judged(changed(0, data=b"other")(log)).broken) == 1


async def test_one_tenant_of_a_log_can_be_verified_alone() -> None:
    store = MemoryStore("sales")
    for tenant in (TENANT, "other", TENANT):
        await store.append(an_append(tenant=tenant))

    assert await verify(store) == Verified(events=3, streams=2)
    assert await verify(store, Filter(tenant=TENANT)) == Verified(events=2, streams=1)
