"""A disk that a test fills up: a small file system of its own, in memory."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHUNKS_BYTES = (1_048_576, 4096, 1)


class SmallDisk:
    """Everything under `folder` has so much room and no more."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Leave no byte."""
        with self._filler.open("ab", buffering=0) as file:
            for size in CHUNKS_BYTES:
                self._fill(file.fileno(), bytes(size))

    def _fill(self, descriptor: int, chunk: bytes) -> None:
        try:
            while True:
                os.write(descriptor, chunk)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Iterator[SmallDisk | None]:
    """Mounted at a folder, which is made; gone afterwards with all that it holds. None for who may not mount: then the
    folder is like any other."""
    folder.mkdir(parents=True)
    asked = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(asked, capture_output=True, check=False).returncode != 0:
        yield None
        return
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
