"""The one writer of a log in this process: takes all appends that wait and commits them together."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Set
from contextlib import suppress
from typing import Any

import asyncpg
import orjson
from asyncpg.prepared_stmt import PreparedStatement

from eventlog.ahead import either
from eventlog.clock import Clock
from eventlog.errors import CommandReused, NotSafe
from eventlog.events import Position, StreamKey, Version
from eventlog.intake import Intake
from eventlog.plan import NO_EVENTS, LogHead, StreamHead, StreamHeads
from eventlog.postgres.plan import Plan, unknown
from eventlog.postgres.session import STATEMENT_TIMEOUT_S, Connection, connect_writer
from eventlog.queue import Pending
from eventlog.store import Appended, Command
from eventlog.trouble import is_infrastructure

SPEAK_ATTEMPTS = 5
RECONNECT_WAITS_S = (0.02, 0.05, 0.1, 0.2, 0.5)
#: A second session that nothing has needed for so long is ended.
SECOND_REST_S = 10.0

LOCK = "BEGIN; SELECT log.lock()"
HEAD = "SELECT generation, position, recorded_at FROM log.head()"

_STREAM_HEADS = """
SELECT k.tenant, k.stream, e.version, e.digest
FROM unnest($1::text[], $2::text[]) AS k(tenant, stream)
CROSS JOIN LATERAL (
    SELECT version, digest FROM log.events e
    WHERE e.tenant = k.tenant AND e.stream = k.stream
    ORDER BY e.version DESC LIMIT 1
) e
"""

# Of a restored log, what is still answered stands in front of the fork: its place is one of today's generation.
ANSWERS = """
SELECT c.tenant, c.id, c.hmac, (SELECT generation FROM log.log), c.first_position, c.last_position, c.versions,
    c.outcome, c.recorded_at
