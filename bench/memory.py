"""Memory of `make run`, idle after the demo, PostgreSQL included: proportional set sizes of the whole process tree."""

import asyncio
import tempfile
from pathlib import Path

import psutil

from bench.rows import Row, at_most
from tests.support.running import running

#: Idle for so long before it is measured.
SETTLE_S = 20.0


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        return [asyncio.run(_run(Path(folder)))]


async def _run(folder: Path) -> Row:
    async with running(folder / "home", "--demo") as baton:
        await asyncio.sleep(SETTLE_S)
        if baton.process is None:
            raise RuntimeError("baton does not run")
        roots = (baton.process.pid, baton.postmaster())
        shares = {process.pid: _pss(process) for root in roots for process in _tree(root)}
        note = f"{len(shares)} processes"
        return at_most("memory of make run after the demo", sum(shares.values()), "MB", 250, 200, note)


def _tree(root: int) -> list[psutil.Process]:
    process = psutil.Process(root)
    return [process, *process.children(recursive=True)]


def _pss(process: psutil.Process) -> float:
    """Megabytes; a page that several processes share counts in parts."""
    return process.memory_full_info().pss / 1e6
