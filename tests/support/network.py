"""A network that a test spoils: it carries bytes between a client and a server, until it is told to do it badly."""

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

CHUNK_BYTES = 65_536
#: Sent at the close of a socket that lingers for no time: a reset, at which the other side hears an error.
_RESET = struct.pack("ii", 1, 0)

#: A TCP port of 127.0.0.1, or a socket's path.
Address = int | Path
IsLast = Callable[[bytes], bool]


@dataclass(eq=False)
class Wire:
    """One connection through the network."""

    client: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    server: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    #: What it asked last was answered, and the answer will not arrive.
    loses_the_answer: bool = False

    def reset(self) -> None:
        for _, writer in (self.client, self.server):
            carrier = writer.get_extra_info("socket")
            if carrier is not None and carrier.family == socket.AF_INET:
                carrier.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()


class Network:
    """What happens to all connections alike. `lost` counts the answers that `lose_answers` took away."""

    def __init__(self, there: Address) -> None:
        self.lost = 0
        self._there = there
        self._open = asyncio.Event()
        self._open.set()
        self._delay_s = 0.0
        self._is_last: IsLast | None = None
        self._wires: set[Wire] = set()
        self._carrying: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        """Nothing passes and nobody is told, as when a switch loses its power."""
        self._open.clear()

    def slow(self, delay_s: float) -> None:
        """Whatever passes waits so long."""
        self._delay_s = delay_s

    def reset(self) -> None:
        """Break every connection off."""
        for wire in list(self._wires):
            wire.reset()

    def half_close(self, *, towards_client: bool) -> None:
        """End one direction of every connection: that side hears an end, and may still be sent to in vain."""
        for wire in list(self._wires):
            _, writer = wire.client if towards_client else wire.server
            if not writer.is_closing() and writer.can_write_eof():
                writer.write_eof()

    def lose_answers(self, is_last: IsLast = lambda _: True) -> None:
        """Let each connection ask once more, something of which `is_last` holds; when the server has answered, break it
        off instead of passing that on."""
        self._is_last = is_last

    def mend(self) -> None:
        """Carry again. What waited at a cut goes on its way."""
        self._delay_s, self._is_last = 0.0, None
        self._open.set()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            wire = Wire((reader, writer), await self._reach())
        except OSError:
            writer.transport.abort()  # nobody listens there: nobody does here
            return
        self._wires.add(wire)
        for carrying in (self._carry_questions(wire), self._carry_answers(wire)):
            task = asyncio.create_task(carrying)
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._there, int):
            return await asyncio.open_connection("127.0.0.1", self._there)
        return await asyncio.open_unix_connection(str(self._there))

    async def _carry_questions(self, wire: Wire) -> None:
        async for chunk in self._chunks(wire, wire.client, wire.server):
            if self._is_last is not None and self._is_last(chunk):
                wire.loses_the_answer = True

    async def _carry_answers(self, wire: Wire) -> None:
        async for _ in self._chunks(wire, wire.server, wire.client):
            if wire.loses_the_answer:
                self.lost += 1
                wire.reset()

    async def _chunks(
        self,
        wire: Wire,
        source: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        target: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> AsyncIterator[bytes]:
        """What comes from there, each passed on after it was looked at, until either side is gone."""
        (reader, _), (_, writer) = source, target
        try:
            while chunk := await reader.read(CHUNK_BYTES):
                await self._open.wait()
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                yield chunk
                writer.write(chunk)
                await writer.drain()
            await self._open.wait()
        except (ConnectionError, RuntimeError):
            pass  # the other side is gone, or was told of an end: nothing arrives there any more
        finally:
            writer.close()
            self._wires.discard(wire)

    async def close(self) -> None:
        for carrying in self._carrying:
            carrying.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)


@asynccontextmanager
async def network(there: Address, here: Address = 0) -> AsyncIterator[tuple[Network, int]]:
    """A network that leads to a server, and the port at which it begins (0 where `here` is a path)."""
    found = Network(there)
    if isinstance(here, int):
        listening = await asyncio.start_server(found.connect, "127.0.0.1", here)
        port = int(listening.sockets[0].getsockname()[1])
    else:
        listening, port = await asyncio.start_unix_server(found.connect, str(here)), 0
    try:
        yield found, port
    finally:
        listening.close()
        await found.close()


async def cut(wires: Network, dice: random.Random) -> None:
    wires.cut()
    await asyncio.sleep(dice.uniform(0.2, 3))


async def slow(wires: Network, dice: random.Random) -> None:
    wires.slow(dice.uniform(0.01, 0.2))
    await asyncio.sleep(dice.uniform(0.5, 2))


async def reset(wires: Network, dice: random.Random) -> None:
    for _ in range(dice.randint(1, 3)):
        wires.reset()
        await asyncio.sleep(dice.uniform(0.05, 0.3))


async def half_close(wires: Network, dice: random.Random) -> None:
    wires.half_close(towards_client=dice.random() < 0.5)
    await asyncio.sleep(dice.uniform(0.1, 0.5))


async def lose_answers(wires: Network, dice: random.Random) -> None:
    wires.lose_answers()
    await asyncio.sleep(dice.uniform(0.1, 0.5))


#: What a network does, for as long and in the way that the dice say; the caller mends it.
SPOILS = (cut, slow, reset, half_close, lose_answers)
