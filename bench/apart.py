"""Each contender runs in a process of its own, so that its client's CPU time is its own, too."""

import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Load:
    """What a contender did: `count` things in `seconds`, with `cpu_seconds` of the load client's process."""

    count: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        return self.count / self.seconds

    @property
    def cpu(self) -> float:
        """Share of one core that the load client used."""
        return self.cpu_seconds / self.seconds


def apart(work: Callable[..., int], *args: Any) -> Load:
    """Run `work(*args, start)` in a fresh process and time it from the moment it calls `start()`; it answers how many
    things it did. Raises `RuntimeError` when the process fails."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_run, args=(there, work, args))
    process.start()
    there.close()
    try:
        answer: Load | BaseException = here.recv()
    except EOFError:
        answer = RuntimeError(f"{work} ended without an answer")
    process.join()
    if isinstance(answer, BaseException):
        raise RuntimeError(f"{work}{args} failed") from answer
    return answer


def _run(pipe: Any, work: Callable[..., int], args: tuple[Any, ...]) -> None:
    os.environ.setdefault("PYTHONHASHSEED", "0")
    started: list[float] = []

    def start() -> None:
        started[:] = [time.perf_counter(), _cpu()]

    try:
        start()
        count = work(*args, start)
        pipe.send(Load(count, time.perf_counter() - started[0], _cpu() - started[1]))
    except Exception as error:  # noqa: BLE001 - handed to the parent, which raises it
        pipe.send(RuntimeError(f"{type(error).__name__}: {error}"))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def interleaved(contenders: dict[str, Callable[[], Load]], rounds: int = 3) -> dict[str, Load]:
    """Run the contenders in turns; of each, the round with the median rate."""
    runs: dict[str, list[Load]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            runs[name].append(run())
    return {name: _median(loads) for name, loads in runs.items()}


def _median(loads: list[Load]) -> Load:
    middle = median([load.rate for load in loads])
    return min(loads, key=lambda load: abs(load.rate - middle))
