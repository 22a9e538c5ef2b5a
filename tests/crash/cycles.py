"""Seeded cycles of kill -9 under load: `make test` runs a few, `make soak CYCLES=1000` many.

python -m tests.crash.cycles --seed 7 --cycles 1000 --victim baton
"""

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from tests.crash.load import Attempt, Client, ask_again
from tests.crash.oracle import check
from tests.support.running import Baton, running

CLIENTS = 6
#: Everything is rebuilt and compared after every so many cycles, and after the last.
VIEWS_EVERY = 5


async def cycle(baton: Baton, dice: random.Random, clients: list[Client], victim: str) -> None:
    """Load, kill at a moment that the seed picks, start again, ask again what got no answer."""
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        http = [
            await stack.enter_async_context(await baton.client("crash", f"e{c.number}", "manager")) for c in clients
        ]
        working = [asyncio.create_task(client.work(each, stop)) for client, each in zip(clients, http, strict=True)]
        await asyncio.sleep(dice.uniform(0.2, 1.2))
        await _kill(baton, victim)
        stop.set()
        await asyncio.gather(*working)
        if victim == "baton":
            await baton.start()
        await asyncio.gather(*(ask_again(h, c.attempts) for c, h in zip(clients, http, strict=True)))


async def _kill(baton: Baton, victim: str) -> None:
    if victim == "baton":
        await baton.kill()
    else:
        os.kill(baton.postmaster(), signal.SIGKILL)


async def run(seed: int, cycles: int, victim: str, home: Path) -> dict[str, int]:
    """So many cycles from one seed; raises on the first broken promise. Answers the number of events in each log."""
    dice = random.Random(seed)
    clients = [Client(number, random.Random(dice.random())) for number in range(CLIENTS)]
    events: dict[str, int] = {}
    async with running(home) as baton:
        for n in range(1, cycles + 1):
            await cycle(baton, dice, clients, victim)
            events = await check(baton, _all(clients), views=n % VIEWS_EVERY == 0 or n == cycles)
            print(f"seed {seed}: cycle {n} of {cycles}: kill -9 of {victim}: {events}", file=sys.stderr, flush=True)
    return events


def _all(clients: list[Client]) -> list[Attempt]:
    return [attempt for client in clients for attempt in client.attempts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--cycles", type=int, default=20)
    parser.add_argument("--victim", choices=("baton", "postgres"), default="baton")
    chosen = parser.parse_args()
    print(f"SEED={chosen.seed} CYCLES={chosen.cycles}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="baton-soak-") as folder:
        asyncio.run(run(chosen.seed, chosen.cycles, chosen.victim, Path(folder) / "home"))


if __name__ == "__main__":
    main()
