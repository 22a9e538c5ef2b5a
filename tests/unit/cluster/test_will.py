"""What a killed supervisor leaves behind is ended by the executor of its will, and nothing else is."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.cluster import will
from runtime.cluster.will import DONE, Left, execute

#: Says that it has started, and ends when it is asked to; with `deaf` it does not listen.
PROGRAM = """
import signal, sys, time
if "deaf" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("started", flush=True)
time.sleep(600)
"""
RUN = "run-of-this-test"


@pytest.fixture
def processes() -> Iterator[list["subprocess.Popen[bytes]"]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(will, "STOP_S", 1.0)
    monkeypatch.setattr(will, "LATE_S", 0.3)


def started(processes: "list[subprocess.Popen[bytes]]", *words: str) -> "subprocess.Popen[bytes]":
    program = [sys.executable, "-c", PROGRAM, *words]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, preexec_fn=_heed_ctrl_c)
    processes.append(process)
    assert process.stdout is not None
    assert process.stdout.readline() == b"started\n"
    return process


def _heed_ctrl_c() -> None:
    """Who runs the tests in the background of a shell has SIGINT ignored, and children inherit that: undo it here."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_what_is_left_is_asked_to_stop(processes: "list[subprocess.Popen[bytes]]") -> None:
    process = started(processes, RUN)
    execute([Left(RUN, pid=process.pid).line()])
    assert process.wait(5) == -signal.SIGTERM


def test_what_does_not_listen_is_killed(processes: "list[subprocess.Popen[bytes]]") -> None:
    process = started(processes, RUN, "deaf")
    execute([Left(RUN, pid=process.pid).line()])
    assert process.wait(5) == -signal.SIGKILL


def test_what_is_stopped_is_ended_too(processes: "list[subprocess.Popen[bytes]]") -> None:
    process = started(processes, RUN)
    process.send_signal(signal.SIGSTOP)
    execute([Left(RUN, pid=process.pid).line()])
    assert process.wait(5) == -signal.SIGTERM


def test_a_server_is_found_by_what_it_wrote_down(processes: "list[subprocess.Popen[bytes]]", tmp_path: Path) -> None:
    process = started(processes, RUN)
    (tmp_path / "pid").write_text(f"{process.pid}\nother things\n")
    execute([Left(RUN, pid_file=str(tmp_path / "pid"), ask=signal.SIGINT, server=True).line()])
    assert process.wait(5) in (-signal.SIGINT, 1, 130)


def test_servers_come_after_those_that_use_them(processes: "list[subprocess.Popen[bytes]]") -> None:
    client, server = started(processes, RUN, "deaf"), started(processes, RUN)
    began = time.monotonic()
    execute([Left(RUN, pid=server.pid, server=True).line(), Left(RUN, pid=client.pid).line()])
    assert time.monotonic() - began >= will.STOP_S
    assert (client.wait(5), server.wait(5)) == (-signal.SIGKILL, -signal.SIGTERM)


def test_another_process_with_the_number_is_let_live(processes: "list[subprocess.Popen[bytes]]") -> None:
    stranger = started(processes, "somebody-else")
    execute([Left(RUN, pid=stranger.pid).line()])
    assert stranger.poll() is None


def test_nothing_is_done_when_all_is_done(processes: "list[subprocess.Popen[bytes]]") -> None:
    process = started(processes, RUN)
    execute([Left(RUN, pid=process.pid).line(), DONE])
    assert process.poll() is None


def test_a_line_that_was_cut_off_is_no_process(processes: "list[subprocess.Popen[bytes]]") -> None:
    process = started(processes, RUN)
    execute([Left(RUN, pid=process.pid).line(), json.dumps({"word": RUN, "pid": os.getpid()}).encode()])
    assert process.wait(5) == -signal.SIGTERM
