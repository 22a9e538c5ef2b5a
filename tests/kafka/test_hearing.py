"""A department that hears another through Kafka: each fact counts once, whatever stands in the topic."""

import random
from collections.abc import Callable, Iterable

import pytest

from eventlog.codec import Codec
from eventlog.errors import Behind
from eventlog.events import Event, Offset, Place, Position
from eventlog.kafka.feed import KafkaFeed
from eventlog.kafka.records import Record
from eventlog.marks import NOWHERE
from eventlog.memory import MemoryStore
from eventlog.parked import ParkedStreams
from eventlog.projections import At, Change
from eventlog.views import Views
from runtime.kafka_server import KafkaServer
from tests.support.department import (
    TENANT,
    CustomerBought,
    CustomerCame,
    Expected,
    customers,
    heard,
    ledger_is_true,
    record,
)
from tests.support.listening import listening
from tests.support.log import eventually
from tests.support.telling import Teller, telling, with_header


async def some_visits(store: MemoryStore, codec: Codec, seed: int, appends: int = 30) -> list[Event]:
    """Customers come and buy; what the log has then."""
    choose = random.Random(seed)
    for _ in range(appends):
        n = choose.randrange(7)
        bought = CustomerBought(customer=f"customer-{n % 3}", what="coffee", price=choose.randrange(9))
        await record(store, codec, f"visit-{n}", CustomerCame(customer=f"customer-{n % 3}"), bought)
    return list((await store.read_all(Position(0), 10_000)).events)


async def is_as_told(views: Views, codec: Codec, shop: MemoryStore) -> None:
    """The rows are a fold of the log, the ledger has every version, and nothing is parked."""
    assert await Expected.found(views) == await Expected.of(codec, shop)
    await ledger_is_true(views, shop)
    assert await views.fetch("SELECT stream, version, kind, reason FROM parked") == []


async def test_rows_ledger_and_marks_follow_the_topic_and_the_watermark_says_how_far(
    views: Views, codec: Codec, shop: MemoryStore, teller: Teller, kafka: KafkaServer
) -> None:
    events = await some_visits(shop, codec, seed=1)
    await teller.tell(events)
    async with listening(views, codec, shop, kafka.bootstrap) as projector:
        await eventually(lambda: is_ledgered(views, len(events)), "all facts ledgered")
        assert projector.checkpoint(shop.department) == NOWHERE

        await teller.mark()
        await heard(projector, shop)

    await is_as_told(views, codec, shop)
    rows = await views.fetch("SELECT partition, next_offset, position FROM marks ORDER BY partition")
    assert [row["next_offset"] for row in rows] == list(teller.watermark.offsets)
    assert max(row["position"] for row in rows) == len(events)


async def is_ledgered(views: Views, count: int) -> bool:
    return bool(await views.fetchval("SELECT count(*) FROM ledger") == count)


def repeated(events: list[Event], choose: random.Random) -> Iterable[Event]:
    """Some again, at once or much later."""
    for n, event in enumerate(events):
        yield event
        if choose.random() < 0.4:
            yield events[choose.randrange(n + 1)]


def reordered(events: list[Event], choose: random.Random) -> Iterable[Event]:
    """Neighbours change places, also those of one stream."""
    events = list(events)
    for n in range(0, len(events) - 1, 2):
        if choose.random() < 0.6:
            events[n], events[n + 1] = events[n + 1], events[n]
    return events


def thinned(events: list[Event], choose: random.Random) -> Iterable[Event]:
    """Some are missing, but the last of each stream: nothing that follows would tell."""
    last = {event.stream: event.version for event in events}
    return [event for event in events if event.version == last[event.stream] or choose.random() > 0.3]


