"""Writes that are remembered: what was attempted, what was acknowledged, what was refused."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

#: What says that the same may be asked again: something is away, or takes too long.
AGAIN = 503
#: Who hears nothing does not ask at once.
UNHEARD_S = 0.05
#: How soon everything must be answered once nothing is wrong any more.
AGAIN_S = 90.0
#: What is decided about something that another department tells of: it may not be there yet, or not be ready for it.
FOLLOWING = ("accept", "return", "update", "win")
NOT_YET = (404, 409)


@dataclass
class Attempt:
    """One write. `name` is its Idempotency-Key. `mark` is what it is found by in the log: see `tests/crash/writes.py`.
    `answer` is the resource of a 2xx answer. How often it was asked in vain: `unheard` counts those that got no answer,
    `put_off` those that were told to ask again."""

    kind: str
    name: str
    mark: str
    path: str
    body: dict[str, Any]
    answer: dict[str, Any] | None = None
    method: str = "POST"
    refusals: list[int] = field(default_factory=list)
    unheard: int = 0
    put_off: int = 0

    @property
    def is_open(self) -> bool:
        """Whether what became of it is not known."""
        return self.answer is None and not self.refusals

    @property
    def wrongly_refused(self) -> list[int]:
        """The statuses of refusals that say more than that it is too early."""
        return [each for each in self.refusals if self.kind not in FOLLOWING or each not in NOT_YET]

    async def ask(self, http: httpx.AsyncClient) -> bool:
        """Send it, again if need be: True when it was acknowledged."""
        headers = {"Idempotency-Key": self.name}
        try:
            response = await http.request(self.method, self.path, json=self.body, headers=headers)
        except httpx.HTTPError:
            self.unheard += 1
            return False
        if response.is_success:
            self.answer = response.json()
        elif response.status_code == AGAIN:
            self.put_off += 1
        else:
            self.refusals.append(response.status_code)
        return response.is_success


async def ask_again(http: httpx.AsyncClient, attempts: Sequence[Attempt], within_s: float = AGAIN_S) -> None:
    """Ask everything again that got no answer: each must be answered now, as if it had been asked once."""
    deadline = time.monotonic() + within_s
    for attempt in (each for each in attempts if each.is_open):
        while not await attempt.ask(http) and attempt.is_open:
            assert time.monotonic() < deadline, f"not answered within {within_s:.0f} s: {attempt}"
            await asyncio.sleep(UNHEARD_S)
        assert not attempt.wrongly_refused, f"{attempt.name} was refused when asked again: {attempt.refusals}"
