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
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.crash.client import Client, work_until_all_came_through
from tests.crash.importing import TENANT, Import
from tests.crash.load import Attempt
from tests.crash.oracle import check
from tests.support.running import Baton, running

CLIENTS = 6
#: Views are compared with a fold of the logs after every so many cycles, and after the last: four processes read all
#: there is, seconds that grow with every cycle.
VIEWS_EVERY = 5
#: A file is being imported at every other kill.
IMPORT_EVERY = 2


@dataclass(frozen=True)
class Outcome:
    """The number of events in each log, and the imports during which it was killed."""

    events: dict[str, int]
    cut: list[str]


@dataclass
class Crowd:
    """Those who work while Baton is killed, and what they bring in. `cut` are imports during which it was."""

    clients: list[Client]
    dice: random.Random
    imports: list[Import] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)

    @property
    def attempts(self) -> list[Attempt]:
        of_clients = [attempt for client in self.clients for attempt in client.attempts]
        return of_clients + [attempt for each in self.imports for attempt in each.attempts]

    @asynccontextmanager
    async def at_their_desks(self, baton: Baton) -> AsyncIterator[list[httpx.AsyncClient]]:
        async with AsyncExitStack() as stack:
            clients = [await baton.client(TENANT, f"e{each.number}", "manager") for each in self.clients]
            yield [await stack.enter_async_context(client) for client in clients]


async def cycle(baton: Baton, crowd: Crowd, victim: str, importing: Import | None) -> None:
    """Load, kill at a moment that the seed picks, start again, ask again what got no answer."""
    stop, clients = asyncio.Event(), crowd.clients
    async with crowd.at_their_desks(baton) as http:
        working = [asyncio.create_task(client.work(each, stop)) for client, each in zip(clients, http, strict=True)]
        if importing:
            crowd.imports.append(importing)
            await importing.begin(http[0])
            await asyncio.sleep(crowd.dice.uniform(0, 0.1))
            if importing.under_way:
                crowd.cut.append(importing.name)
        else:
            await asyncio.sleep(crowd.dice.uniform(0.2, 1.2))
        await _kill(baton, victim)
        stop.set()
        await asyncio.gather(*working)
        if victim == "baton":
            await baton.start()
        await asyncio.gather(*(c.catch_up(h) for c, h in zip(clients, http, strict=True)))
    if importing:
        await importing.ended()
        await importing.again()
        assert (await importing.again())["created"] == 0


async def _kill(baton: Baton, victim: str) -> None:
    if victim == "baton":
        await baton.kill()
    else:
        os.kill(baton.postmaster(), signal.SIGKILL)


async def run(seed: int, cycles: int, victim: str, home: Path) -> Outcome:
    """So many cycles from one seed; raises on the first broken promise."""
    dice = random.Random(seed)
    crowd = Crowd([Client(number, random.Random(dice.random())) for number in range(CLIENTS)], dice)
    events: dict[str, int] = {}
    async with running(home) as baton:
        for n in range(1, cycles + 1):
            importing = Import(baton, f"file{n}", home.parent / "files") if n % IMPORT_EVERY == 0 else None
            await cycle(baton, crowd, victim, importing)
            if n == cycles:
                async with crowd.at_their_desks(baton) as http:
                    await work_until_all_came_through(crowd.clients, http)
            events = await check(baton, crowd.attempts, views=n % VIEWS_EVERY == 0 or n == cycles)
            print(f"seed {seed}: cycle {n} of {cycles}: kill -9 of {victim}: {events}", file=sys.stderr, flush=True)
    return Outcome(events, crowd.cut)


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