@pytest.mark.parametrize("faulty", [repeated, reordered, thinned])
async def test_records_that_are_repeated_out_of_order_or_missing_change_nothing(
    views: Views,
    codec: Codec,
    shop: MemoryStore,
    teller: Teller,
    kafka: KafkaServer,
    faulty: Callable[[list[Event], random.Random], Iterable[Event]],
) -> None:
    events = await some_visits(shop, codec, seed=2)
    told = list(faulty(events, random.Random(2)))
    assert told != events
    await teller.tell(told)
    await teller.mark()
    async with listening(views, codec, shop, kafka.bootstrap) as projector:
        await heard(projector, shop)

    await is_as_told(views, codec, shop)


async def test_what_is_missing_at_the_end_of_a_stream_is_fetched_when_it_is_asked_for(
    views: Views, codec: Codec, shop: MemoryStore, teller: Teller, kafka: KafkaServer
) -> None:
    events = await some_visits(shop, codec, seed=3)
    *told, lost = events
    await teller.tell(told)
    await teller.mark()
    async with listening(views, codec, shop, kafka.bootstrap) as projector:
        await heard(projector, shop)
        assert await views.fetchval("SELECT count(*) FROM ledger") == len(told)

        assert await projector.heal(shop.department, TENANT, lost.stream, lost.version)

    await is_as_told(views, codec, shop)


def nothing(value: bytes) -> None:
    """Kafka takes headers whose value is null."""


def flipped(value: bytes) -> bytes:
    return bytes([value[0] ^ 1]) + value[1:]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda spoilt: spoilt._replace(value=spoilt.value.replace(b"coffee", b"coffef")),
        with_header("digest", flipped),
        with_header("version", flipped),
        with_header("tenant", flipped),
        with_header("generation", flipped),
        with_header("generation", lambda value: b"3"),
        with_header("recordedat", lambda value: value.replace(b"-", b"?")),
        with_header("ce_subject", flipped),
        with_header("tenant", nothing),
        with_header("metadata", nothing),
        lambda spoilt: spoilt._replace(headers=[]),
    ],
    ids=[
        "payload",
        "digest",
        "version",
        "tenant",
        "generation",
        "a later generation",
        "a time that is none",
        "another subject",
        "a header without a value",
        "metadata without a value",
        "no headers",
    ],
)
async def test_a_spoiled_record_is_an_alarm_that_is_never_ledgered_and_heals_from_the_owner(
    views: Views,
    codec: Codec,
    shop: MemoryStore,
    teller: Teller,
    kafka: KafkaServer,
    spoil: Callable[[Record], Record],
    caplog: pytest.LogCaptureFixture,
) -> None:
    events = await some_visits(shop, codec, seed=4, appends=10)
    await teller.tell(events[:7])
    await teller.tell(events[7:8], spoil)
    await teller.tell(events[8:])
    await teller.mark()
    async with listening(views, codec, shop, kafka.bootstrap, heals=False) as projector:
        await heard(projector, shop)

        assert projector.sources[shop.department].alarmed()
        assert any("ALARM" in message for message in caplog.messages)
        true = {(event.stream, event.version): event.digest for event in events}
        ledger = await views.fetch("SELECT stream, version, digest FROM ledger")
        assert all(true[row["stream"], row["version"]] == row["digest"] for row in ledger)

    async with listening(views, codec, shop, kafka.bootstrap):
        await eventually(lambda: nothing_is_parked(views), "all alarms set right")
    await is_as_told(views, codec, shop)


async def nothing_is_parked(views: Views) -> bool:
    return bool(await views.fetchval("SELECT count(*) FROM parked") == 0)


async def test_a_fact_that_cannot_be_handled_stops_its_stream_and_the_partition_goes_on(
    views: Views, codec: Codec, shop: MemoryStore, kafka: KafkaServer
) -> None:
    made = customers(["sales", shop.department])

    @made.on(CustomerBought)
    def choke(fact: CustomerBought, at: At) -> Iterable[Change]:
        if fact.what == "axe":
            raise ValueError(fact.what)
        return ()

    for n, what in enumerate(("axe", "tea", "tea")):
        await record(shop, codec, f"visit-{n}", CustomerBought(customer=f"c{n}", what=what, price=1))
    await record(shop, codec, "visit-0", CustomerBought(customer="c0", what="tea", price=1))
    async with telling(shop, kafka.bootstrap, partitions=1) as teller:
        await teller.tell_all()
        async with listening(views, codec, shop, kafka.bootstrap, projections=[made]) as projector:
            await heard(projector, shop)
            (stopped,) = await ParkedStreams(views, projector.heal_stream).list()

    assert (stopped.stream, stopped.version, stopped.kind, stopped.events) == (
        f"{shop.department}.visit-0",
        1,
        "FAULT",
        2,
    )
    assert await views.fetchval("SELECT count(*) FROM customers") == 2


