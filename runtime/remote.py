"""The caller's end of gRPC: the same shape as the dispatcher, with the department in another process.

A call is sent again only where that is safe: when it never left, when it only reads, or when an idempotency key names
it, so that the department itself knows a repetition.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import grpc
from google.protobuf.message import Message
from google.rpc import code_pb2
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from eventlog import tracing
from runtime.caller import Reply
from runtime.channels import Channels
from runtime.errors import DEADLINE, INTERNAL, NO_SUCH_METHOD, TOO_LARGE, UNAVAILABLE, Kind, RpcError, failure
from runtime.metadata import ETAG, IDEMPOTENCY_KEY, POSITION, REPLAYED, traced, traceparent
from runtime.methods import Method, named
from runtime.metrics import CALLS_REPEATED

CALL_S = 30.0
#: How long a department that is away is waited for before the caller is told; it comes back after such moments when
#: it is only restarted.
PATIENCE_S = 1.0
AGAIN_S = 0.05
_ANSWERED = frozenset({ETAG, POSITION, REPLAYED})

#: Codes that gRPC itself answers with, without a word of the department.
_OF_GRPC: Mapping[int, Kind] = {
    code_pb2.UNAVAILABLE: UNAVAILABLE,
    code_pb2.DEADLINE_EXCEEDED: DEADLINE,
    code_pb2.UNIMPLEMENTED: NO_SUCH_METHOD,
    code_pb2.RESOURCE_EXHAUSTED: TOO_LARGE,
}


class RemoteCaller:
    """Calls departments behind gRPC."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels
        self._stubs: WeakKeyDictionary[grpc.aio.Channel, dict[str, Callable[..., Any]]] = WeakKeyDictionary()

    async def call(self, method: str, request: Message, metadata: Mapping[str, str]) -> Reply:
        described = named(method)
        department = self._asked(described, request)
        attributes = {"rpc.system": "grpc", "rpc.method": method, "baton.department": department}
        with tracing.span(method, "client", attributes, traceparent(metadata)):
            return await self._patiently(described, department, request, traced(metadata))

    async def _patiently(self, method: Method, department: str, request: Message, metadata: Mapping[str, str]) -> Reply:
        repeatable = not method.writes or IDEMPOTENCY_KEY in metadata
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + PATIENCE_S
        while True:
            channel = await self._channels.reached(department, max(0.0, give_up_at - loop.time()))
            try:
                return await self._once(channel, method, request, metadata)
            except grpc.aio.AioRpcError as error:
                if not (repeatable and _is_cut_off(error) and loop.time() < give_up_at):
                    raise _told(error) from error
            CALLS_REPEATED.labels(method.name).inc()
            await asyncio.sleep(AGAIN_S)

    async def stream(self, method: str, request: Message, metadata: Mapping[str, str]) -> AsyncGenerator[Any, None]:
        described = named(method)
        channel = await self._channels.reached(self._asked(described, request), PATIENCE_S)
        call = self._stub(channel, described)(request, metadata=tuple(metadata.items()))
        try:
            async for item in call:
                yield item
        except grpc.aio.AioRpcError as error:
            raise _told(error) from error
        finally:
            call.cancel()

    async def close(self) -> None:
        await self._channels.close()

    async def _once(
        self, channel: grpc.aio.Channel, method: Method, request: Message, metadata: Mapping[str, str]
    ) -> Reply:
        call = self._stub(channel, method)(request, metadata=tuple(metadata.items()), timeout=CALL_S)
        message = await call
        trailing = await call.trailing_metadata()
        return Reply(message, {key: value for key, value in trailing if key in _ANSWERED})

    def _asked(self, method: Method, request: Message) -> str:
        """The department to ask. A request that names none, or one that there is not, is anybody's to refuse: who asks
        is to learn what is wrong with it as everywhere, with the token checked first."""
        department = method.asked(request)
        known = self._channels.departments
        return department if department in known or not method.routed_by else known[0]

    def _stub(self, channel: grpc.aio.Channel, method: Method) -> Callable[..., Any]:
        stubs = self._stubs.setdefault(channel, {})
        if method.name not in stubs:
            make = channel.unary_stream if method.streams else channel.unary_unary
            stubs[method.name] = make(
                f"/{method.name}",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=method.response_class.FromString,
            )
        return stubs[method.name]


def _is_cut_off(error: grpc.aio.AioRpcError) -> bool:
    """Whether the connection ended before the department said anything: nobody knows how far it came."""
    return error.code() is grpc.StatusCode.UNAVAILABLE and rpc_status.from_call(error) is None


def _told(error: grpc.aio.AioRpcError) -> RpcError:
    """The status as the department sent it; gRPC's own codes as ours."""
    status: Status | None = rpc_status.from_call(error)
    if status is not None:
        return RpcError(status)
    kind = _OF_GRPC.get(error.code().value[0], INTERNAL)
    return failure(kind, kind.title)
