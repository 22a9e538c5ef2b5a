"""Load from several clients, which remember what they attempted and what was acknowledged."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

CHANNELS = ("CALL", "EMAIL", "VISIT")


@dataclass
class Attempt:
    """One write. `name` is its Idempotency-Key. `mark` is what it is found by in the log: the external id of what it
    makes, or of the lead that it qualifies. `answer` is the resource of a 2xx answer."""

    kind: str
    name: str
    mark: str
    path: str
    body: dict[str, Any]
    answer: dict[str, Any] | None = None
    refusals: list[int] = field(default_factory=list)

    async def ask(self, http: httpx.AsyncClient) -> bool:
        """Send it, again if need be: True when it was acknowledged."""
        try:
            response = await http.post(self.path, json=self.body, headers={"Idempotency-Key": self.name})
        except httpx.HTTPError:
            return False
        if response.is_success:
            self.answer = response.json()
        else:
            self.refusals.append(response.status_code)
        return response.is_success


@dataclass
class Client:
    """Registers people, captures leads, qualifies them, records calls: one after the other until told to stop."""

    number: int
    random: random.Random
    attempts: list[Attempt] = field(default_factory=list)
    leads: list[tuple[str, str]] = field(default_factory=list)
    people: list[str] = field(default_factory=list)

    async def work(self, http: httpx.AsyncClient, stop: asyncio.Event) -> None:
        while not stop.is_set():
            attempt = self._next()
            self.attempts.append(attempt)
            if await attempt.ask(http):
                self._learn(attempt)
            elif not attempt.refusals:
                return

    def _next(self) -> Attempt:
        name = f"c{self.number}-{len(self.attempts)}"
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


async def ask_again(http: httpx.AsyncClient, attempts: Sequence[Attempt]) -> None:
    """Ask everything again that got no answer: each must be answered now, as if it had been asked once."""
    for attempt in attempts:
        if attempt.answer is None and not attempt.refusals:
            assert await attempt.ask(http), f"{attempt.name} was refused when asked again: {attempt.refusals}"
