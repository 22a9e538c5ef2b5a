"""Streaming workers believe no record: what somebody else than the relay wrote to a topic changes no number, is told as
an alarm, and the stream is read from its owner's log."""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from eventlog.events import CHAIN_START, Event, Position, Version, digest_of
from eventlog.streaming.handling import Handling
from eventlog.streaming.streams import Known, Unkept
from facts.marketing import LeadCaptured
from tests.simulation.test_streaming_waiting import Scene, open_scene
from tests.support.log import whole_log

MARKETING = "marketing"

Forge = Callable[[Event], Event]


def with_zeros(event: Event) -> Event:
    return replace(event, digest=bytes(32))


def behind_another_history(event: Event) -> Event:
    """Its digest fits its own bytes."""
    return replace(event, digest=digest_of(b"x" * 32, event))


def of_a_later_generation(event: Event) -> Event:
    """No digest covers that."""
    return replace(event, generation=7)


FORGERIES = pytest.mark.parametrize("forge", [with_zeros, behind_another_history, of_a_later_generation])


@pytest.fixture
async def scene(database: str, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Scene]:
    caplog.set_level(logging.WARNING)
    async with open_scene(database) as scene:
        yield scene


def alarms(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [message for message in caplog.messages if message.startswith("ALARM")]


async def kinds(scene: Scene) -> list[str]:
    rows = await scene.views.fetch("SELECT kind FROM stream_parked ORDER BY stream, version")
    return [row["kind"] for row in rows]


async def a_second_version(scene: Scene) -> tuple[Sequence[Event], Event]:
    """Marketing's log, and an event of it that has a predecessor and a successor in its stream."""
    log = await whole_log(scene.stores[MARKETING])
    longer = {event.stream for event in log if event.version == 3}
    return log, next(event for event in log if event.version == 2 and event.stream in longer)


async def heal(scene: Scene, worker: Handling, streams: Unkept) -> None:
    scene.now += timedelta(seconds=1)
    await scene.retry(worker, streams)


async def all_the_rest(scene: Scene, worker: Handling, streams: Unkept) -> None:
    """What is not of marketing."""
    for name, store in scene.stores.items():
        if name != MARKETING:
            await worker.handle(name, await whole_log(store), streams)


@FORGERIES
async def test_what_is_forged_between_facts_counts_nothing_and_is_one_alarm(
    scene: Scene, forge: Forge, caplog: pytest.LogCaptureFixture
) -> None:
    """It takes the version of a fact, and the position of another stream's."""
    log, second = await a_second_version(scene)
    other = next(each for each in log if each.stream != second.stream and each.position > second.position)
    captured = next(each for each in log if each.type == LeadCaptured.name and each.stream != second.stream)
    forged = forge(replace(second, position=other.position, type=captured.type, data=captured.data))
    if forge is of_a_later_generation:
        first = next(each for each in log if each.stream == second.stream and each.version == 1)
        forged = replace(forged, digest=digest_of(first.digest, forged))
    worker, streams = await scene.worker(), Unkept()
    at = log.index(second)

    await worker.handle(MARKETING, [*log[:at], forged], streams)
    assert await kinds(scene) == ["ALARM"]
    await worker.handle(MARKETING, log[at:], streams)
    assert set(await kinds(scene)) == {"ALARM", "FOLLOWS"}
    await all_the_rest(scene, worker, streams)
    await heal(scene, worker, streams)

    await scene.rows_are_a_fold_of_the_logs()
    (alarm,) = alarms(caplog)
    assert f"version 2 of {second.stream}" in alarm
    assert await worker.missing(MARKETING) is None


async def test_a_stream_that_its_owner_never_had_is_forgotten(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """It claims the position of the fact that comes next; that one is no repeat."""
    log, second = await a_second_version(scene)
    captured = next(event for event in log if event.type == LeadCaptured.name)
    forged = with_zeros(replace(captured, stream="marketing.lead-of-nobody", position=second.position))
    worker, streams = await scene.worker(), Unkept()
    at = log.index(second)

    await worker.handle(MARKETING, [*log[:at], forged], streams)
    await worker.handle(MARKETING, log[at:], streams)
    await all_the_rest(scene, worker, streams)
    await heal(scene, worker, streams)

    await scene.rows_are_a_fold_of_the_logs()
    assert [("digest" in alarm, "ends at version 0" in alarm) for alarm in alarms(caplog)] == [
        (True, False),
        (False, True),
    ]


async def test_a_version_far_behind_the_end_of_its_stream_stops_no_worker(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    log, second = await a_second_version(scene)
    worker, streams = await scene.worker(), Unkept()
    at = log.index(second)
    await worker.handle(MARKETING, [*log[:at], replace(second, version=Version(1000))], streams)
    await worker.handle(MARKETING, log[at:], streams)
    await all_the_rest(scene, worker, streams)
    await heal(scene, worker, streams)
    await scene.rows_are_a_fold_of_the_logs()
    assert "lacks versions 2 to 999" in alarms(caplog)[0]


async def test_a_repeat_with_another_digest_is_an_alarm_and_changes_nothing(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    log, second = await a_second_version(scene)
    worker, streams = await scene.worker(), Unkept()
    await scene.hear(worker, streams)
    last = [event for event in log if event.stream == second.stream][-1]
    await worker.handle(MARKETING, [last, with_zeros(last)], streams)
    await scene.rows_are_a_fold_of_the_logs()
    assert alarms(caplog) == [f"ALARM version {last.version} of {last.stream} was told with another digest before"]


async def test_the_digest_that_an_older_release_did_not_keep_is_read_from_the_log(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    log, second = await a_second_version(scene)
    worker, streams = await scene.worker(), Unkept()
    at = log.index(second)
    await worker.handle(MARKETING, log[:at], streams)
    old = streams.read((second.tenant, second.stream))
    streams.write((second.tenant, second.stream), Known.parse(b'{"version": 1, "states": {}}'))
    assert streams.read((second.tenant, second.stream)).digest is None
    streams.write((second.tenant, second.stream), replace(old, digest=None))

    await worker.handle(MARKETING, [with_zeros(second)], streams)
    assert await kinds(scene) == ["ALARM"]
    await heal(scene, worker, streams)
    await worker.handle(MARKETING, log[at:], streams)
    await all_the_rest(scene, worker, streams)
    await scene.rows_are_a_fold_of_the_logs()
    assert len(alarms(caplog)) == 1


async def test_a_position_that_never_came_is_read_though_its_stream_waits_for_an_alarm(scene: Scene) -> None:
    """Nobody has tried the stream: as long as partitions are dealt anew, nobody does."""
    log, second = await a_second_version(scene)
    worker, streams = await scene.worker(), Unkept()
    at = log.index(second)
    await worker.handle(MARKETING, [*log[:at], with_zeros(second), *log[at:]], streams)
    await all_the_rest(scene, worker, streams)
    closed = list[Position]()
    while missing := await worker.missing(MARKETING):
        closed.append(missing.position)
        assert len(closed) < 50
        await worker.close_gap(MARKETING, *missing)
    assert closed[0] == second.position
    await scene.rows_are_a_fold_of_the_logs()


def test_what_is_known_of_a_stream_comes_back_as_it_was_kept() -> None:
    for known in (Known(), Known(Version(3), {"dwell": [1]}, b"d" * 32), Known(Version(3), {}, None)):
        assert Known.parse(known.value()) == known
    assert Known().digest == CHAIN_START
