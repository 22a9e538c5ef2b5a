"""Answers `proto/baton/operations/v1` for one department: how it is doing, and what an operator can do about it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid5

from baton.operations.v1 import operations_pb2 as messages

from eventlog.decider import Decider, Forbidden, Invalid
from eventlog.errors import LogError
from eventlog.events import Event, Place, Position, Version
from eventlog.feed import Feed
from eventlog.parked import Discarding, Stopped
from eventlog.postgres.session import ENDED
from eventlog.store import Command
from eventlog.views import Views
from eventlog.waiting import Waiting, waiting
from facts.operations import FactDiscarded
from runtime.call import Call
from runtime.department import House
from runtime.errors import RpcError
from runtime.identity import EVERY_TENANT
from runtime.log_service import logged, tenant_of
from runtime.opening import Opened, streams_of
from runtime.parking import Heal, Parking
from runtime.rebuilding import Asked, Outcome, Rebuilding
from runtime.rpc import origin

log = logging.getLogger("baton.operations")

#: How long another department's log may take to say where it ends.
HEAD_S = 2.0

#: What asking raises while something is out of reach.
TROUBLE: tuple[type[BaseException], ...] = (LogError, RpcError, *ENDED)


@dataclass(frozen=True)
class Kafka:
    """What tells a department's log to others: where it is, and how far it was told (None: nothing yet)."""

    bootstrap: str
    told: Callable[[], Awaitable[Place | None]]


class Operations:
    """Asks one department. `kafka` where departments hear each other through it."""

    def __init__(self, opened: Opened, heal: Heal, kafka: Kafka | None = None) -> None:
        self._kafka = kafka
        self._opened = opened
        self._house = opened.house
        self._parked = Parking(opened, heal)
        self._rebuilding = Rebuilding()

    async def stop(self) -> None:
        """End what is under way."""
        await self._rebuilding.stop()

    async def GetStatus(self, request: messages.GetStatusRequest, call: Call) -> messages.Status:
        found = await status(self._opened, tenant_of(call.identity, request.tenant))
        if self._kafka is None:
            return messages.Status(departments=[found])
        found.relay.CopyFrom(await _relay(self._kafka, Place.parse(found.head)))
        return messages.Status(departments=[found], kafka=messages.KafkaStatus(bootstrap=self._kafka.bootstrap))

    async def ListParked(self, request: messages.ListParkedRequest, call: Call) -> messages.ListParkedResponse:
        stopped = await self._parked.list(tenant_of(call.identity, request.tenant))
        return messages.ListParkedResponse(parked=[_parked(self._opened.name, *each) for each in stopped])

    async def GetParked(self, request: messages.GetParkedRequest, call: Call) -> messages.ParkedEvents:
        rows = await self._parked.show(await self._tenant(request, call), request.stream)
        shown = [
            messages.ParkedEvent(event=logged(event), kind=kind, reason=why, by=by) for event, kind, why, by in rows
        ]
        return messages.ParkedEvents(events=shown)

    async def RetryParked(self, request: messages.RetryParkedRequest, call: Call) -> messages.ParkedOutcome:
        tenant = await self._tenant(request, call)
        return await self._outcome(tenant, request.stream, await self._parked.retry(tenant, request.stream))

    async def DiscardParked(self, request: messages.DiscardParkedRequest, call: Call) -> messages.ParkedOutcome:
        tenant = await self._tenant(request, call)

        async def record(event: Event) -> None:
            await _record(self._house, event, request.reason, call)

        version, now = Version(request.version), self._house.clock()
        what = Discarding(tenant, request.stream, version, request.reason, now, record)
        clear = await self._parked.discard(what)
        return await self._outcome(tenant, request.stream, clear)

    async def Rebuild(self, request: messages.RebuildRequest, call: Call) -> messages.RebuildResponse:
        if call.identity.tenant != EVERY_TENANT:
            raise Forbidden(
                "views are those of all tenants: only a token of every tenant (*) may rebuild or compare them"
            )
        if request.tenant and not request.check:
            raise Invalid("views are rebuilt for all tenants at once; one tenant's can be compared", field="tenant")
        asked = Asked(request.department, request.check, request.tenant or None)
        return _rebuilt(request.department, await self._rebuilding.outcome(asked, self._opened.rebuild))

    async def _tenant(self, request: Any, call: Call) -> str:
        """The tenant of a parked stream; names of streams are unique."""
        tenant = tenant_of(call.identity, request.tenant)
        if tenant is None:
            stopped = [each for each, _ in await self._parked.list() if each.stream == request.stream]
            tenant = stopped[0].tenant if stopped else ""
        return tenant

    async def _outcome(self, tenant: str, stream: str, clear: bool) -> messages.ParkedOutcome:
        remaining = [] if clear else await self._parked.show(tenant, stream)
        return messages.ParkedOutcome(clear=clear, remaining=len(remaining))


