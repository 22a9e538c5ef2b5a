"""The supervisor's last will: a small process that outlives it for some seconds, and ends what it leaves behind.

A killed supervisor cannot stop its processes. Those of ours notice, unless they are stopped or hang; PostgreSQL and
Kafka do not. So their executor is told beforehand, line by line on its standard input, what there is. When that ends
without the word that all is done, it asks each to stop, waits, and kills what stays. PostgreSQL and Kafka come after
those that use them.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

#: What was started in the moment of the end writes its process id a little later.
LATE_S = 1.0
STOP_S = 6.0
LOOK_S = 0.05


@dataclass(frozen=True)
class Left:
    """A process: `pid`, or a file whose first line says it, and a word of its command line, by which it is told from
    another one that got an old number. `server`: it is asked to stop after the others."""

    word: str
    pid: int = 0
    pid_file: str = ""
    ask: int = signal.SIGTERM
    force: int = signal.SIGKILL
    server: bool = False

    def line(self) -> bytes:
        """As the executor is told it."""
        return json.dumps(asdict(self)).encode() + b"\n"


DONE = b"done\n"


def execute(lines: Iterable[bytes]) -> None:
    """Read what there is until the end; act on it where nobody said that all is done."""
    left: list[Left] = []
    for line in lines:
        if line == DONE:
            return
        if line.endswith(b"\n"):
            left.append(Left(**json.loads(line)))
    end([each for each in left if not each.server])
    end([each for each in left if each.server])


def end(left: Sequence[Left]) -> None:
    """Ask all of them to stop; kill those that do not."""
    asked: set[int] = set()
    late, deadline = time.monotonic() + LATE_S, time.monotonic() + STOP_S
    while time.monotonic() < deadline:
        alive = {pid: each for each in left for pid in _running(each)}
        for pid in alive.keys() - asked:
            _send(pid, alive[pid].ask)
        asked |= alive.keys()
        if not alive and (time.monotonic() > late or all(each.pid for each in left)):
            return
        time.sleep(LOOK_S)
    for each in left:
        for pid in _running(each):
            _send(pid, each.force)


def _running(left: Left) -> Iterable[int]:
    """Its process id, as long as it runs."""
    pid = left.pid or _noted(Path(left.pid_file))
    return [pid] if pid and left.word in _command(pid) else []


def _noted(path: Path) -> int:
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return 0


def _command(pid: int) -> Sequence[str]:
    import psutil  # slow to import, and needed only at the end

    try:
        process = psutil.Process(pid)
        words: Sequence[str] = process.cmdline() if process.status() != psutil.STATUS_ZOMBIE else ()
    except psutil.Error:
        return ()
    return words


def _send(pid: int, number: int) -> None:
    # A process that is stopped does not hear what it is asked.
    for each in (number, signal.SIGCONT):
        try:
            os.kill(pid, each)
        except ProcessLookupError:
            return


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    execute(sys.stdin.buffer)


if __name__ == "__main__":
    main()
