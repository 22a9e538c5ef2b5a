"""What the writer takes of the appends that wait."""

import asyncio

from eventlog.queue import BATCH_COUNT_MAX, SHARE_COUNT_MIN, AppendQueue, Pending, size_of
from tests.support.log import an_append


def a_queue(*streams: str) -> AppendQueue:
    queue = AppendQueue()
    for stream in streams:
        append = an_append(stream)
        queue.put(Pending(append, asyncio.get_running_loop().create_future(), size_of(append)))
    return queue


def streams(batch: list[Pending]) -> list[str]:
    return [write.stream for pending in batch for write in pending.append.writes]


async def test_few_are_taken_together() -> None:
    names = [f"sales.deal-{n}" for n in range(2 * SHARE_COUNT_MIN - 1)]
    assert streams(a_queue(*names).take()) == names


async def test_of_plenty_one_half_is_taken_and_then_the_other() -> None:
    names = [f"sales.deal-{n}" for n in range(2 * SHARE_COUNT_MIN)]
    queue = a_queue(*names)
    assert [streams(queue.take()), streams(queue.take())] == [names[:SHARE_COUNT_MIN], names[SHARE_COUNT_MIN:]]


async def test_a_half_takes_along_what_touches_its_streams() -> None:
    queue = a_queue(*["sales.deal-1", "sales.deal-2"] * SHARE_COUNT_MIN)
    assert len(queue.take()) == 2 * SHARE_COUNT_MIN


async def test_what_touches_a_stream_that_is_being_written_waits() -> None:
    queue = a_queue("sales.deal-1", "sales.deal-2", "sales.deal-1")
    assert streams(queue.take({("olist", "sales.deal-1")})) == ["sales.deal-2"]
    assert streams(queue.take()) == ["sales.deal-1", "sales.deal-1"]


async def test_a_batch_is_bounded_also_when_all_touch_one_stream() -> None:
    queue = a_queue(*["sales.deal-1"] * (BATCH_COUNT_MAX + 1))
    assert [len(queue.take()), len(queue.take())] == [BATCH_COUNT_MAX, 1]
