"""Tells the readers of a log that it has grown: at once in this process, by NOTIFY in others.

The bell is a courtesy: a reader that hears nothing looks by itself after a second.
"""

import asyncio

from eventlog.events import Position
from eventlog.postgres.channel import Channel

CHANNEL = "baton_log"
LOOK_AGAIN_S = 1.0


class Bell:
    """`position` is the last one known to be there; `after(p)` waits until there may be one behind p."""

    def __init__(self, dsn: str) -> None:
        self.position = Position(0)
        self._channel = Channel(dsn, CHANNEL, self._heard)
        self._grown: asyncio.Future[None] | None = None

    def written(self, position: int) -> None:
        """This process has written up to here."""
        self._known(position)
        self._channel.send(str(self.position))

    async def after(self, position: Position) -> None:
        """Return when the log may have grown past this position, at the latest after a second."""
        if self.position > position:
            return
        if self._grown is None:
            self._grown = asyncio.get_running_loop().create_future()
        await asyncio.wait((self._grown,), timeout=LOOK_AGAIN_S)

    def start(self) -> None:
        """Ring for other processes, and listen to theirs."""
        self._channel.start()

    async def close(self) -> None:
        await self._channel.close()

    def _known(self, position: int) -> None:
        if position > self.position:
            self.position = Position(position)
            if self._grown is not None:
                self._grown.set_result(None)
                self._grown = None

    def _heard(self, word: str) -> None:
        if word.isdecimal():
            self._known(int(word))
