"""Handoffs over feeds that drop, repeat, reorder, delay and flip bytes: each ends DELIVERED, and never falsely.

Everything that varies comes from one seed, which a failure shows. The owners' logs stay true, as in the world.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from eventlog.clock import utc_now
from eventlog.events import CHAIN_START, Event, Position, Version, digest_of
from eventlog.feed import Feed
from eventlog.marks import Marks
from eventlog.metrics import ALARMS
from eventlog.store import Page
from services import receipts
from tests.support.faulty_feed import Faults, FaultyFeed, flipped
from tests.support.handoffs import Handover, State
from tests.support.house import eventually, open_town
from tests.support.parted_feed import PartedFeed
from tests.support.postgres import TestServer
from tests.support.wrapped_feed import WrappedFeed

DEPARTMENTS = ["contacts", "marketing", "sales"]
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(10**6)))
#: Handoffs are asked until every wire has spoiled something; eight nearly always do.
HANDOFFS_MAX = 40
EVERYTHING = Faults(drop=0.2, repeat=0.2, reorder=0.2, delay=0.2, flip=0.2)


@dataclass
class Wires:
    """What lies between the departments. A department that reads its own log reads it as it is; analytics is
    not there, and tells nothing."""

    seed: int
    faults: Faults
    feeds: list[FaultyFeed] = field(default_factory=list)
    between: dict[FaultyFeed, tuple[str, str]] = field(default_factory=dict)

    def hears(self, department: str, feed: Feed) -> Feed:
        if feed.department == department or feed.department not in DEPARTMENTS:
            return feed
        # What sales lacks of marketing's facts, it notices by the manifest alone: no position tells it.
        by_manifest = (department, feed.department) == ("sales", "marketing")
        wire = PartedFeed(feed.in_log_order(), parts=2) if by_manifest else feed
        made = FaultyFeed(wire, self.faults, self.seed + len(self.feeds))
        self.feeds.append(made)
        self.between[made] = (department, feed.department)
        return made

    def untouched(self) -> list[tuple[str, str]]:
        """Between whom nothing was spoiled."""
        return [between for feed, between in self.between.items() if not feed.done]

    def that(self, what: str) -> list[tuple[str, str]]:
        """Between whom this was done to a fact."""
        return [between for feed, between in self.between.items() if what in {done for done, _, _ in feed.done}]


@asynccontextmanager
async def handover_over(server: TestServer, home: Path, hears: Callable[[str, Feed], Feed]) -> AsyncIterator[Handover]:
    async with open_town(server.dsn("postgres"), home, DEPARTMENTS, utc_now, hears) as town:
        yield Handover(town)


async def assert_proven(handover: Handover, id: str) -> None:
    """What is DELIVERED equals, stream by stream, what stands in the logs of those who own the streams."""
    found = await handover.get(id)
    assert found.manifest
    assert list(found.receipt) == list(found.manifest)
    for entry in found.receipt:
        events = await handover.log_of(entry.stream)
        digest = CHAIN_START
        for event in events[: entry.version]:
            digest = digest_of(digest, event)
        assert (len(events) >= entry.version, digest.hex()) == (True, entry.digest), f"{entry.stream}, seed {SEED}"


@pytest.mark.parametrize(
    "faults",
    [Faults(drop=0.5), Faults(repeat=0.5), Faults(reorder=0.5), Faults(delay=0.5), Faults(flip=0.5), EVERYTHING],
    ids=["drops", "repeats", "reorders", "delays", "flips", "everything"],
)
async def test_handoffs_are_delivered_truly_over_a_faulty_feed(
    own_postgres: TestServer, tmp_path: Path, faults: Faults
) -> None:
    print(f"SEED={SEED}")
    wires, raised = Wires(SEED, faults), alarms()
    async with handover_over(own_postgres, tmp_path, wires.hears) as handover:
        handoffs: list[str] = []
        while not all(feed.done for feed in wires.feeds):
            assert len(handoffs) < HANDOFFS_MAX, f"{wires.untouched()} spoiled nothing with seed {SEED}"
            asked = await asyncio.gather(*(qualified(handover, len(handoffs) + n) for n in range(8)))
            for id in asked:
                await handover.becomes(id, State.DELIVERED)
            handoffs += asked

        for id in handoffs:
            await assert_proven(handover, id)
        for between in wires.that("flip"):
            assert alarms()[between] > raised[between], f"no alarm between {between}, seed {SEED}"
        await eventually(lambda: parked(handover), lambda found: not found)


async def qualified(handover: Handover, n: int) -> str:
    lead = await handover.lead(person={"email": f"anna{n}@example.com"})
    return await handover.qualify(lead.id)


def alarms() -> Counter[tuple[str, str]]:
    """How many digest alarms there were, by who heard and whom."""
    found: Counter[tuple[str, str]] = Counter()
    for sample in (sample for metric in ALARMS.collect() for sample in metric.samples):
        if sample.name.endswith("_total"):
            found[sample.labels["department"], sample.labels["source"]] = int(sample.value)
    return found


async def parked(handover: Handover) -> list[str]:
    """The streams that wait anywhere, by name."""
    found = [await running.house.views.fetch(_PARKED) for running in handover.town.houses.running.values()]
    return [row["stream"] for rows in found for row in rows]


_PARKED = "SELECT stream FROM views.parked"


class FlippingFeed(WrappedFeed):
    """Flips one byte of the first fact of every lead, however it is asked for, while it `flips`: on the way, and on the
    way again when it is fetched from its owner's log."""

    flips = True

    async def pages(self, marks: Marks) -> AsyncGenerator[Page, None]:
        async with aclosing(self.feed.in_log_order().pages(marks)) as pages:
            async for page in pages:
                yield replace(page, events=[self._told(event) for event in page.events])

    async def refetch(self, tenant: str, stream: str, after: Version, upto: Version) -> Sequence[Event]:
        return [self._told(event) for event in await self.feed.refetch(tenant, stream, after, upto)]

    async def at(self, position: Position) -> Event | None:
        event = await self.feed.at(position)
        return event and self._told(event)

    def _told(self, event: Event) -> Event:
        spoiled = self.flips and event.stream.startswith("marketing.lead-") and event.version == 1
        return flipped(event, random.Random(SEED)) if spoiled else event


