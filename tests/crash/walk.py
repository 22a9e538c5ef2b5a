"""A seeded walk through the faults: each happens once in a cycle, in an order of the dice, to a cluster under load.

python -m tests.crash.walk --seed 7 --cycles 20 [--brokers 1] [--faults kill-role,fill-disk]
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.crash.client import work_until_all_came_through
from tests.crash.faults import FAULTS
from tests.crash.oracle import check, metrics_follow_from_the_logs, topics_are_the_logs
from tests.crash.site import Site, open_site


async def walk(folder: Path, seed: int, cycles: int, faults: Sequence[str], brokers: int) -> dict[str, int]:
    """So many cycles from one seed; raises on the first broken promise. Answers the number of events in each log."""
    dice = random.Random(seed)
    events: dict[str, int] = {}
    async with open_site(folder, dice, brokers) as site:
        if site.disk is None:
            print("fill-disk is left out: this user may not mount a small one", file=sys.stderr)
            faults = [name for name in faults if name != "fill-disk"]
        for n in range(1, cycles + 1):
            await _cycle(site, dice, faults, f"SEED={seed} cycle {n} of {cycles}")
            began = time.monotonic()
            await work_until_all_came_through(site.clients, site.http)
            events = await check(site.baton, site.attempts, views=True)
            _say(f"SEED={seed} cycle {n} of {cycles}: nothing lost; {events}", began)
    return events


async def _cycle(site: Site, dice: random.Random, faults: Sequence[str], where: str) -> None:
    for name in dice.sample(faults, len(faults)):
        began = time.monotonic()
        try:
            async with site.writing():
                await site.more(5)
                await asyncio.sleep(dice.uniform(0, 0.5))  # the moment
                await FAULTS[name](site, dice)
                await site.more(5)
            await topics_are_the_logs(site)
            await metrics_follow_from_the_logs(site)
        except BaseException as error:
            error.add_note(f"{where}: {name}; the log of Baton ends:\n{site.baton.log_end()}")
            raise
        refused = [(each.name, each.wrongly_refused) for each in site.attempts if each.wrongly_refused]
        assert not refused, f"{where}: {name}: {refused[:3]}"
        put_off = sum(attempt.put_off for attempt in site.attempts)
        _say(f"{where}: {name}: {site.acknowledged} acknowledged, {put_off} put off by now", began)


def _say(what: str, began: float) -> None:
    print(f"{what} ({time.monotonic() - began:.1f} s)", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--cycles", type=int, default=20)
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=3)
    parser.add_argument("--faults", help="names, separated by commas; all that fit by default")
    chosen = parser.parse_args()
    faults = chosen.faults.split(",") if chosen.faults else faults_of(chosen.brokers)
    folder = Path(tempfile.mkdtemp(prefix="baton-walk-"))  # kept where a promise is broken
    print(f"SEED={chosen.seed} CYCLES={chosen.cycles}; logs are in {folder}", file=sys.stderr)
    asyncio.run(walk(folder, chosen.seed, chosen.cycles, faults, chosen.brokers))
    shutil.rmtree(folder)
    print(f"SEED={chosen.seed}: {chosen.cycles} cycles of {len(faults)} faults, no finding", file=sys.stderr)


def faults_of(brokers: int) -> list[str]:
    """All that can happen with so many brokers, each once."""
    never = {"roll-roles"} if brokers > 2 else {"roll-roles", "kill-two-brokers"}
    return [name for name in FAULTS if name not in never]


if __name__ == "__main__":
    main()
