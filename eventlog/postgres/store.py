"""The event log in PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from eventlog.checks import check_name
from eventlog.clock import Clock, utc_now
from eventlog.errors import CommandReused, NotSafe
from eventlog.events import Event, Fork, Place, Position, Version
from eventlog.intake import Intake
from eventlog.postgres.bell import Bell
from eventlog.postgres.migrations import brought_up
from eventlog.postgres.reader import Reader
from eventlog.postgres.session import connect_writer
from eventlog.postgres.writer import Writer
from eventlog.queue import AppendQueue
from eventlog.store import EVERYTHING, Append, Appended, Command, Filter, Page

MIGRATIONS = Path(__file__).parent / "log"
SUBSCRIPTION_PAGE = 1000


class PostgresStore:
    """The log of one department in one database; any number of processes may write to it. `open` and `close` it, or
    use it as `async with`."""

    def __init__(self, dsn: str, department: str, reader: Reader, clock: Clock, queue: AppendQueue) -> None:
        self._department = department
        self._reader = reader
        self._intake = Intake(department, queue)
        self._bell = Bell(dsn)
        self._writer = Writer(dsn, self._intake, clock, self._bell.written)
        self._writing: asyncio.Task[None] | None = None
        self._reading: dict[Position, asyncio.Task[Page]] = {}

    @classmethod
    async def open(
        cls,
        dsn: str,
        department: str,
        *,
        clock: Clock = utc_now,
        queue: AppendQueue | None = None,
        shared: bool = True,
        migrate: bool = True,
    ) -> "PostgresStore":
        """Bring the database to this program's schema (`migrate`; else it must be there) and connect. `shared`: other
        processes write to this log too, and subscribers want to know at once (not shared saves a session). Raises
        `NotSafe` when the server would lose answered writes, or when this is another department's log."""
        await _prepare(dsn, department, migrate=migrate)
        store = cls(dsn, department, await Reader.open(dsn), clock, queue or AppendQueue())
        try:
            await store._start(shared=shared)
        except BaseException:
            await store.close()
            raise
        return store

    async def _start(self, *, shared: bool) -> None:
        await self._writer.start()
        self._writing = asyncio.create_task(self._writer.run(), name=f"log writer {self._department}")
        if shared:
            self._bell.start()

    async def close(self) -> None:
        """Stop writing and reading. Appends on their way get `Unavailable`."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait((self._writing,))
        for reading in list(self._reading.values()):
            reading.cancel()
        await self._bell.close()
        await self._reader.close()

    async def __aenter__(self) -> "PostgresStore":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def department(self) -> str:
        return self._department

    @property
    def generation(self) -> int:
        return self._writer.generation

    async def append(self, append: Append, *, timeout_s: float = 5.0) -> Appended:
        return await self._intake.append(append, timeout_s)

    async def answered(self, tenant: str, command: Command) -> Appended | None:
        await self._intake.over(tenant, command)
        answer = await self._reader.answer(tenant, command)
        if isinstance(answer, CommandReused):
            raise answer
        return answer

    async def read_stream(
        self,
        tenant: str,
        stream: str,
        *,
        after: Version = Version(0),
        limit: int | None = None,
        backwards: bool = False,
    ) -> Sequence[Event]:
        check_name("tenant", tenant)
        check_name("stream", stream)
        return await self._reader.stream(tenant, stream, after, limit, backwards)

    async def read_all(self, after: Position, limit: int = 1000, only: Filter = EVERYTHING) -> Page:
        return await self._reader.page(after, limit, only)

    async def head(self) -> Place:
        return await self._reader.head()

    async def forks(self) -> Sequence[Fork]:
        return await self._reader.forks()

    def once_restored(self, shared: Position | None = None, above: int = 0) -> str:
        return f"baton log restored {self._department}"

    async def answered_to(self) -> Position:
        return await self._reader.answered_to()

    async def stream_version(self, tenant: str, stream: str) -> Version:
        check_name("tenant", tenant)
        check_name("stream", stream)
        return await self._reader.stream_version(tenant, stream)

    async def subscribe(self, after: Position, only: Filter = EVERYTHING) -> AsyncIterator[Page]:
        while True:
            page = await self._next_page(after, only)
            if page.scanned > after:
                after = page.scanned
                yield page
            else:
                await self._bell.after(after)

    async def _next_page(self, after: Position, only: Filter) -> Page:
        """Subscribers that wait at one place are woken together and answered by one read. A read that began before
        what woke them brings nothing new; they ask again."""
        if only != EVERYTHING:
            return await self._reader.page(after, SUBSCRIPTION_PAGE, only)
        reading = self._reading.get(after)
        if reading is None:
            reading = asyncio.create_task(self._reader.page(after, SUBSCRIPTION_PAGE, only), name="log page")
            reading.add_done_callback(lambda read: self._read(after, read))
            self._reading[after] = reading
        return await asyncio.shield(reading)

    def _read(self, after: Position, reading: asyncio.Task[Page]) -> None:
        del self._reading[after]
        if not reading.cancelled():
            reading.exception()  # for those who wait; nobody may be left


async def _prepare(dsn: str, department: str, *, migrate: bool) -> None:
    connection = await connect_writer(dsn)
    try:
        await brought_up(connection, "log", MIGRATIONS, migrate=migrate)
        if migrate:
            await connection.execute("INSERT INTO log.log (department) VALUES ($1) ON CONFLICT DO NOTHING", department)
        found = await connection.fetchval("SELECT department FROM log.log")
        if found != department:
            raise NotSafe(f"this is the log of {found}, not of {department}")
    finally:
        await connection.close()
