"""Answers `proto/baton/log/v1` for one department: its events, raw for operators, as CloudEvents for everybody."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC
from typing import Any

from baton.log.v1 import log_pb2
from google.protobuf.struct_pb2 import Struct

from eventlog.codec import Codec, Recorded, Registry
from eventlog.decider import NotThere
from eventlog.errors import Behind, Poison
from eventlog.events import Event, Place, Position, Version
from eventlog.keyring import Keyless, Keyring
from eventlog.store import Filter, Page, Store
from eventlog.stored import document, shown, text
from runtime.call import Call, Identity
from runtime.department import Hearing, Readable
from runtime.errors import BEYOND_HEAD, failure
from runtime.identity import EVERY_TENANT, PERSONAL_ROLES

PAGE_EVENTS = 1000
HEARTBEAT_S = 15.0


class LogService:
    """The log of one department."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        keyring: Keyring,
        hearing: Hearing,
        readable: Readable,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self._store = store
        self._hearing = hearing
        self._readable = readable
        self._open = Codec(registry, keyring)
        self._closed = Codec(registry, Keyless())
        self._heartbeat_s = heartbeat_s

    async def GetHead(self, request: log_pb2.GetHeadRequest, call: Call) -> log_pb2.Head:
        head, forks = await self._store.head(), await self._store.forks()
        return log_pb2.Head(
            department=request.department,
            generation=head.generation,
            position=head.position,
            forks=[log_pb2.Fork(generation=each.generation, position=each.position) for each in forks],
        )

    async def GetAnswered(self, request: log_pb2.GetAnsweredRequest, call: Call) -> log_pb2.Answered:
        return log_pb2.Answered(department=request.department, position=await self._store.answered_to())

    async def ReadStream(self, request: log_pb2.ReadStreamRequest, call: Call) -> log_pb2.ReadStreamResponse:
        tenant = tenant_of(call.identity, request.tenant) or await self._tenant_of(request.stream)
        if tenant is None:
            return log_pb2.ReadStreamResponse()
        limit = request.limit or PAGE_EVENTS
        events = await self._store.read_stream(tenant, request.stream, after=Version(request.after), limit=limit)
        return log_pb2.ReadStreamResponse(events=[logged(event) for event in events])

    async def ReadAll(self, request: log_pb2.ReadAllRequest, call: Call) -> log_pb2.ReadAllResponse:
        only = Filter(tenant=tenant_of(call.identity, request.tenant))
        limit = request.limit or PAGE_EVENTS
        page = await self._store.read_all(Position(request.after), limit, only)
        if page.scanned <= request.after and request.wait_ms:
            await self._grown(Position(request.after), request.wait_ms / 1000)
            page = await self._store.read_all(Position(request.after), limit, only)
        return log_pb2.ReadAllResponse(
            events=[logged(event) for event in page.events],
            generation=page.generation,
            scanned=page.scanned,
            head=page.head,
        )

    async def Subscribe(self, request: log_pb2.SubscribeRequest, call: Call) -> AsyncIterator[log_pb2.StreamItem]:
        begun = await self._after(request.after)
        generation, after = begun.generation, begun.position
        identity = call.identity
        codec = self._open if identity.roles & PERSONAL_ROLES else self._closed
        types = frozenset(type for each in request.types for type in each.split(",") if type)
        only = Filter(identity.tenant, types, request.subject or None)
        async for page in _with_heartbeats(self._store.subscribe(after, only), self._heartbeat_s):
            if page is None:
                yield log_pb2.StreamItem(id=str(Place(generation, after)))
                continue
            generation = page.generation
            while not await self._is_heard(page, identity):
                yield log_pb2.StreamItem(id=str(Place(generation, after)))
            for event, data in await self._visible(page.events, codec, identity):
                # A place to go on at is one of the log as it is now, whenever the event was recorded.
                id = str(Place(generation, event.position))
                yield log_pb2.StreamItem(id=id, data=cloud_event(self._store.department, event, data))
            after = page.scanned

    async def _after(self, text: str) -> Place:
        """Where to go on. A place of another generation, or one that is not there, names no event of this log."""
        head = await self._store.head()
        place = Place.parse(text) if "." in text else Place(head.generation, Position(int(text or "0")))
        if place.generation != head.generation or place.position > head.position:
            raise failure(BEYOND_HEAD, f"the log of {self._store.department} ends at {head}; it has no {place}")
        return place

    async def _visible(
        self, events: Sequence[Event], codec: Codec, identity: Identity
    ) -> list[tuple[Event, dict[str, Any]]]:
        seen = events
        if events and identity.scope is not None:
            streams = {event.stream for event in events}
            readable = await self._readable(identity.tenant, identity.scope, streams)
            seen = [event for event in events if event.stream in readable]
        decoded = await codec.decode_many(self._store.department, seen)
        return [(event, _data(event, each)) for event, each in zip(seen, decoded, strict=True)]

    async def _is_heard(self, page: Page, identity: Identity) -> bool:
        """Whether the views show whose the events of the page are. Asked for as long as a beat; who sees the tenant
        need not wait."""
        if not page.events or identity.scope is None:
            return True
        try:
            place = Place(page.generation, page.events[-1].position)
            await self._hearing.wait_for(self._store.department, place, self._heartbeat_s)
        except Behind:
            return False
        return True

    async def _tenant_of(self, stream: str) -> str | None:
        """Whose stream it is; names of streams are unique. For operators of every tenant, so it may look for long."""
        position = Position(0)
        while True:
            page = await self._store.read_all(position, 5 * PAGE_EVENTS, Filter(stream=stream))
            if page.events:
                return page.events[0].tenant
            if page.scanned >= page.head:
                return None
            position = page.scanned

    async def _grown(self, after: Position, wait_s: float) -> None:
        pages = self._store.subscribe(after)
        try:
            async with asyncio.timeout(wait_s):
                await anext(pages)
        except TimeoutError:
            return


