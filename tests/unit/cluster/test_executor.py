"""The executor of the will is there as long as it is needed, whoever kills it."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator

import pytest

from runtime.cluster.executor import Executor
from runtime.cluster.will import Left
from tests.support.cluster import until

RUN = "run-of-this-test"


@pytest.fixture
async def left_behind() -> AsyncIterator[Process]:
    program = "import time; print('started', flush=True); time.sleep(600)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, RUN, stdout=PIPE)
    assert process.stdout is not None
    await process.stdout.readline()
    yield process
    if process.returncode is None:
        process.kill()
        await process.wait()


async def died(executor: Executor) -> None:
    """As when the supervisor is killed: the executor's input ends without a word."""
    assert executor._watching is not None
    assert executor._process is not None
    assert executor._process.stdin is not None
    executor._watching.cancel()
    executor._process.stdin.close()
    await asyncio.wait_for(executor._process.wait(), 20)


async def test_after_the_supervisors_death_the_will_is_executed(left_behind: Process) -> None:
    executor = Executor()
    await executor.start()
    executor.leave(Left(RUN, pid=left_behind.pid))
    await died(executor)
    assert await left_behind.wait() == -signal.SIGTERM


async def test_an_executor_that_was_killed_has_a_successor_that_knows_everything(left_behind: Process) -> None:
    executor = Executor()
    await executor.start()
    executor.leave(Left(RUN, pid=left_behind.pid))
    first = executor._process
    assert first is not None
    first.kill()
    await until(lambda: executor._process is not first, "no successor")
    await died(executor)
    assert await left_behind.wait() == -signal.SIGTERM


async def test_one_that_is_dismissed_leaves_everything_alone(left_behind: Process) -> None:
    executor = Executor()
    await executor.start()
    executor.leave(Left(RUN, pid=left_behind.pid))
    await executor.dismiss()
    assert left_behind.returncode is None
