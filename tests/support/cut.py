"""A network that a test cuts: a relay of bytes between two sockets that goes silent without closing either."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

CHUNK = 65536


class Wire:
    """What goes through it may be stopped (`cut`) and go on (`mend`), as when a switch loses its power."""

    def __init__(self, there: Path) -> None:
        self._there = there
        self._open = asyncio.Event()
        self._open.set()
        self._carrying: set[asyncio.Task[None]] = set()

    def cut(self) -> None:
        self._open.clear()

    def mend(self) -> None:
        self._open.set()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_unix_connection(str(self._there))
        for source, target in ((reader, there_writer), (there_reader, writer)):
            carrying = asyncio.create_task(self._carry(source, target))
            self._carrying.add(carrying)
            carrying.add_done_callback(self._carrying.discard)

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while chunk := await source.read(CHUNK):
                await self._open.wait()
                target.write(chunk)
                await target.drain()
        except ConnectionError:
            pass  # the other side is gone, and so are we
        finally:
            target.close()

    async def close(self) -> None:
        for carrying in self._carrying:
            carrying.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)


@asynccontextmanager
async def wire(here: Path, there: Path) -> AsyncIterator[Wire]:
    """A socket that leads to another."""
    found = Wire(there)
    server = await asyncio.start_unix_server(found.connect, str(here))
    try:
        yield found
    finally:
        server.close()
        await found.close()