def tenant_of(identity: Identity, asked: str) -> str | None:
    """The tenant that a caller may look at; None for all. Raises `NotThere` for another's."""
    if identity.tenant == EVERY_TENANT:
        return asked or None
    if asked not in ("", identity.tenant):
        raise NotThere(f"there is no tenant {asked}", field="tenant")
    return identity.tenant


def logged(event: Event) -> log_pb2.LoggedEvent:
    """An event with the bytes that its digest covers."""
    message = log_pb2.LoggedEvent(
        generation=event.generation,
        position=event.position,
        stream=event.stream,
        version=event.version,
        id=str(event.id),
        type=event.type,
        schema=event.schema,
        tenant=event.tenant,
        data=event.data,
        metadata=event.metadata,
        digest=event.digest,
    )
    message.recorded_at.FromDatetime(event.recorded_at)
    return message


def cloud_event(department: str, event: Event, data: dict[str, Any]) -> Struct:
    """CloudEvents 1.0; the position is a text, because JSON's numbers cannot hold all of them."""
    metadata = document(event.metadata)
    recorded_at = event.recorded_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(event.id),
        "type": event.type,
        "source": f"baton:{department}",
        "subject": event.stream,
        "time": text(metadata, "occurredAt").replace("+00:00", "Z") or recorded_at,
        "datacontenttype": "application/json",
        "tenant": event.tenant,
        "branch": text(metadata, "branch"),
        "employee": text(metadata, "employee"),
        "generation": event.generation,
        "position": str(event.position),
        "version": event.version,
        "recordedat": recorded_at,
        "digest": event.digest.hex(),
        "causationid": text(metadata, "causation"),
        "traceparent": text(metadata, "trace"),
        "data": data,
    }
    struct = Struct()
    struct.update({name: value for name, value in attributes.items() if value != "" or name == "branch"})
    return struct


def _data(event: Event, decoded: Recorded | Poison) -> dict[str, Any]:
    """The payload as today's program names its fields; of a fact that it cannot read, what is not sealed;
    of bytes that are no JSON object, nothing."""
    if isinstance(decoded, Recorded):
        found: dict[str, Any] = decoded.fact.model_dump(mode="json", exclude_defaults=True)
        return found
    stored = shown(event.data)
    if not isinstance(stored, dict):
        return {}
    return {name: value for name, value in stored.items() if not (isinstance(value, dict) and "sealed" in value)}


async def _with_heartbeats(pages: AsyncIterator[Page], every_s: float) -> AsyncIterator[Page | None]:
    """The pages, and None each time that many seconds are over."""
    loop = asyncio.get_running_loop()
    beat_at = loop.time() + every_s
    coming: asyncio.Future[Page] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(pages))
            await asyncio.wait((coming,), timeout=max(0.0, beat_at - loop.time()))
            if coming.done():
                page, coming = await coming, None
                yield page
            if loop.time() >= beat_at:
                beat_at += every_s
                yield None
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.wait((coming,))
