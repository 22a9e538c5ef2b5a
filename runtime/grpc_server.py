"""RPCs over gRPC, with reflection and the standard health service."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.message import DecodeError, Message
from google.rpc.status_pb2 import Status
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status

from eventlog.events import EVENT_BYTES_MAX
from runtime.caller import Caller
from runtime.channels import KEEPALIVE_MS
from runtime.errors import INVALID, RpcError, failure
from runtime.methods import Method, methods_of
from runtime.tls import Tls
from runtime.usage import WrongUsage

#: A request holds at most a few payloads; an answer may hold a page of the log.
RECEIVE_BYTES_MAX = 4 * EVENT_BYTES_MAX
GRACE_S = 2.0


class GrpcServer:
    """Serves RPCs of these services (full names), which `caller` answers, on a port; 0 takes a free one."""

    def __init__(self, caller: Caller, services: Sequence[str], host: str, port: int, tls: Tls | None = None) -> None:
        options = [
            ("grpc.max_receive_message_length", RECEIVE_BYTES_MAX),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),
            ("grpc.keepalive_time_ms", KEEPALIVE_MS),
            ("grpc.keepalive_timeout_ms", 5_000),
            # Else who asks between calls more than once in two hours is told to go away.
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.min_ping_interval_without_data_ms", KEEPALIVE_MS // 2),
            ("grpc.http2.min_recv_ping_interval_without_data_ms", KEEPALIVE_MS // 2),
        ]
        self._server = grpc.aio.server(options=options)
        self._health = health.aio.HealthServicer()
        self._services = services
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        for service in services:
            methods = methods_of(descriptor_pool.Default().FindServiceByName(service))
            handlers = {each.rpc: _handler(caller, each) for each in methods}
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
        names = (*services, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)
        self.port = self._listening(f"{host}:{port}", tls)

    def _listening(self, address: str, tls: Tls | None) -> int:
        """The port. Raises `WrongUsage` when somebody else has the address."""
        try:
            if tls is None:
                return int(self._server.add_insecure_port(address))
            return int(self._server.add_secure_port(address, tls.of_a_server()))
        except RuntimeError as error:
            raise WrongUsage(f"cannot listen on {address}: choose another BATON_GRPC_PORT or BATON_HOST") from error

    async def start(self) -> None:
        await self._server.start()
        for service in ("", *self._services):
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)

    async def stop(self) -> None:
        """Say that it stops, let running calls end, for a moment."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(GRACE_S)


def _handler(caller: Caller, method: Method) -> Any:
    serializers = {"request_deserializer": _read(method), "response_serializer": _write}

    async def unary(request: Message | RpcError, context: Any) -> Message:
        try:
            reply = await caller.call(method.name, _checked(request), _metadata(context))
        except RpcError as error:
            await _abort(context, error.status)
        context.set_trailing_metadata(tuple(reply.metadata.items()))
        message: Message = reply.message
        return message

    async def stream(request: Message | RpcError, context: Any) -> AsyncIterator[Message]:
        try:
            async for item in caller.stream(method.name, _checked(request), _metadata(context)):
                yield item
        except RpcError as error:
            await _abort(context, error.status)

    if method.streams:
        return grpc.unary_stream_rpc_method_handler(stream, **serializers)
    return grpc.unary_unary_rpc_method_handler(unary, **serializers)


def _read(method: Method) -> Callable[[bytes], Message | RpcError]:
    """A request, or the error to answer with: gRPC itself would tell the caller only that something went wrong."""

    def read(data: bytes) -> Message | RpcError:
        try:
            return method.request_class.FromString(data)
        except DecodeError:
            return failure(INVALID, f"this is no {method.request_class.DESCRIPTOR.full_name}")

    return read


def _write(message: Message) -> bytes:
    return message.SerializeToString()


def _checked(request: Message | RpcError) -> Message:
    if isinstance(request, RpcError):
        raise request
    return request


def _metadata(context: Any) -> Mapping[str, str]:
    pairs: Sequence[tuple[str, str | bytes]] = context.invocation_metadata() or ()
    return {key: value for key, value in pairs if isinstance(value, str)}


async def _abort(context: Any, status: Status) -> None:
    await context.abort_with_status(rpc_status.to_status(status))
