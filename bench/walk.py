"""The walk of the README on real data (8,000 leads, 842 deals, the audit), in one process and as a cluster."""

import asyncio
import tempfile
from pathlib import Path

from bench.rows import Row, at_most
from tests.support.cluster import running_cluster
from tests.support.olist import Walk
from tests.support.running import running

WAYS = {"one process": (running, 20, 20), "a cluster": (running_cluster, 40, 25)}


def run() -> list[Row]:
    """From the start of the first import to the end of the audit, in seconds."""
    return asyncio.run(_run())


async def _run() -> list[Row]:
    return [await _walked(way) for way in WAYS]


async def _walked(way: str) -> Row:
    start, most, aim = WAYS[way]
    with tempfile.TemporaryDirectory() as folder:
        async with start(Path(folder) / "home") as baton:
            walk = Walk(baton)
            await walk.go()
    audit = walk.said("audit")
    if (audit["pending"], audit["discrepancies"], audit["lost"]) != (0, 0, 0):
        raise RuntimeError(f"the audit found something: {audit}")
    note = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in walk.seconds.items())
    return at_most(f"the Olist walk, {way}", sum(walk.seconds.values()), "s", most, aim, note)
