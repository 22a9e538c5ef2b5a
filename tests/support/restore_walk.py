"""Marketing's database goes back to an earlier moment than everybody who heard it, and everything goes on: what users
and operators see of it, the same in one process and in a cluster."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.restoring import Backup
from tests.support.running import Answer, Baton, eventually

DEPARTMENTS = ("contacts", "marketing", "sales", "analytics")
#: What the projector of a department that hears marketing, or marketing's relay, says.
NAMED = "run `baton log restored marketing`"


@dataclass
class Walk:
    """`kept` and `lost` are leads with their handoffs: before and after the moment to which marketing goes back."""

    baton: Baton
    mona: httpx.AsyncClient
    kept: dict[str, str] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    place: str = ""
    shared: int = 0

    async def until_the_backup(self) -> None:
        self.kept = await self.delivered("Anna Petrova")
        self.touched = (await self.capture("Xenia Frey"))["id"]
        self.backup = Backup(self.baton.home, "marketing")
        await self.backup.take()
        self.shared = len(await self.log())

    async def what_is_lost(self) -> None:
        """A whole handoff, the next version of a lead that stays, and a lead that somebody will enter again."""
        self.lost = await self.delivered("Boris Lem")
        await self.post(f"/v1/leads/{self.touched}:touch", channel="EMAIL", source="mail")
        await self.capture("Clara Voss", key="clara")
        await self.heard_everywhere()

    async def bring_back(self) -> None:
        """Restore, start, and wait until somebody stops and says what to do."""
        await self.baton.stop()
        await self.backup.bring_back()
        said = len(self.baton.log_end(10**9))
        self.baton.process = self.baton._launch()
        await self.eventually(self._log_from(said), lambda text: NAMED in text)

    def _log_from(self, at: int) -> Callable[[], Awaitable[str]]:
        async def read() -> str:
            return self.baton.log_end(10**9)[at:]

        return read

    async def say_so(self) -> Answer:
        """What the operator does."""
        seen = await self.baton.cli("log", "restored", "marketing", "--dry-run", "--json")
        assert (seen.code, seen.json()["needed"], seen.json()["raised"]) == (0, True, False), seen
        done = await self.baton.cli("log", "restored", "marketing", "--json")
        assert done.code == 0, done.stderr
        again = await self.baton.cli("log", "restored", "marketing")
        assert again.code == 2
        assert "nothing shows that the log of marketing" in again.stderr
        await self.baton.stop()
        await self.baton.start()
        return done

    # ------------------------------------------------------------------------------------------------ what users do

    async def capture(self, name: str, key: str = "") -> Any:
        person = {"name": name, "email": f"{name.replace(' ', '.').lower()}@example.com"}
        return await self.post("/v1/leads", key=key, source="fair", branch="riga", person=person)

    async def delivered(self, name: str) -> dict[str, str]:
        lead = await self.capture(name)
        asked = await self.post(f"/v1/leads/{lead['id']}:qualify", note="wants a quote", toBranch="riga")
        await self.becomes(asked["handoffId"], "DELIVERED")
        return {"lead": lead["id"], "handoff": asked["handoffId"]}

    async def accepted(self, handoff: str) -> None:
        await self.post(f"/v1/handoffs/{handoff}:accept", owner="oliver")

    async def becomes(self, handoff: str, state: str) -> Any:
        return await self.eventually(
            lambda: self.get(f"/v1/handoffs/{handoff}"), lambda found: found.get("state") == state
        )

    async def post(self, path: str, key: str = "", **body: Any) -> Any:
        """Write under a key, again and again until the departments are there."""
        headers = {"idempotency-key": key or os.urandom(8).hex()}
        answer = await self.eventually(
            lambda: self.mona.post(path, json=body, headers=headers),
            lambda each: each.status_code not in (502, 503, 504),
        )
        assert answer.status_code in (200, 201), answer.text
        self.place = answer.headers["baton-position"] if path.startswith("/v1/leads") else self.place
        return answer.json()

    async def get(self, path: str, **headers: str) -> Any:
        return (await self.mona.get(path, headers=headers)).json()

    # ------------------------------------------------------------------------------------------- what operators see

    async def log(self) -> list[dict[str, Any]]:
        answer = await self.baton.cli("log", "tail", "marketing")
        return [httpx.Response(200, text=line).json() for line in answer.stdout.splitlines()]

    async def heard_everywhere(self) -> None:
        """All departments have heard all others."""

        async def lags() -> list[int]:
            answer = await self.baton.cli("status", "--json")
            listed = answer.json()["departments"] if answer.code == 0 else []
            return [source["lag"] for each in listed for source in each["sources"]] or [1]

        await self.eventually(lags, lambda found: not any(found))

    async def is_true(self) -> None:
        """Every view is a fold of the logs, every chain is whole, nothing is parked."""
        await self.heard_everywhere()
        for department in DEPARTMENTS:
            checked = await self.baton.cli("rebuild", department, "--check", "--json")
            assert (checked.code, checked.json()["differing"]) == (0, 0), checked.stdout
        verified = await self.baton.cli("verify", "--json")
        assert (verified.code, verified.json()["broken"]) == (0, []), verified.stdout
        assert (await self.baton.cli("parked", "list", "--json")).json() == {"parked": []}

    async def eventually(self, ask: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool]) -> Any:
        return await eventually(ask, holds, lambda: f"; {self.baton.log_end()}")


async def walked(baton: Baton, mona: httpx.AsyncClient) -> Walk:
    """All of it. Returns when everything has gone on."""
    walk = Walk(baton, mona)
    await walk.until_the_backup()
    await walk.what_is_lost()
    old_place = walk.place
    await walk.bring_back()
    await walk.capture("Dora Klein")  # Somebody works before anybody has noticed.
    done = (await walk.say_so()).json()
    assert (done["generation"], done["raised"], done["shared"]) == (2, True, walk.shared)

    await walk.capture("Clara Voss", key="clara")
    await walk.accepted((await walk.delivered("Emil Roth"))["handoff"])
    await walk.accepted(walk.kept["handoff"])
    await walk.becomes(walk.lost["handoff"], "DISCREPANT")

    await walk.is_true()
    names = {lead["person"]["name"] for lead in (await walk.get("/v1/leads"))["leads"]}
    assert names == {"Anna Petrova", "Xenia Frey", "Dora Klein", "Clara Voss", "Emil Roth"}
    await _old_places_are_refused(walk, old_place)
    await _the_log_says_which_generation(walk)
    await the_audit_says_what_is_true(walk)
    return walk


async def _old_places_are_refused(walk: Walk, place: str) -> None:
    listed = await walk.mona.get("/v1/people", headers={"baton-min-position": place})
    streamed = await walk.mona.get("/v1/streams/marketing", headers={"last-event-id": place.removeprefix("marketing:")})
    assert (place.startswith("marketing:1."), listed.status_code, streamed.status_code) == (True, 412, 412)


async def _the_log_says_which_generation(walk: Walk) -> None:
    for event in await walk.log():
        assert event["generation"] == (1 if event["position"] <= walk.shared else 2), event


async def the_audit_says_what_is_true(walk: Walk) -> None:
    """What was lost is no handoff that Baton lost: it is said to be a discrepancy, and nothing else is."""
    audit = await walk.baton.cli("audit", "handoffs", "--wait", "60", "--json")
    told = audit.json()
    assert (audit.code, told["lost"], told["pending"]) == (1, 0, 0), audit.stdout
    assert {each["handoffId"] for each in told["findings"]} == {walk.lost["handoff"]}, audit.stdout
