"""Starts and stops the small server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
from kurrentdbclient.protos.v1 import streams_pb2_grpc

from tests.support.kurrentdb.service import Faults, StreamsService
from tests.support.kurrentdb.streams import Streams

MESSAGE_BYTES_MAX = 32 * 1024 * 1024
#: As the documentation of Baton asks of the real one.
MAX_APPEND_SIZE = 16_000_000


class FakeKurrentDB:
    """A server on a free port of the loopback interface. `stop` it, `start` it again on the same port: its data is
    still there."""

    def __init__(self, max_append_size: int = MAX_APPEND_SIZE) -> None:
        self.streams = Streams(max_append_size)
        self.faults = Faults()
        self.port = 0
        self._server: grpc.aio.Server | None = None

    @property
    def url(self) -> str:
        return f"esdb://127.0.0.1:{self.port}?tls=false"

    async def start(self) -> None:
        options = (
            ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
            ("grpc.so_reuseport", 0),
            ("grpc.http2.min_ping_interval_without_data_ms", 1000),
        )
        self._server = grpc.aio.server(options=options)
        service = StreamsService(self.streams, self.faults)
        streams_pb2_grpc.add_StreamsServicer_to_server(service, self._server)  # type: ignore[no-untyped-call]
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self._server.start()

    async def stop(self) -> None:
        """At once: calls are cut."""
        if self._server is not None:
            await self._server.stop(grace=None)
        self._server = None


@asynccontextmanager
async def running_kurrentdb(max_append_size: int = MAX_APPEND_SIZE) -> AsyncIterator[FakeKurrentDB]:
    server = FakeKurrentDB(max_append_size)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
