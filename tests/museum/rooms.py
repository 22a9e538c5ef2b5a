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

MUSEUM = Path(__file__).parent
ROOT = MUSEUM.parents[1]
LEFT_OUT = (".git", ".venv", ".baton", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "node_modules")
TESTS_FAILED = 1


class RoomError(Exception):
    """A room that shows nothing: its patch does not apply, or a test does not fail without the guard."""


@dataclass(frozen=True)
class Room:
    patch: Path
    tests: tuple[str, ...]

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
    return Room(patch, tests)


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
            ran = _pytest(tree, test)
            if ran.returncode != TESTS_FAILED:
                raise RoomError(f"{room.name}: {test} did not fail without its guard:\n{ran.stdout[-2000:]}")


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
