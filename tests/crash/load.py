"""Load from several clients, which remember what they attempted and what was acknowledged."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

CHANNELS = ("CALL", "EMAIL", "VISIT")
#: What says that the same may be asked again: something is away, or takes too long.
AGAIN = 503
#: Who hears nothing does not ask at once.
UNHEARD_S = 0.05
#: How soon everything must be answered once nothing is wrong any more.
AGAIN_S = 30.0


@dataclass
class Attempt:
    """One write. `name` is its Idempotency-Key. `mark` is what it is found by in the log: the external id of what it
    makes, or of the lead that it qualifies. `answer` is the resource of a 2xx answer. How often it was asked in vain:
    `unheard` counts those that got no answer, `put_off` those that were told to ask again."""

    kind: str
    name: str
    mark: str
    path: str
    body: dict[str, Any]
    answer: dict[str, Any] | None = None
    refusals: list[int] = field(default_factory=list)
    unheard: int = 0
    put_off: int = 0

    @property
    def is_open(self) -> bool:
        """Whether what became of it is not known."""
        return self.answer is None and not self.refusals

    async def ask(self, http: httpx.AsyncClient) -> bool:
        """Send it, again if need be: True when it was acknowledged."""
        try:
            response = await http.post(self.path, json=self.body, headers={"Idempotency-Key": self.name})
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


@dataclass
class Client:
    """Registers people, captures leads, qualifies them, records calls: one after the other until told to stop, with
    pauses of `pause_s` at most between them."""

    number: int
    random: random.Random
    pause_s: float = 0.0
    attempts: list[Attempt] = field(default_factory=list)
    leads: list[tuple[str, str]] = field(default_factory=list)
    people: list[str] = field(default_factory=list)

    async def work(self, http: httpx.AsyncClient, stop: asyncio.Event) -> None:
        while not stop.is_set():
            attempt = self._next()
            self.attempts.append(attempt)
            if await attempt.ask(http):
                self._learn(attempt)
            await asyncio.sleep(self.random.uniform(0, self.pause_s) if self.pause_s else attempt.unheard * UNHEARD_S)

    async def capture_and_qualify(self, http: httpx.AsyncClient) -> str:
        """Hand a new lead on, whatever is in the way: the id of its handoff."""
        name = self._name()
        lead = await self._answered(http, Attempt("lead", name, name, "/v1/leads", self._lead(name)))
        path, note = f"/v1/leads/{lead['id']}:qualify", {"note": "whatever is in the way"}
        asked = await self._answered(http, Attempt("qualify", self._name(), name, path, note))
        return str(asked["handoffId"])

    async def _answered(self, http: httpx.AsyncClient, attempt: Attempt) -> dict[str, Any]:
        self.attempts.append(attempt)
        await ask_again(http, [attempt])
        assert attempt.answer is not None
        return attempt.answer

    def _name(self) -> str:
        return f"c{self.number}-{len(self.attempts)}"

    def _next(self) -> Attempt:
        name = self._name()
        choice = self.random.random()
        if choice < 0.25 and self.leads:
            lead, mark = self.leads.pop(self.random.randrange(len(self.leads)))
            return Attempt("qualify", name, mark, f"/v1/leads/{lead}:qualify", {"note": f"note {name}"})
        if choice < 0.4 and self.people:
            return Attempt("interaction", name, name, "/v1/interactions", self._interaction(name))
        if choice < 0.7:
            return Attempt("person", name, name, "/v1/people", self._person(name))
        return Attempt("lead", name, name, "/v1/leads", self._lead(name))

    def _person(self, name: str) -> dict[str, Any]:
        emails = [{"address": f"{name}@example.org"}]
        return {"externalId": name, "givenName": "Vera", "familyName": name, "branch": "riga", "emails": emails}

    def _lead(self, name: str) -> dict[str, Any]:
        person = {"name": f"Lead {name}", "email": f"lead-{name}@example.org"} if self.random.random() < 0.5 else None
        lead = {"externalId": name, "source": self.random.choice(("form", "call", "")), "branch": "riga"}
        return lead | ({"person": person} if person else {})

    def _interaction(self, name: str) -> dict[str, Any]:
        return {
            "externalId": name,
            "personId": self.random.choice(self.people),
            "channel": self.random.choice(CHANNELS),
            "direction": "IN",
            "branch": "riga",
            "occurredAt": "2026-03-01T10:00:00Z",
            "summary": "asked for the price list",
        }

    def _learn(self, attempt: Attempt) -> None:
        if attempt.answer is not None and attempt.kind == "person":
            self.people.append(attempt.answer["id"])
        if attempt.answer is not None and attempt.kind == "lead":
            self.leads.append((attempt.answer["id"], attempt.mark))


async def ask_again(http: httpx.AsyncClient, attempts: Sequence[Attempt], within_s: float = AGAIN_S) -> None:
    """Ask everything again that got no answer: each must be answered now, as if it had been asked once."""
    deadline = time.monotonic() + within_s
    for attempt in (each for each in attempts if each.is_open):
        while not await attempt.ask(http):
            assert attempt.is_open, f"{attempt.name} was refused when asked again: {attempt.refusals}"
            assert time.monotonic() < deadline, f"{attempt.name} was not answered within {within_s:.0f} s"
            await asyncio.sleep(UNHEARD_S)
