"""Departments in this process on a real PostgreSQL, asked as the gateway asks them; without gateway and HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from eventlog.clock import Clock, utc_now
from eventlog.codec import Codec, Origin
from eventlog.store import ANY, Append, Command, StreamWrite
from facts.registry import REGISTRY
from runtime.caller import Caller, Reply
from runtime.databases import Databases, Passwords
from runtime.house import Hears, Houses, as_told, open_houses
from runtime.identity import Issuer, Verifier
from runtime.settings import Settings

DEADLINE_S = 30.0


@dataclass
class Desk:
    """An employee at work: asks departments with a token of their own."""

    caller: Caller
    package: str
    token: str

    async def ask(self, method: str, request: Any, **metadata: str) -> Any:
        """`await anna.ask("People/CreatePerson", request, idempotency_key="k")` -> the answer's message."""
        return (await self.reply(method, request, **metadata)).message

    async def reply(self, method: str, request: Any, **metadata: str) -> Reply:
        """The answer with its metadata. A write without a key of its own gets a new one."""
        given = {name.replace("_", "-"): value for name, value in metadata.items()}
        headers = {"idempotency-key": str(uuid4()), "authorization": f"Bearer {self.token}", **given}
        return await self.caller.call(f"baton.{self.package}.v1.{method}", request, headers)


@dataclass
class Town:
    """The departments that are open, their employees, and what other departments tell."""

    houses: Houses
    issuer: Issuer
    caller: Caller
    tenant: str = field(default_factory=lambda: f"tenant-{uuid4().hex[:8]}")

    def desk(self, employee: str, *roles: str, branch: str = "", package: str = "contacts", tenant: str = "") -> Desk:
        token = self.issuer.token(tenant or self.tenant, employee, branch=branch, roles=roles or ("manager",))
        return Desk(self.caller, package, token)

    async def tell(self, stream: str, *facts: Any, employee: str = "mia", command: UUID | None = None) -> None:
        """Record facts of another department as that department would."""
        department = stream.partition(".")[0]
        house = next(iter(self.houses.running.values())).house
        store = house.store if house.name == department else house.feeds[department].log  # type: ignore[attr-defined]
        command = command or uuid4()
        origin = Origin(self.tenant, branch="", employee=employee)
        events, _ = await Codec(REGISTRY, self.houses.keyring).encode(facts, origin, command)
        write = StreamWrite(stream, ANY, events)
        await store.append(Append(self.tenant, Command(command, b"." * 32), [write]))


@asynccontextmanager
async def open_town(
    dsn: str,
    home: Path,
    names: Sequence[str],
    clock: Clock = utc_now,
    hears: Hears = as_told,
    eventstore_url: str | None = None,
) -> AsyncIterator[Town]:
    """Open these departments on a server; `dsn` is its administrator's. `hears` may put a feed between them, and
    `eventstore_url` their logs elsewhere."""
    settings = Settings(home=home, eventstore_url=eventstore_url)
    settings.keys.mkdir(parents=True, exist_ok=True)
    databases = Databases(dsn, Passwords.at(settings.keys / "postgres.key"))
    async with open_houses(names, databases, settings, clock, hears) as houses:
        issuer = Issuer.at(settings.issuer_key)
        verifier = Verifier(issuer.public)
        yield Town(houses, issuer, houses.caller(houses.dispatcher(verifier)))


async def eventually(what: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool] = bool) -> Any:
    """Ask again until it holds; fails with what was last seen."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        seen = await what()
        if holds(seen):
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {DEADLINE_S} s; last seen: {seen}")
        await asyncio.sleep(0.02)
