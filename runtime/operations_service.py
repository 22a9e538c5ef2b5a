"""Answers `proto/baton/operations/v1`: how the departments are doing, and what an operator can do about it."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol
from uuid import uuid5

import asyncpg
from baton.operations.v1 import operations_pb2 as messages

from eventlog.decider import Decider, Forbidden, Invalid, NotThere
from eventlog.errors import LogError
from eventlog.events import Event, Place, Position
from eventlog.parked import ParkedStreams, Stopped
from eventlog.projector import Projector
from eventlog.rebuild import Rebuild
from eventlog.store import Command
from eventlog.waiting import Waiting, waiting
from facts.operations import FactDiscarded
from runtime.call import Call
from runtime.department import House
from runtime.identity import EVERY_TENANT
from runtime.log_service import logged, tenant_of
from runtime.metrics import HEAD, LAG, TODOS_OLDEST, TODOS_WAITING
from runtime.rebuilding import Asked, Outcome, Rebuilding
from runtime.rpc import origin

log = logging.getLogger("baton.operations")

#: How often heads and lags are measured.
MEASURE_S = 15.0

#: Kinds of todos that waited once, by department: their gauges go on being set.
_KINDS_SEEN: dict[str, set[str]] = {}


class Running(Protocol):
    """A department as far as operators look at it."""

    @property
    def house(self) -> House: ...
    @property
    def projector(self) -> Projector: ...
    @property
    def parked(self) -> ParkedStreams: ...
    @property
    def failed(self) -> str: ...
    def rebuild(self) -> Rebuild: ...


class Operations:
    """Asks all departments of this process."""

    def __init__(self, departments: Mapping[str, Running]) -> None:
        self._departments = departments
        self._rebuilding = Rebuilding()

    async def stop(self) -> None:
        """End what is under way."""
        await self._rebuilding.stop()

    async def GetStatus(self, request: messages.GetStatusRequest, call: Call) -> messages.Status:
        return await status(self._departments, tenant_of(call.identity, request.tenant))

    async def ListParked(self, request: messages.ListParkedRequest, call: Call) -> messages.ListParkedResponse:
        tenant = tenant_of(call.identity, request.tenant)
        names = [request.department] if request.department else list(self._departments)
        found = [_parked(name, stopped) for name in names for stopped in await self._running(name).parked.list(tenant)]
        return messages.ListParkedResponse(parked=found)

    async def GetParked(self, request: messages.GetParkedRequest, call: Call) -> messages.ParkedEvents:
        running, tenant = await self._stream(request, call)
        rows = await running.parked.show(tenant, request.stream)
        return messages.ParkedEvents(
            events=[messages.ParkedEvent(event=logged(event), kind=kind, reason=why) for event, kind, why in rows]
        )

    async def RetryParked(self, request: messages.RetryParkedRequest, call: Call) -> messages.ParkedOutcome:
        running, tenant = await self._stream(request, call)
        clear = await running.parked.retry(tenant, request.stream)
        return await _outcome(running, tenant, request.stream, clear)

    async def DiscardParked(self, request: messages.DiscardParkedRequest, call: Call) -> messages.ParkedOutcome:
        running, tenant = await self._stream(request, call)

        async def record(event: Event) -> None:
            await _record(running.house, event, request.reason, call)

        now = running.house.clock()
        clear = await running.parked.discard(tenant, request.stream, request.reason, now, record)
        return await _outcome(running, tenant, request.stream, clear)

    async def Rebuild(self, request: messages.RebuildRequest, call: Call) -> messages.RebuildResponse:
        if call.identity.tenant != EVERY_TENANT:
            raise Forbidden(
                "views are those of all tenants: only a token of every tenant (*) may rebuild or compare them"
            )
        if request.tenant and not request.check:
            raise Invalid("views are rebuilt for all tenants at once; one tenant's can be compared", field="tenant")
        running = self._running(request.department)
        asked = Asked(request.department, request.check, request.tenant or None)
        outcome = await self._rebuilding.outcome(asked, running.rebuild)
        return _rebuilt(request.department, outcome)

    def _running(self, department: str) -> Running:
        if department not in self._departments:
            known = ", ".join(sorted(self._departments))
            raise NotThere(f"there is no department {department}; departments are {known}")
        return self._departments[department]

    async def _stream(self, request: Any, call: Call) -> tuple[Running, str]:
        """The department and the tenant of a parked stream; names of streams are unique."""
        running = self._running(request.department)
        tenant = tenant_of(call.identity, request.tenant)
        if tenant is None:
            stopped = [each for each in await running.parked.list() if each.stream == request.stream]
            tenant = stopped[0].tenant if stopped else ""
        return running, tenant


async def status(departments: Mapping[str, Running], tenant: str | None = None) -> messages.Status:
    """How every department is doing, at about one moment; the gauges of the metrics are set beside it. What is parked
    and due may be counted for one tenant."""
    heads = dict(zip(departments, await asyncio.gather(*map(_head, departments.values())), strict=True))
    each = await asyncio.gather(*(_status(name, running, heads, tenant) for name, running in departments.items()))
    return messages.Status(departments=each)


async def measure(departments: Mapping[str, Running], every_s: float = MEASURE_S) -> None:
    """Keep the gauges of heads and lags fresh, until cancelled."""
    while True:
        try:
            await status(departments)
        except (OSError, LogError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.info("no measurement: %s", type(error).__name__)
        await asyncio.sleep(every_s)


async def _head(running: Running) -> Place:
    return await running.house.store.head()


async def _status(
    name: str, running: Running, heads: Mapping[str, Place], tenant: str | None
) -> messages.DepartmentStatus:
    sources = [
        _source(name, source, running.projector.checkpoint(source), heads) for source in running.projector.sources
    ]
    HEAD.labels(name).set(heads[name].position)
    now = running.house.clock()
    waits = await waiting(running.house.views, now, tenant)
    if tenant is None:
        _measure_waiting(name, waits, now)
    return messages.DepartmentStatus(
        department=name,
        head=str(heads[name]),
        sources=sources,
        parked=len(await running.parked.list(tenant)),
        due=sum(each.count for each in waits),
        failed=running.failed,
        waiting=[_waiting(each, now) for each in waits],
    )


def _waiting(found: Waiting, now: datetime) -> messages.WaitingTodos:
    seconds = (now - found.since).total_seconds()
    told = messages.WaitingTodos(kind=found.kind, count=found.count, seconds=seconds, reason=found.reason)
    told.since.FromDatetime(found.since)
    return told


def _measure_waiting(name: str, found: Sequence[Waiting], now: datetime) -> None:
    """A kind of which nothing waits any more falls to 0."""
    _KINDS_SEEN.setdefault(name, set()).update(each.kind for each in found)
    counts = {each.kind: each for each in found}
    for kind in _KINDS_SEEN[name]:
        waits = counts.get(kind)
        TODOS_WAITING.labels(name, kind).set(waits.count if waits else 0)
        TODOS_OLDEST.labels(name, kind).set((now - waits.since).total_seconds() if waits else 0)


def _source(name: str, source: str, heard: Place, heads: Mapping[str, Place]) -> messages.SourceStatus:
    head = heads.get(source, heard)
    of_this_generation = heard.position if heard.generation == head.generation else Position(0)
    lag = max(0, head.position - of_this_generation)
    LAG.labels(name, source).set(lag)
    return messages.SourceStatus(source=source, position=str(heard), lag=lag)


def _parked(department: str, stopped: Stopped) -> messages.ParkedStream:
    found = messages.ParkedStream(
        department=department,
        source=stopped.source,
        tenant=stopped.tenant,
        stream=stopped.stream,
        version=stopped.version,
        type=stopped.type,
        kind=stopped.kind,
        reason=stopped.reason,
        events=stopped.events,
    )
    found.parked_at.FromDatetime(stopped.parked_at)
    return found


def _rebuilt(department: str, outcome: Outcome | None) -> messages.RebuildResponse:
    if outcome is None:
        return messages.RebuildResponse(department=department)
    tables = [
        messages.RebuiltTable(table=each.table, rows=each.rows, differing=each.differing, examples=each.examples)
        for each in outcome.rebuilt.differences
    ]
    return messages.RebuildResponse(
        department=department,
        done=True,
        tables=tables,
        events=outcome.rebuilt.events,
        seconds=outcome.seconds,
        positions={source: str(place) for source, place in outcome.rebuilt.places.items()},
    )


async def _outcome(running: Running, tenant: str, stream: str, clear: bool) -> messages.ParkedOutcome:
    remaining = [] if clear else await running.parked.show(tenant, stream)
    return messages.ParkedOutcome(clear=clear, remaining=len(remaining))


async def _record(house: House, event: Event, reason: str, call: Call) -> None:
    """That a department goes on without an event is a fact of its own log, once, whoever asks how often."""
    id = uuid5(event.id, f"discarded by {house.name}")
    command = Command(id, house.keyring.hmac(event.tenant, "command", id.bytes))
    discarded = FactDiscarded(
        source=event.stream.partition(".")[0],
        stream=event.stream,
        version=event.version,
        digest=event.digest.hex(),
        type=event.type,
        reason=reason,
    )
    whose = replace(origin(call), tenant=event.tenant)

    def decide(known: Sequence[FactDiscarded], fact_id: Any) -> Sequence[FactDiscarded]:
        return [] if known else [discarded]

    await house.handler.handle(_decider(house.name), str(event.id), command, whose, decide)


def _decider(department: str) -> Decider[Sequence[FactDiscarded]]:
    return Decider(f"{department}.discarded", (), lambda known, fact: [*known, fact])
