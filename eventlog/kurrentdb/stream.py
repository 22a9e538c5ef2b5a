"""The stream of a KurrentDB that is a department's log: append to it, read it, follow it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

import grpc
from kurrentdbclient import AsyncKurrentDBClient, NewEvent, RecordedEvent, StreamState
from kurrentdbclient import exceptions as client
from kurrentdbclient.connection_spec import NODE_PREFERENCE_LEADER, ConnectionSpec

from eventlog.errors import NotSafe, TooLarge

APPEND_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 10.0
#: How often it is looked whether what is read still has its connection.
LOOK_S = 0.2

#: The largest append that a server can be told to take (`MaxAppendSize`; it takes 1 MiB when it is told nothing).
APPEND_BYTES_MAX = 16 * 1024 * 1024 - 10_000

#: A server that comes back is found again soon, and one that went away without a word is noticed.
_CHANNEL = (
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.use_local_subchannel_pool", 1),
)
_KEEP_ALIVE = (("grpc.keepalive_time_ms", 10_000), ("grpc.keepalive_timeout_ms", 10_000))

#: What waiting does not heal.
_REFUSED = (
    client.AccessDeniedError,
    client.UnauthenticatedError,
    client.StreamIsDeletedError,
    client.StreamTombstonedError,
    client.BadRequestError,
    client.InvalidArgumentError,
)
#: Another node may be the leader now.
_ELSEWHERE = (client.ServiceUnavailableError, client.NodeIsNotLeaderError)
_TOO_LARGE = (client.MaximumAppendSizeExceededError, client.TransactionMaxSizeExceededError)
_TROUBLE = (client.KurrentDBClientError, grpc.RpcError, grpc.aio.UsageError, TimeoutError, OSError)


def check_url(url: str) -> str:
    """The address of a server, if the client can use it and would ask the leader. Raises `ValueError`: what another
    node has not heard yet would be taken for what was never written."""
    spec = ConnectionSpec(url)
    if spec.options.node_preference != NODE_PREFERENCE_LEADER:
        raise ValueError(f"NodePreference={spec.options.node_preference}: only the leader knows what was written")
    for target in spec.targets:
        if not target.rpartition(":")[2].isdecimal():
            raise ValueError(f"{target} has no port")
    return url


class Away(Exception):
    """The server, or the database of the index, is out of reach. What was sent to it has happened or not."""


class Moved(Exception):
    """Somebody has written since: the log does not end where the append should stand."""


class LogStream:
    """One connection, and the stream in it. Every method raises `Away`; and `NotSafe` for what waiting does not
    heal."""

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self._client = AsyncKurrentDBClient(url)
        self._client.grpc_options += _CHANNEL
        if self._client.connection_spec.options.keep_alive_interval is None:
            self._client.grpc_options += _KEEP_ALIVE

    async def append(self, events: Sequence[NewEvent], behind: int) -> None:
        """Append, all or nothing, behind a revision (-1: the stream is empty). Raises `Moved`, `TooLarge`.

        The client sends it again when it is not sure of the outcome. That is safe, because the ids of these events
        were made for this one attempt: see `plan.py`."""
        size = sum(len(event.data) + len(event.metadata) + 2 * len(event.type) for event in events)
        if size > APPEND_BYTES_MAX:
            raise TooLarge(f"an append of {size} bytes is over KurrentDB's limit of {APPEND_BYTES_MAX}")
        with self._told():
            async with asyncio.timeout(2 * APPEND_TIMEOUT_S):
                await self._client.append_to_stream(
                    self.name,
                    events=events,
                    current_version=behind if behind >= 0 else StreamState.NO_STREAM,
                    timeout=APPEND_TIMEOUT_S,
                )

    async def read(self, first: int, count: int) -> Sequence[RecordedEvent]:
        """At most `count` events from a revision on, in order; empty behind the end."""
        return await self._read(stream_position=first, limit=count)

    async def last(self) -> RecordedEvent | None:
        """The last event, or None of an empty stream."""
        found = await self._read(backwards=True, limit=1)
        return found[0] if found else None

    async def follow(self, after: int) -> AsyncGenerator[RecordedEvent, None]:
        """The events behind a revision, for ever: first those that are there, then those that come."""
        with self._told():
            position = after if after >= 0 else None
            subscription = await self._client.subscribe_to_stream(self.name, stream_position=position)
            try:
                async for event in subscription:
                    yield event
            finally:
                await subscription.stop()

    async def metadata(self) -> dict[str, Any]:
        """What the server was told about the stream, such as how much of it may be thrown away."""
        with self._told():
            found, _ = await self._client.get_stream_metadata(self.name, timeout=READ_TIMEOUT_S)
        return found

    async def close(self) -> None:
        with suppress(client.ProgrammingError):  # never connected
            await self._client.close()

    async def _read(self, **where: Any) -> Sequence[RecordedEvent]:
        """All that is there of what was asked for.

        Not by the client's `get_stream`, nor by `async with` its response: when another call has found the connection
        broken and closes it, those end as if the stream had ended, and what is missing is missed by nobody."""
        with self._told():
            await self._client.connect()
            connection = self._client.connection_id
            try:
                async with asyncio.timeout(2 * READ_TIMEOUT_S):
                    response = await self._client.read_stream(self.name, timeout=READ_TIMEOUT_S, **where)
                    return await self._events(response, connection)
            except client.NotFoundError:
                return ()
            except _ELSEWHERE:
                await self._client.reconnect(connection_id=connection)
                raise

    async def _events(self, response: AsyncIterable[RecordedEvent], connection: UUID) -> list[RecordedEvent]:
        """What a response gives. One that was closed with its connection before the client had begun to read it never
        ends and never fails (kurrentdbclient 1.3.5): so the connection is looked at meanwhile."""
        reading = asyncio.create_task(_all_of(response))
        try:
            while not (await asyncio.wait({reading}, timeout=LOOK_S))[0]:
                if self._client.connection_id != connection:
                    raise Away("the connection was closed under the call")
            return reading.result()
        finally:
            reading.cancel()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """The client's errors as ours."""
        try:
            yield
        except client.WrongCurrentVersionError as error:
            raise Moved(str(error)) from error
        except _TOO_LARGE as error:
            raise TooLarge(f"KurrentDB takes no append of this size ({error}): raise its MaxAppendSize") from error
        except _REFUSED as error:
            raise NotSafe(f"KurrentDB refuses the stream {self.name}: {type(error).__name__} {error}") from error
        except _TROUBLE as error:
            raise Away(f"{type(error).__name__} {error}".strip()) from error
        except asyncio.CancelledError:
            # A channel that is closed under a call cancels it, and so the task that made the call, which nobody
            # wanted to end: the writer of the log would stop without a word.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise Away("the connection was closed under the call") from None


async def _all_of(response: AsyncIterable[RecordedEvent]) -> list[RecordedEvent]:
    return [event async for event in response]
