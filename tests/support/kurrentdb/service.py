"""The gRPC service over the streams."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import Message
from kurrentdbclient.protos.v1 import shared_pb2, status_pb2, streams_pb2, streams_pb2_grpc

from tests.support.kurrentdb.streams import (
    ANY,
    EXISTS,
    NO_STREAM,
    Proposed,
    Stored,
    Streams,
    TooLarge,
    WrongExpectedVersion,
)

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


@dataclass
class Faults:
    """What goes wrong. `before_writing` lets appends through when it is set, `waiting` is how many it holds back;
    `answers_lost` is the number of answers that will not come: the call ends without one after the events were
    written."""

    before_writing: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0
    answers_lost: int = 0

    def __post_init__(self) -> None:
        self.before_writing.set()


class StreamsService(streams_pb2_grpc.StreamsServicer):
    def __init__(self, streams: Streams, faults: Faults) -> None:
        self._streams = streams
        self._faults = faults
        self._writing: set[asyncio.Task[Stored]] = set()

    async def Read(self, request: Any, context: Context) -> AsyncIterator[Any]:
        options = request.options
        if options.WhichOneof("stream_option") != "stream" or options.resolve_links:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "one stream, links not resolved")
        name = options.stream.stream_identifier.stream_name.decode()
        if options.WhichOneof("count_option") == "subscription":
            async for response in self._subscribe(name, options.stream):
                yield response
            return
        if name not in self._streams.streams:
            missing: Any = {"stream_identifier": options.stream.stream_identifier}
            yield streams_pb2.ReadResp(stream_not_found=missing)
            return
        for stored in self._range(name, options):
            yield _response(name, stored)

    def _range(self, name: str, options: Any) -> list[Stored]:
        there = self._streams.streams[name]
        backwards = options.read_direction == streams_pb2.ReadReq.Options.Backwards
        match options.stream.WhichOneof("revision_option"):
            case "start":
                start = 0
            case "end":
                start = len(there) - 1 if backwards else len(there)
            case _:
                start = options.stream.revision
        count = min(options.count, len(there) + 1)
        if backwards:
            return there[max(0, start + 1 - count) : start + 1][::-1]
        return there[start : start + count]

    async def _subscribe(self, name: str, where: Any) -> AsyncIterator[Any]:
        """What stands behind the revision, then what comes; a stream that does not exist is waited for."""
        confirmation: Any = {"subscription_id": str(uuid4())}
        yield streams_pb2.ReadResp(confirmation=confirmation)
        match where.WhichOneof("revision_option"):
            case "start":
                start = 0
            case "end":
                start = len(self._streams.streams.get(name, ()))
            case _:
                start = where.revision + 1
        while True:
            grown = self._streams.grown
            for stored in self._streams.streams.get(name, [])[start:]:
                yield _response(name, stored)
                start = stored.revision + 1
            await grown.wait()

    async def Append(self, request_iterator: AsyncIterator[Any], context: Context) -> Any:
        options, events = None, []
        async for request in request_iterator:
            if request.WhichOneof("content") == "options":
                options = request.options
            else:
                events.append(_proposed(request.proposed_message))
        assert options is not None
        name, expected = options.stream_identifier.stream_name.decode(), _expected(options, "revision")
        try:
            last = await self._write(name, expected, events, context)
        except WrongExpectedVersion as wrong:
            found: Any = {"current_no_stream": {}} if wrong.found < 0 else {"current_revision": wrong.found}
            return streams_pb2.AppendResp(wrong_expected_version=found)
        except TooLarge:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Maximum Append Size Exceeded.")
        success: Any = {"current_revision": last.revision, "position": {"commit_position": last.position}}
        return streams_pb2.AppendResp(success=success)

    async def BatchAppend(self, request_iterator: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
        batches: dict[str, tuple[Any, list[Proposed]]] = {}
        async for request in request_iterator:
            id = request.correlation_id.string
            options, events = batches.setdefault(id, (request.options, []))
            events.extend(map(_proposed, request.proposed_messages))
            if request.is_final:
                del batches[id]
                yield await self._batch(request.correlation_id, options, events, context)

    async def _batch(self, correlation_id: Any, options: Any, events: list[Proposed], context: Context) -> Any:
        name, expected = options.stream_identifier.stream_name.decode(), _expected(options, "stream_position")
        answer = {"correlation_id": correlation_id, "stream_identifier": options.stream_identifier}
        try:
            async with asyncio.timeout(options.deadline.ToTimedelta().total_seconds()):
                last = await self._write(name, expected, events, context)
        except TimeoutError:
            return streams_pb2.BatchAppendResp(error=_status(shared_pb2.Timeout()), **answer)
        except WrongExpectedVersion as wrong:
            details = shared_pb2.WrongExpectedVersion()
            if wrong.found < 0:
                details.current_no_stream.SetInParent()
            else:
                details.current_stream_revision = wrong.found
            return streams_pb2.BatchAppendResp(error=_status(details), **answer)
        except TooLarge:
            too_large = shared_pb2.MaximumAppendSizeExceeded(maxAppendSize=self._streams.max_append_size)
            return streams_pb2.BatchAppendResp(error=_status(too_large), **answer)
        success: Any = {"current_revision": last.revision, "position": {"commit_position": last.position}}
        return streams_pb2.BatchAppendResp(success=success, **answer)

    async def _write(self, name: str, expected: int, events: list[Proposed], context: Context) -> Stored:
        """Once received, an append is written whether its caller still waits or not."""
        writing = asyncio.create_task(self._write_when_let(name, expected, events))
        self._writing.add(writing)
        writing.add_done_callback(self._written)
        last = await asyncio.shield(writing)
        if self._faults.answers_lost:
            self._faults.answers_lost -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the connection is gone")
        return last

    async def _write_when_let(self, name: str, expected: int, events: list[Proposed]) -> Stored:
        self._faults.waiting += 1
        try:
            await self._faults.before_writing.wait()
        finally:
            self._faults.waiting -= 1
        return self._streams.append(name, expected, events)

    def _written(self, writing: "asyncio.Task[Stored]") -> None:
        self._writing.discard(writing)
        if not writing.cancelled():
            writing.exception()  # for the caller, if there still is one


def _proposed(message: Any) -> Proposed:
    metadata = message.metadata
    return Proposed(
        UUID(message.id.string), metadata["type"], metadata["content-type"], message.data, message.custom_metadata
    )


def _expected(options: Any, revision: str) -> int:
    match options.WhichOneof(f"expected_{'stream_position' if revision == 'stream_position' else 'stream_revision'}"):
        case "no_stream":
            return NO_STREAM
        case "any":
            return ANY
        case "stream_exists":
            return EXISTS
        case _:
            return int(getattr(options, revision))


def _response(name: str, stored: Stored) -> Any:
    event = stored.event
    recorded = streams_pb2.ReadResp.ReadEvent.RecordedEvent(
        id=shared_pb2.UUID(string=str(event.id)),
        stream_identifier=shared_pb2.StreamIdentifier(stream_name=name.encode()),
        stream_revision=stored.revision,
        prepare_position=stored.position,
        commit_position=stored.position,
        metadata={"type": event.type, "content-type": event.content_type, "created": "0"},
        custom_metadata=event.metadata,
        data=event.data,
    )
    read = streams_pb2.ReadResp.ReadEvent(event=recorded, commit_position=stored.position)
    return streams_pb2.ReadResp(event=read)


def _status(details: Message) -> Any:
    packed = any_pb2.Any()
    packed.Pack(details)
    internal: Any = 13
    return status_pb2.Status(code=internal, details=packed)
