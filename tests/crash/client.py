"""Somebody who works while things break: all that is done is drawn from a seed."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from services.contacts.domain.handoff_verbs import opened_by
from tests.crash.load import AGAIN_S, UNHEARD_S, Attempt, ask_again
from tests.crash.writes import unacknowledged

CHANNELS = ("CALL", "EMAIL", "VISIT")
#: Who was told that it is too early, or nothing at all, does so many other things first.
LATER = 10


@dataclass
class Client:
    """Registers people and records calls, captures leads, touches and qualifies them, accepts or returns what came of
    them, updates and wins the opportunities: one after the other until told to stop, with pauses of `pause_s` at most
    between them. `handed` are leads with the handoffs that were asked for them, `deals` opportunities that are open;
    `busy_until` is the number of the attempt before which neither is looked at again. `sells`: sales is asked."""

    number: int
    random: random.Random
    pause_s: float = 0.0
    attempts: list[Attempt] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    leads: list[tuple[str, str]] = field(default_factory=list)
    handed: list[tuple[str, str]] = field(default_factory=list)
    deals: list[str] = field(default_factory=list)
    busy_until: int = 0
    sells: bool = True

    async def work(self, http: httpx.AsyncClient, stop: asyncio.Event) -> None:
        while not stop.is_set():
            attempt = self._next()
            self.attempts.append(attempt)
            await attempt.ask(http)
            self._learn(attempt)
            if attempt.answer is None:
                self.busy_until = len(self.attempts) + LATER
            await asyncio.sleep(self.random.uniform(0, self.pause_s) if self.pause_s else attempt.unheard * UNHEARD_S)

    async def catch_up(self, http: httpx.AsyncClient, within_s: float = AGAIN_S) -> None:
        """Ask again what got no answer, and take note of what came of it."""
        unanswered = [attempt for attempt in self.attempts if attempt.is_open]
        await ask_again(http, unanswered, within_s)
        for attempt in unanswered:
            self._learn(attempt)

    async def capture_and_qualify(self, http: httpx.AsyncClient) -> str:
        """Hand a new lead on, whatever is in the way: the id of its handoff."""
        lead = await self._answered(http, self._lead(name := self._name()))
        qualify = self._qualifying(self._name(), lead["id"], name)
        return str((await self._answered(http, qualify))["handoffId"])

    async def _answered(self, http: httpx.AsyncClient, attempt: Attempt) -> dict[str, Any]:
        self.attempts.append(attempt)
        await ask_again(http, [attempt])
        assert attempt.answer is not None
        return attempt.answer

    def _name(self) -> str:
        return f"c{self.number}-{len(self.attempts)}"

    def _next(self) -> Attempt:
        """One of what can be done now, some of it more often."""
        is_free = len(self.attempts) >= self.busy_until
        may_sell = self.deals and is_free and self.sells
        weights: dict[Callable[[str], Attempt], int] = {
            self._lead: 3,
            self._person: 2,
            self._interaction: 2 if self.people else 0,
            self._qualify: 4 if self.leads else 0,
            self._touch: 2 if self.handed else 0,
            self._decide: 3 if self.handed and is_free else 0,
            self._update: 2 if may_sell else 0,
            self._win: 1 if may_sell else 0,
        }
        (chosen,) = self.random.choices(list(weights), list(weights.values()))
        return chosen(self._name())

    def _person(self, name: str) -> Attempt:
        emails = [{"address": f"{name}@example.org"}]
        person = {"externalId": name, "givenName": "Vera", "familyName": name, "branch": "riga", "emails": emails}
        return Attempt("person", name, name, "/v1/people", person)

    def _lead(self, name: str) -> Attempt:
        person = {"name": f"Lead {name}", "email": f"lead-{name}@example.org"} if self.random.random() < 0.5 else None
        lead = {"externalId": name, "source": self.random.choice(("form", "call", "")), "branch": "riga"}
        return Attempt("lead", name, name, "/v1/leads", lead | ({"person": person} if person else {}))

    def _interaction(self, name: str) -> Attempt:
        interaction = {
            "externalId": name,
            "personId": self.random.choice(self.people),
            "channel": self.random.choice(CHANNELS),
            "direction": "IN",
            "branch": "riga",
            "occurredAt": "2026-03-01T10:00:00Z",
            "summary": "asked for the price list",
        }
        return Attempt("interaction", name, name, "/v1/interactions", interaction)

    def _qualify(self, name: str) -> Attempt:
        return self._qualifying(name, *self.leads.pop(self.random.randrange(len(self.leads))))

    def _qualifying(self, name: str, lead: str, mark: str) -> Attempt:
        return Attempt("qualify", name, mark, f"/v1/leads/{lead}:qualify", {"note": f"note {name}"})

    def _touch(self, name: str) -> Attempt:
        """Of a lead that is handed on: what comes after the offer belongs into the closing manifest."""
        lead, _ = self.random.choice(self.handed)
        touch = {"campaign": name, "channel": self.random.choice(CHANNELS)}
        return Attempt("touch", name, name, f"/v1/leads/{lead}:touch", touch)

    def _decide(self, name: str) -> Attempt:
        """About one handoff after the other: one that is not ready comes again when all others were looked at."""
        self.handed.append(self.handed.pop(0))
        _, handoff = self.handed[-1]
        if self.random.random() < 0.7:
            return Attempt("accept", name, handoff, f"/v1/handoffs/{handoff}:accept", {"owner": name})
        return Attempt("return", name, handoff, f"/v1/handoffs/{handoff}:return", {"reason": f"reason {name}"})

    def _update(self, name: str) -> Attempt:
        """Each time to something else: an update tells what it changes, no more."""
        deal = self.random.choice(self.deals)
        changed = {"externalId": name, "owner": f"owner {name}"}
        return Attempt("update", name, name, f"/v1/opportunities/{deal}", changed, method="PATCH")

    def _win(self, name: str) -> Attempt:
        deal = self.random.choice(self.deals)
        amount = {"currency": "EUR", "amount": f"{self.random.randrange(1, 10_000)}.50"}
        return Attempt("win", name, deal, f"/v1/opportunities/{deal}:win", {"amount": amount})

    def _learn(self, attempt: Attempt) -> None:
        if attempt.answer is None:
            return
        id = attempt.answer["id"]
        match attempt.kind:
            case "person":
                self.people.append(id)
            case "lead":
                self.leads.append((id, attempt.mark))
            case "qualify":
                self.handed.append((id, attempt.answer["handoffId"]))
            case "accept":
                self._settle(id)
                self.deals.append(opened_by(id))
            case "return":
                self._settle(id)
            case "win":
                self.deals.remove(id)

    def _settle(self, handoff: str) -> None:
        self.handed = [each for each in self.handed if each[1] != handoff]


async def work_until_all_came_through(clients: Sequence[Client], http: Sequence[httpx.AsyncClient]) -> None:
    """Let them work, now that nothing is wrong any more, until each kind of write was acknowledged once: on a machine
    that is slow, or in a short time, the later ones may not have had their turn."""
    stop, deadline = asyncio.Event(), time.monotonic() + AGAIN_S
    async with asyncio.TaskGroup() as group:
        for client, each in zip(clients, http, strict=True):
            group.create_task(client.work(each, stop))
        try:
            while missing := unacknowledged([attempt for client in clients for attempt in client.attempts]):
                assert time.monotonic() < deadline, f"nothing of these kinds was acknowledged: {missing}"
                await asyncio.sleep(UNHEARD_S)
        finally:
            stop.set()
    await asyncio.gather(*(client.catch_up(each) for client, each in zip(clients, http, strict=True)))