async def test_a_byte_flipped_on_every_way_is_a_discrepancy_until_a_way_is_true(
    own_postgres: TestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    print(f"SEED={SEED}")
    monkeypatch.setattr(receipts, "LATER_S", 0.2)
    wires: list[FlippingFeed] = []

    def hears(department: str, feed: Feed) -> Feed:
        if (department, feed.department) != ("sales", "marketing"):
            return feed
        wires.append(FlippingFeed(feed))
        return wires[-1]

    raised = alarms()
    async with handover_over(own_postgres, tmp_path, hears) as handover:
        id = await handover.qualify((await handover.lead()).id)

        discrepant = await handover.becomes(id, State.DISCREPANT)
        assert alarms()["sales", "marketing"] > raised["sales", "marketing"]
        assert f"ALARM handoff {id}, offer: what sales received is not what was offered" in caplog.text
        assert await parked(handover) == [discrepant.manifest[0].stream] * 2
        (wire,) = wires
        wire.flips = False

        delivered = await handover.becomes(id, State.DELIVERED)
        assert [step.what for step in delivered.history] == ["asked", "offered", "discrepant", "delivered"]
        assert await parked(handover) == []
        await assert_proven(handover, id)


class LyingFeed(WrappedFeed):
    """Tells one stream's facts with other bytes and digests that fit them: what no digest on the way gives away."""

    lies_about = "marketing.lead-"

    def __init__(self, feed: Feed) -> None:
        super().__init__(feed)
        self.log = feed.in_log_order()
        self.lied: dict[str, bytes] = {}

    async def pages(self, marks: Marks) -> AsyncGenerator[Page, None]:
        async with aclosing(self.log.pages(marks)) as pages:
            async for page in pages:
                yield replace(page, events=[self._told(event) for event in page.events])

    def _told(self, event: Event) -> Event:
        if not event.stream.startswith(self.lies_about):
            return event
        changed = replace(event, data=event.data.replace(b'"fair"', b'"fare"'))
        digest = digest_of(self.lied.get(event.stream, CHAIN_START), changed)
        self.lied[event.stream] = digest
        return replace(changed, digest=digest)


async def test_other_bytes_with_digests_that_fit_are_a_discrepancy_until_they_are_fetched_again(
    own_postgres: TestServer, tmp_path: Path
) -> None:
    """The receipt is made of what was received: one copied from the manifest would be equal at once, and a lie."""

    def hears(department: str, feed: Feed) -> Feed:
        return LyingFeed(feed) if (department, feed.department) == ("sales", "marketing") else feed

    async with handover_over(own_postgres, tmp_path, hears) as handover:
        id = await handover.qualify((await handover.lead()).id)

        delivered = await handover.becomes(id, State.DELIVERED)

        assert [step.what for step in delivered.history] == ["asked", "offered", "discrepant", "delivered"]
        assert "another digest" in delivered.history[2].note
        await assert_proven(handover, id)


async def test_a_ledger_that_somebody_changed_is_put_right_before_anything_is_proven(
    own_postgres: TestServer, tmp_path: Path
) -> None:
    async with handover_over(own_postgres, tmp_path, lambda _, feed: feed) as handover:
        sales = handover.town.houses.running["sales"]
        lead = await handover.lead()
        await eventually(
            lambda: sales.house.views.execute("UPDATE ledger SET digest = $1 WHERE version = 1", bytes(32)),
            lambda done: done == "UPDATE 1",
        )
        await sales.house.views.execute("UPDATE heads SET digest = $1 WHERE stream = $2", bytes(32), stream_of(lead.id))
        id = await handover.qualify(lead.id)

        delivered = await handover.becomes(id, State.DELIVERED)

        await assert_proven(handover, id)
        assert delivered.history[-1].what == "delivered"


async def test_what_is_asked_while_contacts_is_away_is_offered_when_it_is_back(
    own_postgres: TestServer, tmp_path: Path
) -> None:
    async with open_town(own_postgres.dsn("postgres"), tmp_path, ["marketing", "sales"]) as town:
        tenant = town.tenant
        handover = Handover(town)
        ids = [await handover.qualify((await handover.lead()).id) for _ in range(3)]
    async with open_town(own_postgres.dsn("postgres"), tmp_path, DEPARTMENTS) as town:
        town.tenant = tenant
        back = Handover(town)
        for id in ids:
            await back.becomes(id, State.DELIVERED)
            await assert_proven(back, id)


async def test_nothing_is_delivered_before_the_receiving_department_has_heard_it(
    own_postgres: TestServer, tmp_path: Path
) -> None:
    async with open_town(own_postgres.dsn("postgres"), tmp_path, ["marketing", "contacts"]) as town:
        tenant = town.tenant
        handover = Handover(town)
        id = await handover.qualify((await handover.lead()).id)
        offered = await handover.becomes(id, State.OFFERED)
        assert not offered.receipt
    async with open_town(own_postgres.dsn("postgres"), tmp_path, DEPARTMENTS) as town:
        town.tenant = tenant
        await Handover(town).becomes(id, State.DELIVERED)


def stream_of(lead_id: str) -> str:
    return f"marketing.lead-{lead_id}"