FROM unnest($1::text[], $2::uuid[]) AS k(tenant, id)
JOIN log.commands c ON c.tenant = k.tenant AND c.id = k.id
"""

APPEND = f"SELECT * FROM log.append({', '.join(f'${n}' for n in range(1, 21))})"


class Lane:
    """A session of the writer, and the streams of the batch that it is writing."""

    def __init__(self, dsn: str) -> None:
        self.streams: set[StreamKey] = set()
        self._dsn = dsn
        self._connection: asyncpg.Connection[Any] | None = None
        self._append: PreparedStatement[asyncpg.Record] | None = None

    @property
    def lost(self) -> bool:
        """Whether the server ended the session."""
        return self._connection is not None and self._connection.is_closed()

    async def connected(self) -> Connection:
        if self._connection is None:
            self._connection = await connect_writer(self._dsn)
            self._append = await self._connection.prepare(APPEND)
        return self._connection

    def disconnect(self) -> None:
        """Drop the session; the server rolls back what it had not committed."""
        if self._connection is not None:
            self._connection.terminate()
        self._connection = self._append = None

    async def send(self, plan: Plan, *, strict: bool) -> tuple[bool, LogHead]:
        """Whether the batch was written, and the head that was found: behind it the batch stands."""
        if self._append is None:
            raise asyncpg.InterfaceError("not connected")
        (row,) = await self._append.fetch(*plan.arguments(strict=strict), timeout=STATEMENT_TIMEOUT_S)
        written, *head = row
        return written, LogHead(*head)


class Writer:
    """Group commit. It speaks first: a batch is one statement, one round trip, one commit, planned with what the
    writer remembers of the streams; the statement takes the lock, and the keys of the tables refuse what is no longer
    true. Where what it remembers was wrong, or is not enough, it looks first: lock, read, write, commit.

    When many wait, two batches are on their way, each in its own lane: while the server writes one, the other is
    planned. No stream is in both, so neither depends on what becomes of the other, and to each of them the other is
    what any other process is that writes to this log."""

    def __init__(self, dsn: str, intake: Intake, clock: Clock, written: Callable[[int], None]) -> None:
        self._lane, self._second = Lane(dsn), Lane(dsn)
        self._over = asyncio.Event()  # a lane has written its batch
        self._intake = intake
        self._clock = clock
        self._written = written
        self._heads = StreamHeads()
        self._head: LogHead | None = None
        self._certain = False  # whether the heads of streams hold as of the log's head
        self.generation = 1

    async def start(self) -> None:
        """Connect and learn where the log stands. Raises what makes it impossible."""
        await self._look(await self._lane.connected())

    async def run(self) -> None:
        """Write until cancelled."""
        try:
            await either(self._serve(self._lane, self._intake.filled), self._serve(self._second, self._pressed))
        finally:
            for lane in (self._lane, self._second):
                lane.disconnect()
            self._intake.close()

    async def _pressed(self) -> None:
        """Wait until a second batch is worth it, most of the time without a session."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SECOND_REST_S):
                return await self._intake.plenty()
        self._second.disconnect()
        return await self._intake.plenty()

    async def _serve(self, lane: Lane, worth_it: Callable[[], Awaitable[None]]) -> None:
        """One batch after another, each as soon as it is worth it."""
        while True:
            await worth_it()
            self._over.clear()
            if batch := self._take(lane, self._intake.take):
                await self._write(lane, batch)
                lane.streams.clear()
                self._over.set()
            else:
                await self._over.wait()  # all that waits touches what the other lane is writing

    def _take(self, lane: Lane, take: Callable[[Set[StreamKey]], list[Pending]]) -> list[Pending]:
        """What waits and touches no stream of the other lane's batch."""
        batch = take((self._second if lane is self._lane else self._lane).streams)
        lane.streams.update(stream for pending in batch for stream in pending.streams)
        return batch

    async def _write(self, lane: Lane, batch: list[Pending]) -> None:
        """Until each is settled or has no caller left."""
        attempt = 0
        while batch := self._intake.wanted(batch):
            try:
                await self._try(lane, batch)
            except Exception as error:  # noqa: BLE001 - handed to the caller whose append it is
                self._forget(lane)
                if is_infrastructure(error):
                    await asyncio.sleep(RECONNECT_WAITS_S[min(attempt, len(RECONNECT_WAITS_S) - 1)])
                    attempt += 1
                else:
                    await self._part(lane, batch, error)

    async def _part(self, lane: Lane, batch: list[Pending], error: Exception) -> None:
        """Something in the batch cannot be written: only the append that holds it fails."""
        if len(batch) == 1:
            self._intake.settle(batch[0], error)
        else:
            for pending in batch:
                await self._write(lane, [pending])

    async def _try(self, lane: Lane, batch: list[Pending]) -> None:
        if lane.lost:
            self._forget(lane)
        connection = await lane.connected()
        if self._head is None or not await self._speak_first(lane, connection, batch):
            await self._look_first(lane, connection, batch)

    async def _speak_first(self, lane: Lane, connection: Connection, batch: list[Pending]) -> bool:
        """Write what was planned before the lock is had. False: the batch must be judged by what is read.

        Where several processes write, one that has the lock may have planned later than us, and we are refused,
        because time in a log never goes back. Then we speak again, behind all who wait: to plan under the lock
        instead would make us later than each of them, and refuse them all in turn."""
        for _ in range(SPEAK_ATTEMPTS):
            await self._learn(connection, unknown(batch, self._heads, certain=False), self._heads)
            if self._head is None:
                return False
            plan = Plan(batch, self._head, self._heads, self._clock())
            if plan.strict and not self._certain:
                return False
            try:
                written, head = await lane.send(plan, strict=plan.strict)
            except asyncpg.UniqueViolationError:
                return False
            if written:
                await self._settle_all(connection, plan, head)
                return True
            self._head, self._certain = head, False
            if head.generation != plan.head.generation:
                return False  # a restored log may be shorter than what is remembered of it
            batch += self._take(lane, self._intake.take_more)
        return False

    async def _look_first(self, lane: Lane, connection: Connection, batch: list[Pending]) -> None:
        """Take the lock, read all there is to know, write, commit."""
        await connection.execute(LOCK, timeout=STATEMENT_TIMEOUT_S)
        batch += self._take(lane, self._intake.take_more)
        head = await self._look(connection)
        await self._settle_answered(connection, batch)
        fresh = [pending for pending in batch if not pending.settled]
        heads = StreamHeads()
        await self._learn(connection, unknown(fresh, heads, certain=True), heads)
        plan = Plan(fresh, head, heads, self._clock())
        written, head = await lane.send(plan, strict=True)
        if not written:
            raise NotSafe("the head of the log moved under its lock")
        await connection.execute("COMMIT", timeout=STATEMENT_TIMEOUT_S)
        await self._settle_all(connection, plan, head)

    async def _look(self, connection: Connection) -> LogHead:
        """Read the log's head. What was remembered of streams is void when others have written."""
        (row,) = await connection.fetch(HEAD, timeout=STATEMENT_TIMEOUT_S)
        head = LogHead(*row)
        if head != self._head or not self._certain:
            self._heads.clear()
        self._head, self._certain, self.generation = head, True, head.generation
        return head

    async def _learn(self, connection: Connection, keys: list[StreamKey], heads: StreamHeads) -> None:
        """Read the heads of these streams into what is known."""
        if not keys:
            return
        found = dict.fromkeys(keys, NO_EVENTS)
        rows = await connection.fetch(
            _STREAM_HEADS, [tenant for tenant, _ in keys], [stream for _, stream in keys], timeout=STATEMENT_TIMEOUT_S
        )
        found.update({(row["tenant"], row["stream"]): StreamHead(row["version"], row["digest"]) for row in rows})
        heads.update(found)

    async def _settle_all(self, connection: Connection, plan: Plan, head: LogHead) -> None:
        """After the commit: remember, wake the readers, answer. A conflict may be a repetition of what was done."""
        after = plan.head_after(head)
        self._heads.update(plan.changed)
        self._certain = self._certain and self._head in (head, after)
        self._head = max(self._head or after, after)  # the other lane may have heard of a later one
        self._written(after.position)
        for pending, appended in plan.answers(head.position):
            self._intake.settle(pending, appended)
        await self._settle_answered(connection, [pending for pending, _ in plan.conflicts])
        for pending, conflict in plan.conflicts:
            if not pending.settled:
                self._intake.settle(pending, conflict)

    async def _settle_answered(self, connection: Connection, batch: list[Pending]) -> None:
        """Give the stored answer to commands that have one."""
        if not batch:
            return
        rows = await connection.fetch(
            ANSWERS,
            [pending.append.tenant for pending in batch],
            [pending.append.command.id for pending in batch],
            timeout=STATEMENT_TIMEOUT_S,
        )
        stored = {(row["tenant"], row["id"]): row for row in rows}
        for pending in batch:
            row = stored.get(pending.key)
            if row is not None:
                self._intake.settle(pending, stored_answer(row, pending.append.command))

    def _forget(self, lane: Lane) -> None:
        """Its session broke off: whether its batch was written, and what the server holds now, nobody knows."""
        lane.disconnect()
        self._head = None


def stored_answer(row: asyncpg.Record, command: Command) -> Appended | CommandReused:
    """The answer that a command got, for the same request; an error for another one."""
    if not hmac.compare_digest(row["hmac"], command.hmac):
        return CommandReused(f"command {command.id} stands for another request")
    versions = {stream: Version(version) for stream, version in orjson.loads(row["versions"]).items()}
    return Appended(
        row["generation"],
        Position(row["first_position"]),
        Position(row["last_position"]),
        versions,
        row["outcome"],
        row["recorded_at"],
        repeated=True,
    )
