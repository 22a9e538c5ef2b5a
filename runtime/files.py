"""Files that only their owner may read."""

import logging
import os
from pathlib import Path

log = logging.getLogger("baton.files")


def private_folder(path: Path) -> Path:
    """The folder, made if missing, open to its owner alone."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def write_private(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 whole or not at all: a crash leaves the old one or the new one, durably.

    Where another process writes the same file at the same moment, the first one stays."""
    private_folder(path.parent)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(beside, path)
    except FileExistsError:
        return
    finally:
        beside.unlink()
    _sync(path.parent)


def read_private(path: Path) -> bytes:
    """The content of a file that is to be its owner's alone. One of ours that others may read is closed to them, and
    they may know what was in it: the log says so. A file of somebody else's is his to close, as a mounted secret is."""
    status = path.stat()
    if status.st_mode & 0o077 and status.st_uid == os.geteuid():
        log.warning("%s could be read by others than its owner: closed to them now", path)
        path.chmod(0o600)
    return path.read_bytes()


def replace_private(path: Path, content: bytes) -> None:
    """Like `write_private`, but what was there before is replaced."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    beside.replace(path)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