async def status(opened: Opened, tenant: str | None = None) -> messages.DepartmentStatus:
    """How a department is doing, at about one moment. What is parked and due may be counted for one tenant."""
    views, head = opened.house.views, await opened.house.store.head()
    heard = await _places(views, HEARD)
    heads = dict(zip(opened.sources, await asyncio.gather(*map(_head, opened.heard())), strict=True))
    counted, now = await views.fetchrow(COUNTED, tenant), opened.house.clock()
    waits = await waiting(views, now, tenant)
    return messages.DepartmentStatus(
        department=opened.name,
        head=str(head),
        sources=[_source(each, heard, heads[each]) for each in opened.sources],
        streaming=await _streaming(opened, heads, tenant),
        due=sum(each.count for each in waits),
        waiting=[_waiting(each, now) for each in waits],
        **dict(counted or {}),
    )


async def _places(views: Views, sql: str) -> dict[str, Place]:
    return {row["source"]: Place(row["generation"], Position(row["position"])) for row in await views.fetch(sql)}


def _source(source: str, heard: Mapping[str, Place], head: Place | None) -> messages.SourceStatus:
    place = heard.get(source, Place(0, Position(0)))
    status = messages.SourceStatus(source=source, position=str(place))
    if head is not None:
        of_this_generation = place.position if place.generation == head.generation else Position(0)
        status.lag = max(0, head.position - of_this_generation)
    return status


async def _streaming(
    opened: Opened, heads: Mapping[str, Place | None], tenant: str | None
) -> messages.StreamingStatus | None:
    """How far the workers of all processes are, also where none runs; None where the rows are the projector's."""
    views = opened.house.views
    if not await views.fetchval("SELECT streamed FROM views.stream_epoch"):
        return None
    heard, streams = await _places(views, STREAM_HEARD), streams_of(opened.name)
    sources = sorted({*heard, *(streams.sources if streams else ())})
    return messages.StreamingStatus(
        sources=[_source(each, heard, heads.get(each)) for each in sources],
        parked=await views.fetchval(STREAM_PARKED, tenant),
    )


def _waiting(found: Waiting, now: datetime) -> messages.WaitingTodos:
    seconds = (now - found.since).total_seconds()
    told = messages.WaitingTodos(kind=found.kind, count=found.count, seconds=seconds, reason=found.reason)
    told.since.FromDatetime(found.since)
    return told


async def _relay(kafka: Kafka, head: Place) -> messages.RelayStatus:
    try:
        told = await asyncio.wait_for(kafka.told(), HEAD_S)
    except TROUBLE as error:
        log.info("Kafka does not say how far the log was told: %s", type(error).__name__)
        return messages.RelayStatus()
    place = told or Place(head.generation, Position(0))
    of_this_generation = place.position if place.generation == head.generation else Position(0)
    return messages.RelayStatus(position=str(place), lag=max(0, head.position - of_this_generation))


async def _head(feed: Feed) -> Place | None:
    """Where the log ends; None while it is out of reach."""
    try:
        return await asyncio.wait_for(feed.head(), HEAD_S)
    except TROUBLE as error:
        log.info("the log of %s does not say where it ends: %s", feed.department, type(error).__name__)
        return None


def _parked(department: str, stopped: Stopped, by: str) -> messages.ParkedStream:
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
        by=by,
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


HEARD = "SELECT source, generation, position FROM views.checkpoints"

STREAM_HEARD = "SELECT source, generation, position FROM views.stream_heard"

STREAM_PARKED = """
SELECT count(DISTINCT (tenant, stream)) FROM views.stream_parked WHERE $1::text IS NULL OR tenant = $1
"""

COUNTED = """
SELECT
    (
        SELECT count(*) FROM (
            SELECT tenant, stream FROM views.parked UNION SELECT tenant, stream FROM views.stream_parked
        ) AS stopped WHERE $1::text IS NULL OR tenant = $1
    ) AS parked,
    (SELECT coalesce(string_agg(reason, '; ' ORDER BY what), '') FROM views.failures) AS failed
"""
