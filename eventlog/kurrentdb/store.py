"""The event log in KurrentDB."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from eventlog.checks import check_name
from eventlog.clock import Clock, utc_now
from eventlog.errors import CommandReused, NotSafe, Unavailable
from eventlog.events import Event, Fork, Place, Position, Version
from eventlog.intake import Intake
from eventlog.kurrentdb.follower import Follower
from eventlog.kurrentdb.generation import log_name
from eventlog.kurrentdb.index import Index
from eventlog.kurrentdb.known import Head, Known
from eventlog.kurrentdb.lookup import LookUp
from eventlog.kurrentdb.reader import Reader
from eventlog.kurrentdb.records import from_kurrentdb
from eventlog.kurrentdb.stream import Away, LogStream
from eventlog.kurrentdb.writer import Writer
from eventlog.queue import AppendQueue
from eventlog.store import EVERYTHING, Append, Appended, Command, Filter, Page

SUBSCRIPTION_PAGE = 1000

#: What tells a server to throw events of a stream away.
_FORGETTING = ("$maxAge", "$maxCount", "$tb")


class KurrentStore:
    """The log of one department in one stream of a KurrentDB, with its index in a database; any number of processes may
    write to it. `open` and `close` it, or use it as `async with`."""

    def __init__(self, department: str, streams: Sequence[LogStream], index: Index, known: Known, clock: Clock) -> None:
        self._department = department
        self._streams = streams
        self._index = index
        self._known = known
        writing, reading, following = streams
        self._follower = Follower(known, reading, following, index)
        look_up = LookUp(known, index, reading)
        self._reader = Reader(known, self._follower, look_up, reading)
        self._intake = Intake(department, AppendQueue())
        self._writer = Writer(self._intake, writing, known, self._follower, look_up, clock)
        self._writing: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        url: str,
        dsn: str,
        department: str,
        *,
        log: str | None = None,
        clock: Clock = utc_now,
        shared: bool = True,
        migrate: bool = True,
    ) -> "KurrentStore":
        """Connect to the server at `url` and to the database of the index at `dsn`, which is brought to this program's
        schema (`migrate`; else it must be there), and read what the index lacks. `log` names the stream; by default it
        follows from the department. `shared`: other processes write to this log too, and subscribers want to know at
        once (not shared saves a subscription).

        Raises `Unavailable`, and `NotSafe` when the server was told to forget events, or has not the log that the
        index was made of."""
        streams = [LogStream(url, log or log_name(department)) for _ in range(3)]
        index = None
        try:
            index = await Index.open(dsn, department, migrate=migrate)
            known = Known(await _checked(streams[1], index))
            store = cls(department, streams, index, known, clock)
        except BaseException as error:
            await _close(streams, index)
            if isinstance(error, Away):
                raise Unavailable(f"the log of {department} is out of reach: {error}") from error
            raise
        try:
            await store._start(shared=shared)
        except BaseException:
            await store.close()
            raise
        return store

    async def _start(self, *, shared: bool) -> None:
        self._follower.start(listen=shared)
        try:
            await self._follower.fresh()
        except Away as error:
            raise Unavailable(f"the log of {self._department} is out of reach: {error}") from error
        self._writing = asyncio.create_task(self._writer.run(), name=f"log writer {self._department}")

    async def close(self) -> None:
        """Stop writing and reading. Appends on their way get `Unavailable`."""
        self._intake.close()
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait((self._writing,))
        await self._follower.close()
        await _close(self._streams, self._index)

    async def __aenter__(self) -> "KurrentStore":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def department(self) -> str:
        return self._department

    @property
    def generation(self) -> int:
        return self._known.head.generation

    async def append(self, append: Append, *, timeout_s: float = 5.0) -> Appended:
        for write in append.writes:
            for event in write.events:
                if event.type.startswith("$"):
                    raise ValueError(f"the type {event.type} begins with $: such types are KurrentDB's own")
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

    async def answered_to(self) -> Position:
        """Answers are records of the same log: who deletes the last of them deletes what tells of it."""
        return (await self.head()).position

    async def forks(self) -> Sequence[Fork]:
        return await self._reader.forks()

    def once_restored(self, shared: Position | None = None, above: int = 0) -> str:
        upto = "" if shared is None else f" --shared {shared}"
        higher = f" --above {above}" if above > self.generation else ""
        return f"baton log raise-generation {self._department}{upto}{higher}"

    async def stream_version(self, tenant: str, stream: str) -> Version:
        check_name("tenant", tenant)
        check_name("stream", stream)
        return await self._reader.stream_version(tenant, stream)

    async def subscribe(self, after: Position, only: Filter = EVERYTHING) -> AsyncIterator[Page]:
        while True:
            page = await self._reader.next_page(after, SUBSCRIPTION_PAGE, only)
            if page.scanned > after:
                after = page.scanned
                yield page
            else:
                await self._known.after(after)


async def _checked(stream: LogStream, index: Index) -> Head:
    """Where the index is, once it is certain that it is an index of this log. An index of what the log was before it
    was restored is emptied, if the log's generation was raised."""
    forgetting = [name for name in _FORGETTING if name in await stream.metadata()]
    if forgetting:
        raise NotSafe(f"{stream.name} has {', '.join(forgetting)}: the server would throw facts away; take it off")
    checkpoint = await index.checkpoint()
    if checkpoint.revision < 0:
        return checkpoint
    found = await stream.read(checkpoint.revision, 1)
    if found and found[0].stream_position == checkpoint.revision and found[0].id == checkpoint.id:
        return checkpoint
    last = await stream.last()
    if last is None or from_kurrentdb(last).generation <= checkpoint.generation:
        raise NotSafe(
            f"{stream.name} has no record {checkpoint.revision} as the index in the database knows it: this is another"
            " log, or it was restored to an earlier moment; then raise its generation (docs/kurrentdb.md)"
        )
    await index.clear(checkpoint)
    return await _checked(stream, index)


async def _close(streams: Sequence[LogStream], index: Index | None) -> None:
    await asyncio.gather(*(stream.close() for stream in streams))
    if index is not None:
        await index.close()
