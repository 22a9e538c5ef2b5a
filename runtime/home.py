"""`BATON_HOME`: one Baton at a time, and how commands find it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from runtime.files import replace_private
from runtime.settings import Settings


class AlreadyRunning(Exception):
    """Another Baton runs on this home."""


class NotRunning(Exception):
    """No Baton runs on this home."""


@dataclass(frozen=True)
class Run:
    """What `run.json` says of the Baton that runs here."""

    gateway: str
    grpc: str
    pid: int
    #: What a cluster's supervisor does not start again, and why.
    given_up: tuple[str, ...] = ()


@contextmanager
def locked(settings: Settings) -> Iterator[None]:
    """Have the home for ourselves. The lock is the kernel's, so it ends with the process, however that ends.

    Raises `AlreadyRunning`."""
    # Others may pass through, to the database's own folder; keys and logs have folders of their own, closed to them.
    settings.home.mkdir(mode=0o711, parents=True, exist_ok=True)
    with (settings.home / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise AlreadyRunning(
                f"another Baton (process {file.read().strip() or '?'}) runs on {settings.home}: stop it, or choose"
                " another folder with BATON_HOME"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def announce(settings: Settings, run: Run) -> None:
    """Tell commands where this Baton is, and how it is doing."""
    replace_private(settings.run_file, orjson.dumps(asdict(run)))


@contextmanager
def announced(settings: Settings, run: Run) -> Iterator[None]:
    """Tell commands where this Baton is, as long as it is."""
    announce(settings, run)
    try:
        yield
    finally:
        settings.run_file.unlink(missing_ok=True)


def unusable(settings: Settings, error: OSError) -> str:
    """Why the home itself cannot be used; "" when the error is about something else."""
    if not isinstance(error.filename, str | os.PathLike):
        return ""
    path = Path(error.filename)
    if not path.is_relative_to(settings.home) and not settings.home.is_relative_to(path):
        return ""
    return f"BATON_HOME={str(settings.home)!r} cannot be used: {path}: {error.strerror}"


def find(settings: Settings) -> Run:
    """The Baton that runs on this home. Raises `NotRunning`."""
    try:
        return Run(**orjson.loads(settings.run_file.read_bytes()))
    except FileNotFoundError:
        raise NotRunning(f"no Baton runs on {settings.home}: start one with `baton up`") from None
