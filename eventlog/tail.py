"""The end of a log, read once for all who follow it."""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from eventlog.events import Event, Position, byte_size
from eventlog.store import PAGE_BYTES, Log, Page

#: Events kept for those who are a little behind, and no more bytes than a page has; who is further behind reads the log
#: itself.
EVENTS_MAX = 1000


class Tail:
    """Follows a log as long as somebody follows it here, and remembers the last events that came."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._pages: deque[tuple[Position, Page]] = deque()
        self._events = self._bytes = 0
        self._followers = 0
        self._reading: asyncio.Task[None] | None = None
        self._grown: asyncio.Future[None] | None = None
        self._at = Position(0)

    def __enter__(self) -> "Tail":
        self._followers += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._followers -= 1
        if not self._followers and self._reading is not None:
            self._reading.cancel()
            self._forget()

    def after(self, position: Position) -> Page | None:
        """What came after a position, or None when that is not remembered."""
        if not self._pages or not self._pages[0][0] <= position < self._pages[-1][1].scanned:
            return None
        last = self._pages[-1][1]
        pages = [page for _, page in self._pages if page.scanned > position]
        events: list[Event] = [event for page in pages for event in page.events if event.position > position]
        return Page(last.generation, events, last.scanned, last.head)

    async def grown(self, position: Position) -> None:
        """Return once there may be something after a position. Raises what reading raised."""
        if self._reading is not None and self._at > position:
            # It was read from further on for somebody else: what this one lacks is in the log and will not come again.
            return
        if self._grown is None:
            self._grown = asyncio.get_running_loop().create_future()
        if self._reading is None:
            self._at = position
            self._reading = asyncio.create_task(self._read(position), name=f"tail of {self._log.department}")
        await asyncio.shield(self._grown)

    async def _read(self, after: Position) -> None:
        try:
            async for page in self._log.subscribe(after):
                if page.scanned > after:
                    self._remember(after, page)
                    after = page.scanned
        except Exception as error:  # noqa: BLE001 (raised in those who follow; the next one starts again)
            self._forget(error)

    def _remember(self, start: Position, page: Page) -> None:
        if self._pages and self._pages[-1][1].generation != page.generation:
            self._pages.clear()
            self._events = self._bytes = 0
        self._pages.append((start, page))
        self._at = page.scanned
        self._count(page.events, 1)
        while (self._events > EVENTS_MAX or self._bytes > PAGE_BYTES) and len(self._pages) > 1:
            self._count(self._pages.popleft()[1].events, -1)
        if self._grown is not None:
            self._grown.set_result(None)
            self._grown = None

    def _count(self, events: Sequence[Event], sign: int) -> None:
        self._events += sign * len(events)
        self._bytes += sign * sum(map(byte_size, events))

    def _forget(self, error: Exception | None = None) -> None:
        self._pages.clear()
        self._events, self._bytes, self._reading = 0, 0, None
        if self._grown is not None and not self._grown.done():
            with suppress(asyncio.InvalidStateError):
                self._grown.set_exception(error) if error else self._grown.cancel()
        self._grown = None
