"""The rooms, and how one is shown: in a copy of the tree, with the patch applied, its tests must fail."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

MUSEUM = Path(__file__).parent
ROOT = MUSEUM.parents[1]
LEFT_OUT = (".git", ".venv", ".baton", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "node_modules")
FAILED = "failed"
#: How an assertion begins in a report: `assert`, or what pytest's own helpers raise.
ASSERTIONS = ("AssertionError", "assert ", "Failed: DID NOT RAISE")


class RoomError(Exception):
    """A room that shows nothing: its patch does not apply, or a test does not fail without the guard."""


@dataclass(frozen=True)
class Room:
    """`fails` are exceptions by which its tests may end without the guard, beside an assertion."""

    patch: Path
    tests: tuple[str, ...]
    fails: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.patch.stem


def rooms() -> list[Room]:
    return [_read(patch) for patch in sorted(MUSEUM.glob("*.patch"))]


def _read(patch: Path) -> Room:
    lines = patch.read_text("utf-8").splitlines()
    tests = tuple(line.removeprefix("Test: ") for line in lines if line.startswith("Test: "))
    if not tests:
        raise RoomError(f"{patch.name} names no test")
    return Room(patch, tests, tuple(line.removeprefix("Fails: ") for line in lines if line.startswith("Fails: ")))


def applies(room: Room) -> bool:
    """Whether the patch fits the tree as it is."""
    return _git_apply(room, ROOT, "--check").returncode == 0


def show(room: Room) -> None:
    """Raise `RoomError` unless each test of the room fails without its guard."""
    with _copy() as tree:
        applied = _git_apply(room, tree)
        if applied.returncode != 0:
            raise RoomError(f"{room.name}: the patch does not apply: {applied.stderr}")
        for test in room.tests:
            report = tree / "report.xml"
            report.unlink(missing_ok=True)
            ran = _pytest(tree, f"--junit-xml={report}", test)
            told = judge(report.read_text("utf-8") if report.exists() else "", room.fails)
            if told != FAILED:
                raise RoomError(f"{room.name}: {test} without its guard: {told}\n{ran.stdout[-2000:]}")


def judge(report: str, fails: tuple[str, ...] = ()) -> str:
    """What a run of one test came to, by its report in JUnit's form: `FAILED` where an assertion of the test itself did
    not hold, or where it ended by one of the exceptions in `fails`. Whatever else goes wrong (a fixture, an import, a
    time that ran out, an exception that nobody expected) shows nothing about the guard."""
    if not report:
        return "pytest gave no report"
    cases = list(ElementTree.fromstring(report).iter("testcase"))
    errors = [_said(error) for case in cases for error in case.iter("error")]
    failures = [_said(failure) for case in cases for failure in case.iter("failure")]
    if errors:
        return f"an error, not a failure: {errors[0]}"
    if not failures:
        return "it passed" if cases else "no test ran"
    others = [failure for failure in failures if not failure.startswith((*ASSERTIONS, *fails))]
    return f"no assertion failed: {others[0]}" if others else FAILED


def _said(element: ElementTree.Element) -> str:
    return element.get("message", "")


def hold(room: Room) -> None:
    """Raise `RoomError` unless the tests of the room pass with the guard in place."""
    ran = _pytest(ROOT, *room.tests)
    if ran.returncode != 0:
        raise RoomError(f"{room.name}: the tests fail with the guard in place:\n{ran.stdout[-2000:]}")


@contextmanager
def _copy() -> Iterator[Path]:
    with TemporaryDirectory(prefix="baton-museum-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*LEFT_OUT, "__pycache__"))
        yield tree


def _git_apply(room: Room, tree: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = ["git", "apply", *options, str(room.patch)]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


def _pytest(tree: Path, *tests: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    cached = {"BATON_TEST_KAFKA": str(ROOT / ".baton" / "kafka")}  # a copy of the tree would fetch Kafka anew
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False, env=cached | os.environ)
