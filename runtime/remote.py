"""The caller's end of gRPC: the same shape as the dispatcher, with the department in another process."""

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

import grpc
from google.protobuf.message import Message
from google.rpc import code_pb2
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from runtime.caller import Reply
from runtime.errors import DEADLINE, INTERNAL, NO_SUCH_METHOD, UNAVAILABLE, Kind, RpcError, failure
from runtime.metadata import ETAG, POSITION, REPLAYED
from runtime.methods import Method, named

CALL_S = 30.0
_ANSWERED = frozenset({ETAG, POSITION, REPLAYED})

#: Codes that gRPC itself answers with, without a word of the department.
_OF_GRPC: Mapping[int, Kind] = {
    code_pb2.UNAVAILABLE: UNAVAILABLE,
    code_pb2.DEADLINE_EXCEEDED: DEADLINE,
    code_pb2.UNIMPLEMENTED: NO_SUCH_METHOD,
}


class RemoteCaller:
    """Calls departments behind gRPC; `addresses` are `host:port` by department."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        options = [("grpc.max_receive_message_length", -1)]
        self._channels = {name: grpc.aio.insecure_channel(address, options) for name, address in addresses.items()}

    async def call(self, method: str, request: Message, metadata: Mapping[str, str]) -> Reply:
        described = named(method)
        call = self._stub(described, request, "unary_unary")(request, metadata=tuple(metadata.items()), timeout=CALL_S)
        try:
            message = await call
            trailing = await call.trailing_metadata()
        except grpc.aio.AioRpcError as error:
            raise _told(error) from error
        return Reply(message, {key: value for key, value in trailing if key in _ANSWERED})

    async def stream(self, method: str, request: Message, metadata: Mapping[str, str]) -> AsyncGenerator[Any, None]:
        described = named(method)
        call = self._stub(described, request, "unary_stream")(request, metadata=tuple(metadata.items()))
        try:
            async for item in call:
                yield item
        except grpc.aio.AioRpcError as error:
            raise _told(error) from error
        finally:
            call.cancel()

    async def close(self) -> None:
        for channel in self._channels.values():
            await channel.close()

    def _stub(self, method: Method, request: Message, shape: str) -> Callable[..., Any]:
        department = method.asked(request)
        if department not in self._channels:
            raise failure(NO_SUCH_METHOD, f"there is no department {department}")
        make = getattr(self._channels[department], shape)
        stub: Callable[..., Any] = make(
            f"/{method.name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=method.response_class.FromString,
        )
        return stub


def _told(error: grpc.aio.AioRpcError) -> RpcError:
    """The status as the department sent it; gRPC's own codes as ours."""
    status: Status | None = rpc_status.from_call(error)
    if status is not None:
        return RpcError(status)
    kind = _OF_GRPC.get(error.code().value[0], INTERNAL)
    return failure(kind, kind.title)