async def test_a_topic_that_is_not_there_yet_is_waited_for(
    views: Views, codec: Codec, shop: MemoryStore, kafka: KafkaServer
) -> None:
    async with listening(views, codec, shop, kafka.bootstrap) as projector:
        await some_visits(shop, codec, seed=5, appends=3)
        with pytest.raises(Behind):
            await projector.wait_for(shop.department, await shop.head(), 0.5)
        async with telling(shop, kafka.bootstrap) as teller:
            await teller.tell_all()
            await heard(projector, shop)

    await is_as_told(views, codec, shop)


async def test_a_topic_that_was_deleted_and_filled_again_is_heard_from_its_start_and_counts_nothing_twice(
    views: Views, codec: Codec, shop: MemoryStore, teller: Teller, kafka: KafkaServer
) -> None:
    await some_visits(shop, codec, seed=6)
    await teller.tell_all()
    async with listening(views, codec, shop, kafka.bootstrap) as projector:
        await heard(projector, shop)
    await views.execute(
        "UPDATE marks SET next_offset = next_offset + 40, epoch = epoch + 1 WHERE partition <> 0"
    )  # As if the former topic had held more: records of aborted transactions, and their markers.

    first = (await shop.head()).position
    await some_visits(shop, codec, seed=7, appends=5)
    await teller.tell_all(first)
    async with listening(views, codec, shop, kafka.bootstrap) as projector:
        await heard(projector, shop)

    await is_as_told(views, codec, shop)


async def test_how_far_it_was_heard_is_never_more_than_every_partition_says(
    views: Views, codec: Codec, shop: MemoryStore, teller: Teller, kafka: KafkaServer
) -> None:
    await some_visits(shop, codec, seed=8)
    await teller.tell_all()
    place = await shop.head()
    async with listening(views, codec, shop, kafka.bootstrap) as projector:
        await heard(projector, shop)
        asked = teller.watermark.after((await shop.read_all(Position(place.position - 1), 1)).events[0], {})
        offsets = tuple(Offset(offset + (part == 1)) for part, offset in enumerate(asked.offsets))
        beyond = type(asked)(1, Position(place.position + 1), offsets, asked.digest)
        await teller.producer.send_and_wait(teller.topics.watermarks.name, beyond.value(), beyond.key, partition=0)
        await some_visits(shop, codec, seed=9, appends=1)

        with pytest.raises(Behind):
            await projector.wait_for(shop.department, Place(1, beyond.position), 1.0)
        assert projector.checkpoint(shop.department) == place


async def test_what_kafka_is_told_of_a_lag_is_never_more_than_what_was_saved(
    views: Views, codec: Codec, shop: MemoryStore, teller: Teller, kafka: KafkaServer
) -> None:
    await some_visits(shop, codec, seed=10)
    await teller.tell_all()
    async with listening(views, codec, shop, kafka.bootstrap) as projector:
        await heard(projector, shop)
        feed = projector.sources[shop.department].feed
        assert isinstance(feed, KafkaFeed)
        await eventually(lambda: lag_is_told(feed, teller), "the lag told")


async def lag_is_told(feed: KafkaFeed, teller: Teller) -> bool:
    consumer = feed.member._consumer
    assert consumer is not None
    partitions = list(consumer.assignment())
    told = {each.partition: await consumer.committed(each) or 0 for each in partitions}
    return told == dict(enumerate(teller.watermark.offsets))
